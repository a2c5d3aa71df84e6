//! `replace`: every match of a pattern in a text file.

use std::path::PathBuf;

use crate::args::Args;
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Edit, Text, with_attributes};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Result, Stop};

/// Replaces every match of a pattern in a text file.
///
/// The pattern should not find what it is replaced by, or every run changes something.
#[derive(Args)]
#[module(name = "replace")]
pub(crate) struct Replace {
    /// The file.
    #[arg(alias = "dest", alias = "destfile", alias = "name")]
    path: PathBuf,
    /// The pattern; `^` and `$` mean every line.
    regexp: String,
    /// What matches are replaced by; `\1` is a group.
    #[arg(default = "")]
    replace: String,
    /// Only what comes after the first match of this pattern, in which `.` is the end of a line too.
    after: Option<String>,
    /// Only what comes before the first match of this pattern.
    before: Option<String>,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// A command that must accept the file before it is put in its place; `%s` is the file.
    validate: Option<String>,
    /// How the file is encoded. Bytes that don't fit are kept as they are.
    #[arg(default = "utf-8")]
    encoding: String,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

impl Module for Replace {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let encoding = self.encoding.to_lowercase().replace('_', "-");
        if !matches!(encoding.as_str(), "utf-8" | "utf8" | "ascii" | "us-ascii") {
            return Err(Stop::failed(format!(
                "the encoding `{}` is not known; `utf-8` and `ascii` are",
                self.encoding
            )));
        }
        let edit = Edit {
            path: &self.path,
            attributes: &self.attributes,
            backup: self.backup,
            validate: self.validate.as_deref(),
        };
        let (subject, text) = edit.open(host)?;
        let Some(text) = text else { return Err(edit.missing("")) };
        changes.set("rc", 0_i64);
        let (edited, msg) = match self.section(&text)? {
            Some(section) => {
                let flags = Flags { multi_line: true, ..Flags::default() };
                let pattern = Pattern::new(&text.adapt(&self.regexp), flags)?;
                let old = &text.letters[section.clone()];
                let (new, count) = pattern.replace(old, &text.adapt(&self.replace))?;
                let changed = count > 0 && new != *old;
                let msg =
                    if changed { format!("{count} replacements made") } else { String::new() };
                let around = (&text.letters[..section.start], &text.letters[section.end..]);
                (changed.then(|| format!("{}{new}{}", around.0, around.1)), msg)
            }
            None => (None, "`after` and `before` find nothing in the file".to_owned()),
        };
        let bytes = edited.map(|edited| text.bytes(&edited));
        let attributes_change = edit.write(&subject, host, bytes, changes)?;
        changes.set("msg", with_attributes(&msg, attributes_change));
        Ok(())
    }
}

impl Replace {
    /// The part of the text that is looked at.
    fn section(&self, text: &Text) -> Result<Option<std::ops::Range<usize>>> {
        let pattern = match (&self.after, &self.before) {
            (None, None) => return Ok(Some(0..text.letters.len())),
            (Some(after), Some(before)) => format!("{after}(?P<subsection>.*?){before}"),
            (Some(after), None) => format!("{after}(?P<subsection>.*)"),
            (None, Some(before)) => format!("(?P<subsection>.*){before}"),
        };
        let flags = Flags { dot_all: true, ..Flags::default() };
        let pattern = Pattern::new(&text.adapt(&pattern), flags)?;
        let Some(found) = pattern.search(&text.letters)? else { return Ok(None) };
        let group = pattern.regex().group("subsection").unwrap_or(0);
        // Where the group is in the text is told by where its slice is.
        let part = found.text(&text.letters, group).unwrap_or("");
        let start = part.as_ptr().addr() - text.letters.as_ptr().addr();
        Ok(Some(start..start + part.len()))
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    #[track_caller]
    fn check(before: &str, args: &[(&str, &str)], want: &str, msg: &str) {
        let scenario = Scenario::new(&[&format!("f={before}")]);
        let mut all: Vec<(&str, Data)> = vec![("path", "$T/f".into())];
        all.extend(args.iter().map(|(key, text)| (*key, Data::from(*text))));
        let done = scenario.run("replace", &all);
        assert_eq!(scenario.text("f"), want);
        assert_eq!((&done.results["msg"], &done.results["rc"]), (&Data::from(msg), &Data::Int(0)));
    }

    #[test]
    fn matches_are_replaced() {
        const TEXT: &str = "a1\nb2\nstart\na3\nb4\nend\na5\n";
        let one =
            |args: &[(&str, &str)], want: &str| check(TEXT, args, want, "1 replacements made");
        let sub = [("regexp", r"^a(\d)"), ("replace", r"A\1")];
        check(TEXT, &sub, "A1\nb2\nstart\nA3\nb4\nend\nA5\n", "3 replacements made");
        let within = |more: &[(&'static str, &'static str)]| {
            sub.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()
        };
        one(&within(&[("after", "start"), ("before", "end")]), "a1\nb2\nstart\nA3\nb4\nend\na5\n");
        one(&within(&[("before", "start")]), "A1\nb2\nstart\na3\nb4\nend\na5\n");
        one(&within(&[("after", "end\n")]), "a1\nb2\nstart\na3\nb4\nend\nA5\n");
        one(&[("regexp", "^start$")], "a1\nb2\n\na3\nb4\nend\na5\n");
        check(
            TEXT,
            &within(&[("after", "no")]),
            TEXT,
            "`after` and `before` find nothing in the file",
        );
        check(TEXT, &[("regexp", "zzz"), ("replace", "x")], TEXT, "");
        check("x", &[("regexp", "x"), ("replace", "x")], "x", "");
        check("x", &[("regexp", "y"), ("mode", "0600")], "x", "attributes changed");
    }

    #[test]
    fn mistakes_are_named() {
        let scenario = Scenario::new(&["f=x", "d/"]);
        let fails = |args: &[(&str, &str)], want: &str| {
            let args: Vec<_> = args.iter().map(|(key, text)| (*key, Data::from(*text))).collect();
            scenario.fails("replace", &args, want);
        };
        fails(&[("path", "$T/no"), ("regexp", "x")], "there is no file `$T/no`");
        fails(&[("path", "$T/d"), ("regexp", "x")], "`$T/d` is a directory");
        fails(
            &[("path", "$T/f"), ("regexp", "x"), ("encoding", "utf-16")],
            "the encoding `utf-16` is not known; `utf-8` and `ascii` are",
        );
    }
}
