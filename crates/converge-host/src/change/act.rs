//! Commands whose effect is known: a kernel parameter set, a key taken up, a database made.
//!
//! What such a command brings about is a value with a name (`sysctl net.ipv4.ip_forward` is `1`). The overlay keeps these values,
//! so that what is planned after it sees them, and nothing else of the host becomes uncertain.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::blob::Digest;
use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign, Text, TextDiff};
use crate::data::{Data, Map};
use crate::host::expected::{Expected, Reach};
use crate::host::real::Real;
use crate::host::{Command, Host, Output};
use crate::pattern::Pattern;
use crate::python_re::Flags;
use crate::stop::{Result, Stop, Why};

/// Commands with a known effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ActChange {
    /// What sort of effect it is.
    pub sign: Sign,
    /// What it is about, for a person.
    pub what: String,
    /// What changes about it: `1 → 0`. Never a secret.
    pub facts: Vec<String>,
    /// A text before and after, where there is one.
    pub diff: Option<(String, String)>,
    /// The values that it sets.
    pub values: Vec<Known>,
    /// Paths at which something is made (true) or removed (false).
    pub paths: Vec<(PathBuf, bool)>,
    /// The commands that do it, in order. Secrets are in what they read, not in their words.
    pub commands: Vec<Command>,
    /// The commands that take it back, in order; none where nothing does.
    pub undo: Vec<Command>,
    /// What was seen when it was planned, and must be seen again before anything is done.
    pub seen: Option<Seen>,
    /// Why it can't be told whether it is needed.
    pub unknown: Option<Why>,
    /// What may come with it beside the values.
    pub brings: Option<Reach>,
    /// Whether what it prints is among the results.
    pub tells: bool,
    /// A pattern for what it prints only where it changes something; none where it always does.
    pub telltale: Option<String>,
    /// Whether it leaves the task unchanged, as a reload of what another change wrote does.
    pub quiet: bool,
}

/// A named value of the host, before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The name: a word for the kind, then what it is about.
    pub name: String,
    /// Now; none where there is no such thing, or where it can't be told.
    pub before: Option<String>,
    /// Then; none where there is no such thing.
    pub after: Option<String>,
}

/// A look at the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// A command that changes nothing.
    pub command: Command,
    /// What it exited with.
    pub rc: i32,
    /// What it printed.
    pub printed: Digest,
}

