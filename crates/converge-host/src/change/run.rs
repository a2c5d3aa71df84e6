//! Commands whose effect can't be told.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::change::effect::Effect;
use crate::change::laid::Laid;
use crate::change::{Change, Description, Sign};
use crate::clock::delta;
use crate::data::{Data, Map};
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Host, Output};
use crate::stop::{Failure, Result, Stop, Why};

/// A command that the project asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunChange {
    /// The command. Its first word may be a shell.
    pub command: Command,
    /// As the user wrote it, for messages.
    pub shown: String,
    /// A path that it is known to make.
    pub creates: Option<PathBuf>,
    /// A path that it is known to remove.
    pub removes: Option<PathBuf>,
    /// A content that lies in a private file of this name while it runs; a word `%s` is its path.
    pub script: Option<(String, Blob)>,
    /// Cut line ends from the end of standard output and error, as Ansible does.
    pub strip: bool,
}

impl RunChange {
    /// The return values that only running it can tell.
    pub fn results(&self, output: &Output, start: &str, end: &str) -> Map {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let text = if self.strip { text.trim_end_matches(['\r', '\n']) } else { &text };
            text.to_owned()
        };
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let mut results = Map::new();
        let mut set = |name: &str, value: Data| results.insert(name.to_owned(), value);
        set("rc", i64::from(output.rc).into());
        set("stdout_lines", lines(&stdout).into());
        set("stderr_lines", lines(&stderr).into());
        set("stdout", stdout.into());
        set("stderr", stderr.into());
        set("start", start.into());
        set("end", end.into());
        set("delta", delta(output.took).into());
        set("msg", if output.ok() { "" } else { "non-zero return code" }.into());
        results
    }
}

impl Effect for RunChange {
    fn describe(&self) -> Description {
        let why = Why("what a command does can't be told before it runs".into());
        let mut description =
            Description::new(Sign::Act, format!("run `{}`", self.shown)).unknown(Some(why));
        if let Some(cwd) = &self.command.cwd {
            description = description.fact(format!("in {}", cwd.display()));
        }
        if let Some(path) = &self.creates {
            description = description.fact(format!("creates {}", path.display()));
        }
        if let Some(path) = &self.removes {
            description = description.fact(format!("removes {}", path.display()));
        }
        description
    }

    fn tells(&self) -> Option<Why> {
        Some(Why(format!("command `{}`", self.shown)))
    }

    fn expect(&self, expected: &mut Expected) {
        expected.command_pending(&self.shown);
        let why = Why(format!("command `{}`", self.shown));
        if let Some(path) = &self.removes {
            expected.doubt(path.clone(), why.clone(), false);
        }
        if let Some(path) = &self.creates {
            expected.doubt(path.clone(), why, true);
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        let clock = real.clock();
        let start = SystemTime::now();
        let laid = match &self.script {
            Some((name, blob)) => Some(Laid::new(name, &real.fetch(blob)?)?),
            None => None,
        };
        let output = match &laid {
            Some(laid) => real.run(&laid.in_command(&self.command))?,
            None => real.run(&self.command)?,
        };
        let end = start + output.took;
        let results = self.results(&output, &clock.stamp(start), &clock.stamp(end));
        if output.ok() {
            return Ok(results);
        }
        Err(Stop::Failed(Failure { msg: "non-zero return code".into(), results }))
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}

/// Lines as Python's `str.splitlines` has them.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let ends = |letter: char| {
        matches!(
            letter,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = rest.find(ends) else {
            lines.push(rest.to_owned());
            break;
        };
        lines.push(rest[..at].to_owned());
        let end = rest[at..].chars().next().map_or(1, char::len_utf8);
        let end = if rest[at..].starts_with("\r\n") { 2 } else { end };
        rest = &rest[at + end..];
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{RunChange, lines};
    use crate::change::Effect;
    use crate::data::Data;
    use crate::host::Command;
    use crate::host::real::Real;
    use crate::stop::Stop;

    fn run(script: &str, strip: bool) -> RunChange {
        RunChange {
            command: Command::new(["/bin/sh", "-c", script]),
            shown: script.into(),
            creates: None,
            removes: None,
            script: None,
            strip,
        }
    }

    #[test]
    fn results_are_those_of_ansible() {
        let results =
            run("printf 'a\\n\\nb \\n\\n'; echo e >&2", true).perform(&Real::new()).unwrap();
        let mut keys: Vec<_> = results.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "delta",
                "end",
                "msg",
                "rc",
                "start",
                "stderr",
                "stderr_lines",
                "stdout",
                "stdout_lines"
            ]
        );
        assert_eq!(results["stdout"], Data::from("a\n\nb "));
        assert_eq!(results["stdout_lines"], Data::from(vec!["a", "", "b "]));
        assert_eq!(results["stderr"], Data::from("e"));
        let results = run("printf 'a\\n\\n'", false).perform(&Real::new()).unwrap();
        assert_eq!(results["stdout"], Data::from("a\n\n"));
    }

    #[test]
    fn a_failing_command_fails_with_its_output() {
        let Err(Stop::Failed(failure)) = run("echo x; exit 7", true).perform(&Real::new()) else {
            panic!("it should fail")
        };
        assert_eq!(failure.msg, "non-zero return code");
        assert_eq!(failure.results["rc"], Data::Int(7));
        assert_eq!(failure.results["stdout"], Data::from("x"));
    }

    #[test]
    fn lines_are_split_as_python_splits_them() {
        assert_eq!(lines("a\r\nb\rc\u{2028}d\x0b"), ["a", "b", "c", "d"]);
        assert_eq!(lines("\n\nx"), ["", "", "x"]);
        assert!(lines("").is_empty());
    }
}
