//! `blockinfile`: a block of lines between two markers.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Edit, Text, make_folders, with_attributes};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::Result;

/// Keeps a block of lines in a text file, between two lines that mark it.
///
/// Blocks of one file need markers of their own.
#[derive(Args)]
#[module(name = "blockinfile", exclusive("insertbefore", "insertafter"))]
pub(crate) struct BlockInFile {
    /// The file.
    #[arg(alias = "dest", alias = "destfile", alias = "name")]
    path: PathBuf,
    /// Whether the block is to be there.
    #[arg(default = "present")]
    state: State,
    /// The marking line; `{mark}` becomes `marker_begin` or `marker_end`.
    #[arg(default = "# {mark} ANSIBLE MANAGED BLOCK")]
    marker: String,
    /// The lines. None remove the block.
    #[arg(alias = "content", default = "")]
    block: String,
    /// Add the block after the last line that this pattern finds, or at the end (`EOF`).
    insertafter: Option<String>,
    /// Add the block before the last line that this pattern finds, or at the beginning (`BOF`).
    insertbefore: Option<String>,
    /// Make the file if it is missing.
    #[arg(default = "no")]
    create: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// What marks the beginning.
    #[arg(default = "BEGIN")]
    marker_begin: String,
    /// What marks the end.
    #[arg(default = "END")]
    marker_end: String,
    /// Have an empty line before the block.
    #[arg(default = "no")]
    prepend_newline: bool,
    /// Have an empty line after the block.
    #[arg(default = "no")]
    append_newline: bool,
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

impl Module for BlockInFile {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let edit = Edit {
            path: &self.path,
            attributes: &self.attributes,
            backup: self.backup,
            validate: self.validate.as_deref(),
        };
        let (subject, text) = edit.open_or_make(self.create, host)?;
        let existed = text.is_some();
        let text = match text {
            Some(text) => text,
            None if self.create => Text::new(b""),
            None => return Err(edit.missing("; `create: true` makes one")),
        };
        let edited = self.edited(&text)?;
        let msg = match (edited == text.letters, self.removes(), existed) {
            (true, _, true) | (true, true, false) => "",
            (_, true, _) => "Block removed",
            (_, false, true) => "Block inserted",
            (_, false, false) => "File created",
        };
        let bytes = (!msg.is_empty()).then(|| text.bytes(&edited));
        if let (false, true, Some(folder)) = (existed, bytes.is_some(), subject.path.parent()) {
            make_folders(folder, &Attributes::default(), &mut BTreeSet::new(), host, changes)?;
        }
        let attributes_change = edit.write(&subject, host, bytes, changes)?;
        changes.set("msg", with_attributes(msg, attributes_change));
        Ok(())
    }
}

impl BlockInFile {
    fn removes(&self) -> bool {
        self.state == State::Absent || self.block.is_empty()
    }

    /// The text with the block in its place, or without it.
    fn edited(&self, text: &Text) -> Result<String> {
        let marker = |mark: &str| format!("{}\n", text.adapt(&self.marker.replace("{mark}", mark)));
        let (begin, end) = (marker(&self.marker_begin), marker(&self.marker_end));
        let mut lines: Vec<String> = split(&text.letters);
        let last = |wanted: &str, lines: &[String]| {
            // The last line of a file need not have an end.
            lines.iter().rposition(|line| line == wanted || format!("{line}\n") == wanted)
        };
        let mut at = match (last(&begin, &lines), last(&end, &lines)) {
            (Some(first), Some(second)) => {
                let (from, to) = (first.min(second), first.max(second));
                lines.drain(from..=to);
                from
            }
            // Nothing to remove is nothing to change; Ansible ends the last line then and says that it removed something.
            _ if self.removes() => return Ok(text.letters.clone()),
            _ => self.place(text, &lines)?,
        };
        if self.removes() {
            return Ok(lines.concat());
        }
        let mut block = text.adapt(&self.block);
        if !block.ends_with('\n') {
            block.push('\n');
        }
        if self.prepend_newline && at > 0 && lines[at - 1] != "\n" {
            lines.insert(at, "\n".into());
            at += 1;
        }
        if at > 0 && !lines[at - 1].ends_with('\n') {
            lines[at - 1].push('\n');
        }
        lines.insert(at, format!("{begin}{block}{end}"));
        if self.append_newline && lines.get(at + 1).is_some_and(|after| after != "\n") {
            lines.insert(at + 1, "\n".into());
        }
        Ok(lines.concat())
    }