impl ActChange {
    /// An effect that is about something.
    pub fn new(sign: Sign, what: impl Into<String>) -> Self {
        Self { sign, what: what.into(), ..Self::default() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// Adds a value that it sets.
    #[must_use]
    pub fn sets(
        mut self,
        name: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
    ) -> Self {
        self.values.push(Known { name: name.into(), before, after });
        self
    }

    /// Adds a command.
    #[must_use]
    pub fn does(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    /// Adds a command that takes it back.
    #[must_use]
    pub fn undone_by(mut self, command: Command) -> Self {
        self.undo.push(command);
        self
    }

    /// Says what was seen of the host.
    #[must_use]
    pub fn seen(mut self, command: &Command, output: &Output) -> Self {
        self.seen = Some(Seen::of(command, output));
        self
    }

    fn title(&self) -> String {
        if self.what.is_empty() {
            let shown: Vec<_> = self.commands.iter().map(Command::shown).collect();
            return format!("run `{}`", shown.join("`, `"));
        }
        self.what.clone()
    }
}

impl Seen {
    /// What came out of a command.
    pub fn of(command: &Command, output: &Output) -> Self {
        Self { command: command.clone(), rc: output.rc, printed: Digest::of(&output.stdout) }
    }
}

impl Effect for ActChange {
    fn describe(&self) -> Description {
        let mut description =
            Description::new(self.sign, self.title()).unknown(self.unknown.clone());
        description.facts.clone_from(&self.facts);
        let text = |text: &str| match text {
            "" => Text::Absent,
            text => Text::Known(text.to_owned()),
        };
        description.diff = self
            .diff
            .as_ref()
            .map(|(before, after)| TextDiff { before: text(before), after: text(after) });
        description
    }

    fn counts(&self) -> bool {
        !self.quiet
    }

    fn tells(&self) -> Option<Why> {
        self.tells.then(|| Why(format!("the output of `{}`", self.title())))
    }

    fn expect(&self, expected: &mut Expected) {
        for Known { name, after, .. } in &self.values {
            expected.set(name.clone(), after.clone());
        }
        for (path, made) in &self.paths {
            if *made {
                expected.doubt(path.clone(), Why(self.title()), true);
            } else {
                expected.clear(path);
                expected.settle(path.clone(), None);
            }
        }
        if let Some(reach) = &self.brings {
            if let Reach::Below(path) = reach {
                expected.clear(path);
            }
            expected.act_pending(&self.title(), reach.clone());
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        if let Some(seen) = &self.seen {
            let now = Seen::of(&seen.command, &real.probe(&seen.command)?);
            if now != *seen {
                return Err(Stop::failed(format!(
                    "what `{}` prints has changed since this was planned; plan again",
                    seen.command.shown()
                )));
            }
        }
        let outputs = real.run_all(&self.commands)?;
        let mut results = Map::new();
        if self.tells {
            let all = |text: fn(&Output) -> String| -> Data {
                outputs.iter().map(text).collect::<String>().into()
            };
            results.insert("stdout".into(), all(Output::text));
            results.insert("stderr".into(), all(Output::error_text));
            results.insert("rc".into(), 0_i64.into());
        }
        if let Some(telltale) = &self.telltale {
            let flags = Flags { multi_line: true, ..Flags::default() };
            let pattern = Pattern::new(telltale, flags)?;
            let printed: String =
                outputs.iter().map(|one| one.text() + &one.error_text()).collect();
            results.insert("changed".into(), pattern.is_match(&printed)?.into());
        }
        Ok(results)
    }

    fn invert(&self) -> Option<Change> {
        if self.undo.is_empty() {
            return None;
        }
        let turned = |value: &Known| Known {
            name: value.name.clone(),
            before: value.after.clone(),
            after: value.before.clone(),
        };
        Some(Change::Act(Self {
            sign: match self.sign {
                Sign::Create => Sign::Remove,
                Sign::Remove => Sign::Create,
                other => other,
            },
            what: self.what.clone(),
            diff: self.diff.clone().map(|(before, after)| (after, before)),
            values: self.values.iter().map(turned).collect(),
            commands: self.undo.clone(),
            undo: self.commands.clone(),
            ..Self::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ActChange, Seen};
    use crate::change::{Effect, Sign};
    use crate::host::expected::Expected;
    use crate::host::real::Real;
    use crate::host::{Command, Host};
    use crate::stop::Stop;

    fn act(root: &Path) -> ActChange {
        let file = root.join("f").display().to_string();
        let look = Command::new(["ls", "--", &root.display().to_string()]);
        ActChange {
            tells: true,
            ..ActChange::new(Sign::Create, "the thing f")
                .sets("thing f", None, Some("1".into()))
                .does(Command::new(["touch", "--", &file]))
                .does(Command::new(["echo", "made"]))
                .undone_by(Command::new(["rm", "--", &file]))
                .seen(&look, &Real::new().probe(&look).unwrap())
        }
    }

    #[test]
    fn it_is_done_and_taken_back() {
        let root = tempfile::tempdir().unwrap();
        let (act, real) = (act(root.path()), Real::new());
        let mut expected = Expected::default();
        act.expect(&mut expected);
        assert_eq!(expected.values["thing f"], Some("1".to_owned()));
        assert_eq!(act.perform(&real).unwrap()["stdout"], "made\n".into());
        assert!(root.path().join("f").exists());
        let back = act.invert().unwrap();
        back.effect().expect(&mut expected);
        assert_eq!(expected.values["thing f"], None);
        back.effect().perform(&real).unwrap();
        assert!(!root.path().join("f").exists());
    }

    #[test]
    fn nothing_is_done_where_the_host_became_another() {
        let root = tempfile::tempdir().unwrap();
        let act = act(root.path());
        std::fs::write(root.path().join("g"), "").unwrap();
        assert!(matches!(act.perform(&Real::new()), Err(Stop::Failed(_))));
        assert!(!root.path().join("f").exists());
    }

    #[test]
    fn what_it_prints_may_tell_whether_it_changed_anything() {
        let changed = |pattern: &str| {
            let act = ActChange::new(Sign::Act, "x").does(Command::new(["echo", "Installing x"]));
            let act = ActChange { telltale: Some(pattern.into()), ..act };
            act.perform(&Real::new()).unwrap()["changed"].as_bool().unwrap()
        };
        assert!(changed("^Installing ") && !changed("^Updating "));
    }

    #[test]
    fn a_look_is_its_code_and_its_words() {
        let look = |script: &str| {
            let command = Command::new(["sh", "-c", script]);
            Seen::of(&Command::default(), &Real::new().probe(&command).unwrap())
        };
        assert_eq!(look("echo a; echo b >&2"), look("echo a"));
        assert_ne!(look("echo a"), look("echo a; exit 1"));
        assert_ne!(look("echo a"), look("echo b"));
    }
}
