//! `ini_file`: an option in a section of a file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::data::Map;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Edit, Text, file_results, make_folders};
use crate::stop::{Result, Stop};

/// Keeps an option in a section of a file in INI format, with everything else as it is.
#[derive(Args)]
#[module(name = "ini_file", collection = "community.general", exclusive("value", "values"))]
pub(crate) struct IniFile {
    /// The file.
    #[arg(alias = "dest")]
    path: PathBuf,
    /// The section; without one the options before the first are meant.
    section: Option<String>,
    /// The option. With `state: absent` and none the whole section goes.
    option: Option<String>,
    /// Its value.
    value: Option<String>,
    /// Its values, each in a line of its own.
    values: Option<Vec<String>>,
    /// Whether it is there.
    #[arg(default = "present")]
    state: State,
    /// No other values of the option are there.
    #[arg(default = "yes")]
    exclusive: bool,
    /// The option may stand without a value.
    #[arg(default = "no")]
    allow_no_value: bool,
    /// Write `option=value` without blanks around the sign.
    #[arg(default = "no")]
    no_extra_spaces: bool,
    /// A difference in blanks alone is none.
    #[arg(default = "no")]
    ignore_spaces: bool,
    /// Take a comment that looks like the option for the place where it belongs.
    #[arg(default = "yes")]
    modify_inactive_option: bool,
    /// Make the file if it is missing.
    #[arg(default = "yes")]
    create: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Follow a link. Links always are.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "links always are")]
    follow: bool,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Present,
    Absent,
}

impl Module for IniFile {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let edit = Edit {
            path: &self.path,
            attributes: &self.attributes,
            backup: self.backup,
            validate: None,
        };
        if self.state == State::Present
            && self.option.is_some()
            && self.value.is_none()
            && self.values.is_none()
            && !self.allow_no_value
        {
            return Err(Stop::failed(
                "`value` or `values` must be given for an option, unless `allow_no_value` is true",
            ));
        }
        changes.set("path", self.path.display().to_string());
        let (subject, text) = edit.open_or_make(self.create, host)?;
        let text = match text {
            Some(text) => text,
            None if self.create => Text::new(b""),
            None => return Err(edit.missing("; `create: true` makes one")),
        };
        let mut lines: Vec<String> = text.letters.lines().map(str::to_owned).collect();
        let msg = self.edit(&mut lines);
        let mut letters = lines.join("\n");
        if !letters.is_empty() {
            letters.push('\n');
        }
        let changed = msg != "OK" && letters != text.letters;
        changes.set("msg", if changed { msg } else { "OK" });
        if changed && subject.node().is_none() {
            let folder = subject.path.parent().map(PathBuf::from).unwrap_or_default();
            make_folders(&folder, &Attributes::default(), &mut BTreeSet::new(), host, changes)?;
        }
        let bytes = changed.then(|| text.bytes(&letters));
        edit.write(&subject, host, bytes, changes)?;
        Ok(())
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        if let Some(path) = performed.get("backup_file") {
            results.insert("backup_file".into(), path.clone());
        }
        file_results("path", &self.path, host, results)
    }
}

impl IniFile {
    /// Edits lines and says what was done.
    fn edit(&self, lines: &mut Vec<String>) -> &'static str {
        let Some((start, end)) = self.section_at(lines) else {
            return self.without_section(lines);
        };
        let Some(option) = &self.option else {
            if self.state == State::Present {
                return "OK";
            }
            let start = if self.section.is_some() { start - 1 } else { start };
            lines.drain(start..end);
            return "section removed";
        };
        let found: Vec<usize> = (start..end)
            .filter(|at| name(&lines[*at]).is_some_and(|(name, active)| active && name == *option))
            .collect();
        if self.state == State::Absent {
            return self.remove(lines, &found);
        }
        let inactive: Vec<usize> = (start..end)
            .filter(|at| {
                self.modify_inactive_option
                    && name(&lines[*at]).is_some_and(|(name, active)| !active && name == *option)
            })
            .collect();
        self.set(lines, option, end, found, inactive)
    }

    fn without_section(&self, lines: &mut Vec<String>) -> &'static str {
        if self.state == State::Absent {
            return "OK";
        }
        if let Some(section) = &self.section {
            lines.push(format!("[{section}]"));
        }
        let Some(option) = &self.option else { return "only section added" };
        lines.extend(self.wanted().into_iter().map(|value| self.line(option, value)));
        "section and option added"
    }

    fn remove(&self, lines: &mut Vec<String>, found: &[usize]) -> &'static str {
        let values = self.wanted();
        let goes = |at: &usize| {
            self.exclusive || values.iter().any(|wanted| value(&lines[*at]).as_deref() == *wanted)
        };
        let gone: BTreeSet<usize> = found.iter().copied().filter(goes).collect();
        if gone.is_empty() {
            return "OK";
        }
        let mut at = 0;
        lines.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
        "option changed"
    }

    fn set(
        &self,
        lines: &mut Vec<String>,
        option: &str,
        end: usize,
        found: Vec<usize>,
        inactive: Vec<usize>,
    ) -> &'static str {
        let mut wanted = self.wanted();
        let mut free: Vec<usize> = Vec::new();
        for at in found {
            let there = value(&lines[at]);
            match wanted.iter().position(|wanted| there.as_deref() == *wanted) {
                Some(number) => {
                    let value = wanted.remove(number);
                    // Blanks make no difference where they may not.
                    if !self.ignore_spaces {
                        lines[at] = self.line(option, value);
                    }
                }
                None => free.push(at),
            }
        }
        // A value that stands in a comment is the first to be taken.
        free.extend(inactive);
        let mut places = free.into_iter();
        let mut left: Vec<usize> = Vec::new();
        let mut added = 0;
        for value in wanted {
            match places.next().filter(|_| self.exclusive) {
                Some(at) => lines[at] = self.line(option, value),
                None => {
                    // Behind the last line of the section that is not empty.
                    let mut at = end + added;
                    while at > 0 && lines[at - 1].trim().is_empty() {
                        at -= 1;
                    }
                    lines.insert(at, self.line(option, value));
                    added += 1;
                }
            }
        }
        if self.exclusive {
            left.extend(places.filter(|at| name(&lines[*at]).is_some_and(|(_, active)| active)));
        }
        left.sort_unstable();
        for at in left.into_iter().rev() {
            lines.remove(at);
        }
        if added > 0 { "option added" } else { "option changed" }
    }

    fn wanted(&self) -> Vec<Option<&str>> {
        match (&self.value, &self.values) {
            (Some(value), _) => vec![Some(value.as_str())],
            (None, Some(values)) => values.iter().map(|value| Some(value.as_str())).collect(),
            (None, None) => vec![None],
        }
    }

    fn line(&self, option: &str, value: Option<&str>) -> String {
        match value {
            None => option.to_owned(),
            Some(value) if self.no_extra_spaces => format!("{option}={value}"),
            Some(value) => format!("{option} = {value}"),
        }
    }

    /// The lines of the section, without its head.
    fn section_at(&self, lines: &[String]) -> Option<(usize, usize)> {
        let head = |line: &String| line.trim_start().starts_with('[') && line.contains(']');
        let start = match &self.section {
            None => 0,
            Some(section) => {
                let own = |line: &String| {
                    let rest = line.trim_start().strip_prefix('[')?;
                    rest.split_once(']').map(|(name, _)| name.trim() == section)
                };
                1 + lines.iter().position(|line| own(line) == Some(true))?
            }
        };
        let end = lines[start..].iter().position(head).map_or(lines.len(), |at| start + at);
        Some((start, end))
    }
}

