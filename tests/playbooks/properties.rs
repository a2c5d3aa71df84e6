//! What holds for every playbook, whatever Ansible does with it: planning does nothing and is the same twice, what was planned is
//! what is done, there is nothing to plan once it is done, and what is taken back is as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use converge::record::{Kind, StepRecord, Story, Verdict};
use serde_json::Value;
use xtask::record::case::Case;
use xtask::record::tree::{self, Entry};

use crate::{agree, can_sudo, needs_sudo};

/// What else than the properties is so, by the names of cases.
const BUT: [(&str, &str); 1] = [
    // A lookup of a password writes it, on this machine and while planning, too, as with Ansible.
    ("lookups", "planning did something"),
];

/// What came of a call: all it said, and the story and name of the run among it.
struct Told {
    output: Output,
    story: Option<Story>,
    id: String,
}

/// A case in folders of its own.
struct Trial<'c> {
    case: &'c Case,
    folder: tempfile::TempDir,
}

/// Tries the first run of a case.
pub(crate) fn hold(path: &Path) -> datatest_stable::Result<()> {
    let dir = path.parent().unwrap_or(path).canonicalize()?;
    let case = Case::read(dir.parent().unwrap_or(&dir), dir.clone())?;
    let arguments = case.runs.first().cloned().unwrap_or_default();
    if arguments.iter().any(|argument| argument == "--check") || needs_sudo(&case) && !can_sudo() {
        return Ok(());
    }
    let mut faults = Trial::new(&case)?.faults(&arguments)?;
    faults.retain(|fault| !BUT.iter().any(|(name, but)| *name == case.name && fault.contains(but)));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

impl<'c> Trial<'c> {
    fn new(case: &'c Case) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["work", "home", "state"] {
            fs::create_dir(folder.path().join(name))?;
        }
        for passed in [folder.path().to_path_buf(), folder.path().join("work")] {
            // The users that a playbook becomes must be able to pass.
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(passed, open)?;
        }
        Ok(Self { case, folder })
    }

    fn faults(&self, arguments: &[String]) -> datatest_stable::Result<Vec<String>> {
        let mut faults = Vec::new();
        let before = self.tree()?;
        let Some(plan) = self.plan(arguments)?.story else { return Ok(faults) };
        if let Some(twice) = self.plan(arguments)?.story
            && twice != plan
        {
            faults.push(format!("planned twice, it is another plan: {}", differs(&plan, &twice)));
        }
        if self.tree()? != before {
            faults.push("planning did something".to_owned());
        }
        let applied = self.apply(arguments)?;
        let Some(run) = applied.story else {
            faults.push("it was planned and can't be applied".to_owned());
            return Ok(faults);
        };
        faults.extend(agree::faults(&plan, &run));
        let Some(rest) = self.plan(arguments)?.story else {
            faults.push("it was applied and can't be planned again".to_owned());
            return Ok(faults);
        };
        if rest.tasks().flat_map(|task| &task.steps).any(changes) {
            // A playbook may change something each time; then that is what is planned.
            if let Some(again) = self.apply(arguments)?.story {
                faults.extend(agree::faults(&rest, &again));
            }
            return Ok(faults);
        }
        let taken = self.call(&["revert".into(), applied.id, "--yes".into()])?.output;
        let said = String::from_utf8_lossy(&taken.stdout);
        // What can't be taken back is named, and then it is not as it was.
        let whole = !said.contains("Not taken back") && !failed(&run);
        if whole && run.totals().changes > 0 && self.tree()? != before {
            let errors = String::from_utf8_lossy(&taken.stderr);
            let left = self.tree()?;
            faults.push(format!("taken back, it is not as it was: {left:#?}\n{said}{errors}"));
        }
        Ok(faults)
    }

    fn plan(&self, arguments: &[String]) -> datatest_stable::Result<Told> {
        self.run(arguments, "--check")
    }

    fn apply(&self, arguments: &[String]) -> datatest_stable::Result<Told> {
        self.run(arguments, "--yes")
    }

    fn run(&self, arguments: &[String], how: &str) -> datatest_stable::Result<Told> {
        let inventory = self.case.inventory.display().to_string();
        let workdir = format!("workdir={}", self.folder.path().join("work").display());
        let mut words = vec!["site.yml".into(), "-i".into(), inventory, "-e".into(), workdir];
        words.extend(arguments.iter().cloned());
        words.extend(["--forks=1", "--format=json", how].map(str::to_owned));
        self.call(&words)
    }

    fn call(&self, words: &[String]) -> datatest_stable::Result<Told> {
        let here = self.folder.path();
        let output = Command::new("/bin/sh")
            .args(["-c", "umask 022; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_converge")])
            .args(words)
            .current_dir(&self.case.dir)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", here.join("home"))
            .env("XDG_STATE_HOME", here.join("state"))
            .env("PLAYBOOK_GREETING", "hello from the environment")
            .stdin(Stdio::null())
            .output()?;
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let told = [&document["run"], &document["plan"]];
        let told = told.into_iter().find(|told| told.is_object()).cloned();
        let id = document["id"].as_str().unwrap_or_default().to_owned();
        Ok(Told { output, story: told.map(serde_json::from_value).transpose()?, id })
    }

    fn tree(&self) -> datatest_stable::Result<BTreeMap<String, Entry>> {
        Ok(tree::read(&self.folder.path().join("work"), &str::to_owned)?)
    }
}

/// Whether a step changes something that a plan can see.
fn changes(step: &StepRecord) -> bool {
    step.changes.iter().any(|change| change.counts && change.kind != Kind::Run)
}

fn failed(story: &Story) -> bool {
    let steps = || story.tasks().flat_map(|task| &task.steps);
    steps().any(|step| matches!(step.verdict, Verdict::Failed { .. }))
}

/// The first step that differs.
fn differs(one: &Story, other: &Story) -> String {
    let steps = |story: &Story| -> Vec<String> {
        story.tasks().flat_map(|task| &task.steps).map(|step| format!("{step:?}")).collect()
    };
    let (one, other) = (steps(one), steps(other));
    let first = one.iter().zip(&other).find(|(one, other)| one != other);
    first.map_or_else(
        || format!("{} steps, and {}", one.len(), other.len()),
        |(one, other)| format!("\n{one}\nand\n{other}"),
    )
}
