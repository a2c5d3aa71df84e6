//! `lineinfile`: one line of a text file.

mod lines;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::data::Map;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Edit, Text, make_folders, with_attributes};
use crate::modules::lineinfile::lines::{Found, Lines, Place};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Result, Stop};

/// Keeps one line in a text file.
///
/// The last line that `regexp` or `search_string` finds is replaced by `line`; without one, `line` is added where it is
/// missing. `regexp` should find `line` too, or every run adds another.
#[derive(Args)]
#[module(
    name = "lineinfile",
    exclusive("insertbefore", "insertafter"),
    exclusive("regexp", "search_string"),
    exclusive("backrefs", "search_string")
)]
pub(crate) struct LineInFile {
    /// The file.
    #[arg(alias = "dest", alias = "destfile", alias = "name")]
    path: PathBuf,
    /// Whether the line is to be there.
    #[arg(default = "present")]
    state: State,
    /// The pattern of the line that is replaced or removed.
    #[arg(alias = "regex")]
    regexp: Option<String>,
    /// Text in the line that is replaced or removed.
    search_string: Option<String>,
    /// The line.
    #[arg(alias = "value")]
    line: Option<String>,
    /// Put groups of `regexp` into the line (`\1`), and change nothing where it finds nothing.
    backrefs: Option<bool>,
    /// Add the line after the last one that this pattern finds, or at the end (`EOF`).
    insertafter: Option<String>,
    /// Add the line before the last one that this pattern finds, or at the beginning (`BOF`).
    insertbefore: Option<String>,
    /// Make the file if it is missing.
    #[arg(default = "no")]
    create: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Take the first line that a pattern finds, not the last.
    #[arg(default = "no")]
    firstmatch: bool,
    /// A command that must accept the file before it is put in its place; `%s` is the file.
    validate: Option<String>,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

impl Module for LineInFile {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let edit = Edit {
            path: &self.path,
            attributes: &self.attributes,
            backup: self.backup,
            validate: self.validate.as_deref(),
        };
        let backrefs = self.backrefs.unwrap_or(false);
        if backrefs && self.regexp.is_none() {
            return Err(Stop::failed("`backrefs` takes groups from `regexp`, which is not given"));
        }
        let searched = self.regexp.is_some() || self.search_string.is_some();
        if self.state == State::Absent && !searched && self.line.is_none() {
            return Err(Stop::failed(
                "`line`, `regexp` or `search_string` must say which lines are to be absent",
            ));
        }
        if self.state == State::Present && self.line.is_none() {
            return Err(Stop::failed("`line` must say which line is to be present"));
        }
        let (subject, text) = edit.open_or_make(self.create, host)?;
        let (text, existed) = match text {
            Some(text) => (text, true),
            None if self.state == State::Absent => {
                changes.set("msg", "file not present");
                return Ok(());
            }
            None if self.create => (Text::new(b""), false),
            None => return Err(edit.missing("; `create: true` makes one")),
        };
        let mut lines = Lines::new(&text.letters);
        let msg = match self.state {
            State::Present => self.present(&text, &mut lines, backrefs)?,
            State::Absent => {
                let removed = self.absent(&text, &mut lines)?;
                changes.set("found", i64::try_from(removed).unwrap_or(i64::MAX));
                if removed > 0 { format!("{removed} line(s) removed") } else { String::new() }
            }
        };
        let bytes = (!msg.is_empty()).then(|| text.bytes(&lines.text()));
        if !existed
            && bytes.is_some()
            && let Some(folder) = subject.path.parent()
        {
            make_folders(folder, &Attributes::default(), &mut BTreeSet::new(), host, changes)?;
        }
        let written = bytes.is_some() && existed && self.backup;
        let attributes_change = edit.write(&subject, host, bytes, changes)?;
        changes.set("msg", with_attributes(&msg, attributes_change));
        if !written {
            changes.set("backup", "");
        }
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        if let Some(path) = performed.get("backup_file") {
            results.insert("backup".into(), path.clone());
        }
        Ok(())
    }
}

impl LineInFile {
    /// Makes the line be there and says how, or says nothing where it is.
    fn present(&self, text: &Text, lines: &mut Lines, backrefs: bool) -> Result<String> {
        let line = text.adapt(self.line.as_deref().unwrap_or_default());
        if let Some(found) = self.find(text, lines)? {
            let line = match &found {
                Found { groups: Some((pattern, groups)), .. } if backrefs => {
                    pattern.expand(lines.bare(found.at), groups, &line)?
                }
                _ => line,
            };
            return Ok(if lines.replace(found.at, &line) {
                "line replaced".into()
            } else {
                String::new()
            });
        }
        if backrefs {
            return Ok(String::new());
        }
        // A line that is there already is enough, even where the pattern does not find it.
        if let Some(at) = lines.exact(&line) {
            return Ok(if lines.replace(at, &line) {
                "line replaced".into()
            } else {
                String::new()
            });
        }
        let place = match (self.insertafter.as_deref(), self.insertbefore.as_deref()) {
            (Some("BOF"), _) | (_, Some("BOF")) => Place::Start,
            (None | Some("EOF"), None) | (_, Some("EOF")) => Place::End,
            (Some(pattern), _) => {
                match lines.search(&plain(&text.adapt(pattern))?, self.firstmatch)? {
                    Some((at, _)) => Place::At(at + 1),
                    None => Place::End,
                }
            }
            (None, Some(pattern)) => {
                match lines.search(&plain(&text.adapt(pattern))?, self.firstmatch)? {
                    Some((at, _)) => Place::At(at),
                    None => Place::End,
                }
            }
        };
        lines.insert(place, &line);
        Ok("line added".into())
    }

    /// The line that is to be replaced.
    fn find(&self, text: &Text, lines: &Lines) -> Result<Option<Found>> {
        if let Some(regexp) = &self.regexp {
            let pattern = plain(&text.adapt(regexp))?;
            let found = lines.search(&pattern, self.firstmatch)?;
            return Ok(found.map(|(at, groups)| Found { at, groups: Some((pattern, groups)) }));
        }
        let Some(search) = &self.search_string else { return Ok(None) };
        let search = text.adapt(search);
        let at = lines.position(self.firstmatch, |line| line.contains(&search));
        Ok(at.map(|at| Found { at, groups: None }))
    }

    /// Removes lines and counts them.
    fn absent(&self, text: &Text, lines: &mut Lines) -> Result<usize> {
        if let Some(regexp) = &self.regexp {
            let pattern = plain(&text.adapt(regexp))?;
            return lines.remove(|line| pattern.is_match(line));
        }
        if let Some(search) = &self.search_string {
            let search = text.adapt(search);
            return lines.remove(|line| Ok(line.contains(&search)));
        }
        let exact = text.adapt(self.line.as_deref().unwrap_or_default());
        lines.remove(|line| Ok(line == exact))
    }
}

fn plain(pattern: &str) -> Result<Pattern> {
    Pattern::new(pattern, Flags::default())
}

#[cfg(test)]
mod tests;