/// The option of a line, and whether it is none that was made a comment.
fn name(line: &str) -> Option<(String, bool)> {
    let bare = line.trim_start();
    let active = !bare.starts_with(['#', ';']);
    let bare = bare.trim_start_matches(['#', ';']).trim();
    let (name, _) = bare.split_once(['=', ':']).unwrap_or((bare, ""));
    let with_value = bare.contains(['=', ':']);
    // A comment of words alone is no option.
    (!name.trim().is_empty() && (active || with_value)).then(|| (name.trim().to_owned(), active))
}

/// The value in a line.
fn value(line: &str) -> Option<String> {
    line.split_once(['=', ':']).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    #[track_caller]
    fn check(more: &[(&str, Data)], want: &str, msg: &str) {
        let scenario = Scenario::new(&["i=top=0\n[s]\na=1\n# b = 2\n\n[t]\nx = y\nx = z\n"]);
        let mut args = vec![("path", Data::from("$T/i"))];
        args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
        let told = scenario.run("ini_file", &args);
        assert_eq!(scenario.text("i"), want);
        assert_eq!(told.results["msg"], msg.into());
    }

    #[test]
    fn options_are_kept() {
        let set = |section: &str, option: &str, value: &str| {
            vec![
                ("section", Data::from(section)),
                ("option", option.into()),
                ("value", value.into()),
            ]
        };
        let rest = "\n[t]\nx = y\nx = z\n";
        check(&set("s", "b", "3"), &format!("top=0\n[s]\na=1\nb = 3\n{rest}"), "option changed");
        check(
            &set("s", "c", "3"),
            &format!("top=0\n[s]\na=1\n# b = 2\nc = 3\n{rest}"),
            "option added",
        );
        check(
            &set("s", "a", "2"),
            &format!("top=0\n[s]\na = 2\n# b = 2\n{rest}"),
            "option changed",
        );
        check(
            &set("n", "k", "v"),
            &format!("top=0\n[s]\na=1\n# b = 2\n{rest}[n]\nk = v\n"),
            "section and option added",
        );
        check(&set("t", "x", "q"), "top=0\n[s]\na=1\n# b = 2\n\n[t]\nx = q\n", "option changed");
        let mut spaces = set("s", "a", "1");
        spaces.push(("ignore_spaces", true.into()));
        check(&spaces, &format!("top=0\n[s]\na=1\n# b = 2\n{rest}"), "OK");
        let gone = vec![("section", Data::from("t")), ("state", "absent".into())];
        check(&gone, "top=0\n[s]\na=1\n# b = 2\n\n", "section removed");
        let gone =
            vec![("section", Data::from("s")), ("option", "a".into()), ("state", "absent".into())];
        check(&gone, &format!("top=0\n[s]\n# b = 2\n{rest}"), "option changed");
        let top = vec![
            ("option", Data::from("top")),
            ("value", "1".into()),
            ("no_extra_spaces", true.into()),
        ];
        check(&top, &format!("top=1\n[s]\na=1\n# b = 2\n{rest}"), "option changed");
        let scenario = Scenario::new(&[]);
        let mut new = set("s", "a", "1");
        new.extend([("path", "$T/d/new".into()), ("mode", "0600".into())]);
        assert!(scenario.run("ini_file", &new).changed);
        assert_eq!(scenario.text("d/new"), "[s]\na = 1\n");
        assert!(!scenario.run("ini_file", &new).changed);
    }
}