    /// Where a new block goes.
    fn place(&self, text: &Text, lines: &[String]) -> Result<usize> {
        let (pattern, after) = match (self.insertafter.as_deref(), self.insertbefore.as_deref()) {
            (_, Some("BOF")) => return Ok(0),
            (None | Some("EOF"), None) => return Ok(lines.len()),
            (_, Some(pattern)) => (pattern, 0),
            (Some(pattern), None) => (pattern, 1),
        };
        let pattern = Pattern::new(&text.adapt(pattern), Flags::default())?;
        for (at, line) in lines.iter().enumerate().rev() {
            if pattern.is_match(line)? {
                return Ok(at + after);
            }
        }
        Ok(lines.len())
    }
}

/// Lines with their ends; a carriage return alone ends one too.
fn split(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\r']) {
        let end = if rest[at..].starts_with("\r\n") { at + 2 } else { at + 1 };
        lines.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    const B: &str = "# BEGIN ANSIBLE MANAGED BLOCK\n";
    const E: &str = "# END ANSIBLE MANAGED BLOCK\n";

    #[track_caller]
    fn check(before: &str, args: &[(&str, &str)], want: &str, msg: &str) {
        let scenario =
            Scenario::new(&[&format!("f={}", before.replace("{B}", B).replace("{E}", E))]);
        let mut all: Vec<(&str, Data)> = vec![("path", "$T/f".into())];
        all.extend(args.iter().map(|(key, text)| (*key, Data::from(*text))));
        let done = scenario.run("blockinfile", &all);
        assert_eq!(scenario.text("f").replace(B, "{B}").replace(E, "{E}"), want);
        assert_eq!(done.results["msg"], Data::from(msg));
    }

    #[test]
    fn blocks_are_kept_between_their_markers() {
        let insert = |before: &str, args: &[(&str, &str)], want: &str| {
            check(before, args, want, "Block inserted");
        };
        insert("a\nb\n", &[("block", "1\n2")], "a\nb\n{B}1\n2\n{E}");
        insert("a", &[("content", "1\n")], "a\n{B}1\n{E}");
        insert("a\n{B}old\n{E}b\n", &[("block", "1")], "a\n{B}1\n{E}b\n");
        insert("a\n{B}old\n", &[("block", "1")], "a\n{B}old\n{B}1\n{E}");
        insert("{E}a\n", &[("block", "1")], "{E}a\n{B}1\n{E}");
        insert("a\nb\na\nc\n", &[("block", "1"), ("insertafter", "^a")], "a\nb\na\n{B}1\n{E}c\n");
        insert("a\nb\n", &[("block", "1"), ("insertbefore", "^b")], "a\n{B}1\n{E}b\n");
        insert("a\n", &[("block", "1"), ("insertbefore", "BOF")], "{B}1\n{E}a\n");
        insert("a\n", &[("block", "1"), ("insertafter", "never")], "a\n{B}1\n{E}");
        let spaced = [
            ("block", "1"),
            ("insertafter", "a"),
            ("prepend_newline", "yes"),
            ("append_newline", "yes"),
        ];
        insert("a\nb\n", &spaced, "a\n\n{B}1\n{E}\nb\n");
        let marked =
            [("block", "1"), ("marker", "; {mark} x"), ("marker_begin", "S"), ("marker_end", "T")];
        insert("a\n", &marked, "a\n; S x\n1\n; T x\n");
    }

    #[test]
    fn blocks_are_removed_and_left_alone() {
        check("a\n{B}1\n{E}b\n", &[("state", "absent")], "a\nb\n", "Block removed");
        check("a\n{B}1\n{E}b\n", &[("block", "")], "a\nb\n", "Block removed");
        check("a\n", &[("state", "absent")], "a\n", "");
        check("a\n{B}1\n{E}b\n", &[("block", "1\n")], "a\n{B}1\n{E}b\n", "");
    }

    #[test]
    fn files_are_made_only_where_that_is_asked_for() {
        let scenario = Scenario::new(&[]);
        let args = [("path", "$T/n/f".into()), ("block", "1".into())];
        scenario.fails("blockinfile", &args, "there is no file `$T/n/f`; `create: true` makes one");
        let create: Vec<_> = args.into_iter().chain([("create", true.into())]).collect();
        let done = scenario.run("blockinfile", &create);
        assert_eq!(done.results["msg"], Data::from("File created"));
        assert_eq!(scenario.text("n/f"), format!("{B}1\n{E}"));
    }
}
