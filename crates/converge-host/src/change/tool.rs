//! Programs that are run for what they are known to do: a checkout, an archive unpacked.
//!
//! Unlike a [`RunChange`](crate::change::RunChange), which is a command of the project that may do anything, this one says in
//! words what it does and which paths it touches, so that plans see through it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::change::effect::Effect;
use crate::change::laid::Laid;
use crate::change::run::lines;
use crate::change::{Change, Description, FileState, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Host, Output};
use crate::stop::{Failure, Result, Stop, Why};

/// Programs run one after another for what they are known to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolChange {
    /// What sort of change it is.
    pub sign: Sign,
    /// What is done, in words: `clone https://… into /srv/app`.
    pub what: String,
    /// More of it.
    pub facts: Vec<String>,
    /// The programs in order; the first that fails is the last. A word `%s` is the path of `input`.
    pub steps: Vec<Command>,
    /// A content that lies in a private file of this name while they run.
    pub input: Option<(String, Blob)>,
    /// What stands at some paths then; none where it is removed.
    pub makes: Vec<(PathBuf, Option<FileState>)>,
    /// Folders in which anything may be another thing then.
    pub below: Vec<PathBuf>,
    /// Why what comes of it can't be told entirely.
    pub unknown: Option<Why>,
    /// Results of its failure, beside what the program said.
    pub on_failure: Map,
    /// Whether its results have to be waited for.
    pub tells: bool,
    /// Whether it makes the task "changed".
    pub counts: bool,
}

impl ToolChange {
    /// Something done that counts, with no more than words said about it.
    pub fn new(sign: Sign, what: impl Into<String>, steps: Vec<Command>) -> Self {
        Self {
            sign,
            what: what.into(),
            facts: Vec::new(),
            steps,
            input: None,
            makes: Vec::new(),
            below: Vec::new(),
            unknown: None,
            on_failure: Map::new(),
            tells: false,
            counts: true,
        }
    }

    /// The failure of one of the programs.
    fn failed(&self, command: &Command, output: &Output) -> Stop {
        let (stdout, stderr) = (output.text(), output.error_text());
        let told = if stderr.trim().is_empty() { stdout.trim() } else { stderr.trim() };
        let msg = format!("can't {}: {told}", self.what);
        let mut results = results(output);
        results.insert("cmd".into(), command.shown().into());
        results.extend(self.on_failure.clone());
        Stop::Failed(Failure { msg, results })
    }
}

impl Effect for ToolChange {
    fn describe(&self) -> Description {
        let mut description =
            Description::new(self.sign, self.what.clone()).unknown(self.unknown.clone());
        description.facts.clone_from(&self.facts);
        description
    }

    fn counts(&self) -> bool {
        self.counts
    }

    fn tells(&self) -> Option<Why> {
        let why = || self.unknown.clone().unwrap_or_else(|| Why(self.what.clone()));
        self.tells.then(why)
    }

    fn expect(&self, expected: &mut Expected) {
        for folder in &self.below {
            expected.folder_pending(&self.what, folder);
        }
        for (path, state) in &self.makes {
            if state.is_none() {
                expected.clear(path);
            }
            expected.settle(path.clone(), state.clone());
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        let laid = match &self.input {
            Some((name, blob)) => Some(Laid::new(name, &real.fetch(blob)?)?),
            None => None,
        };
        let mut told = Map::new();
        for step in &self.steps {
            let command = laid.as_ref().map_or_else(|| step.clone(), |laid| laid.in_command(step));
            let output = real.run(&command)?;
            if !output.ok() {
                return Err(self.failed(&command, &output));
            }
            told = results(&output);
        }
        Ok(told)
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}

/// What the last of the programs said.
fn results(output: &Output) -> Map {
    let mut results = Map::new();
    results.insert("rc".into(), i64::from(output.rc).into());
    results.insert("stdout".into(), output.text().into());
    results.insert("stdout_lines".into(), lines(&output.text()).into());
    results.insert("stderr".into(), output.error_text().into());
    results.insert("stderr_lines".into(), lines(&output.error_text()).into());
    results
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::ToolChange;
    use crate::blob::Blob;
    use crate::change::{Change, Effect, FileKind, FileState, Sign};
    use crate::host::expected::Expected;
    use crate::host::overlay::{Overlay, assume};
    use crate::host::real::Real;
    use crate::host::{Command, Host, Look};
    use crate::stop::{Stop, Why};

    fn tool(steps: &[&[&str]]) -> ToolChange {
        let steps = steps.iter().map(|step| Command::new(step.iter().copied())).collect();
        ToolChange::new(Sign::Modify, "unpack it", steps)
    }

    #[test]
    fn programs_run_in_order_and_see_the_content() {
        let root = tempfile::tempdir().unwrap();
        let out = root.path().join("out").display().to_string();
        let mut change = tool(&[&["cp", "%s", &out], &["cat", &out]]);
        change.input = Some(("name.txt".into(), Blob::new(&b"content"[..])));
        let told = change.perform(&Real::new()).unwrap();
        assert_eq!(told["stdout"].as_str(), Some("content"));
        let failing = tool(&[&["sh", "-c", "echo why >&2; exit 3"], &["touch", "/never"]]);
        assert_eq!(failing.perform(&Real::new()).unwrap_err().to_string(), "can't unpack it: why");
    }

    #[test]
    fn what_lies_in_a_folder_that_is_rewritten_can_not_be_told() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("app")).unwrap();
        fs::write(at("app/old"), "old").unwrap();
        let mut change = tool(&[]);
        let open = FileState::of(FileKind::Open(Why("it".into())));
        change.below = vec![at("app")];
        change.makes = vec![(at("app/made"), Some(open))];
        let (real, mut expected) = (Real::new(), Expected::default());
        assume(&real, &mut expected, &[Change::Tool(change)]).unwrap();
        let overlay = Overlay { base: &real, expected: &expected };
        let look = |path: &Path| overlay.look(path).unwrap();
        assert!(matches!(look(&at("app/old")), Look::Unknown(_)));
        assert!(matches!(look(&at("app/new")), Look::Unknown(_)));
        assert!(matches!(look(&at("app")), Look::Is(_)));
        assert_eq!(look(&at("other")), Look::Absent);
        assert!(matches!(look(&at("app/made")), Look::Is(_)));
        assert!(matches!(overlay.content(&at("app/made")), Err(Stop::Unknown(_))));
        assert!(matches!(overlay.list(&at("app")), Err(Stop::Unknown(_))));
    }
}
