//! Playbooks do what ansible-playbook does with them: every folder of `tests/playbooks` is a test.
//!
//! What Ansible did is in the folder's `expected.json`, recorded by `cargo xtask record-playbooks`; converge is run in the same way and what
//! it tells with `--format json` is brought into the same shape (`told`) and compared (`compare`). tests/playbooks/README.md says what is in
//! a recording. What holds for every playbook is tried of each (`properties`).

#![allow(clippy::print_stderr, reason = "a test tells where it differs")]

#[path = "scenarios/agree.rs"]
mod agree;
#[path = "playbooks/compare.rs"]
mod compare;
#[path = "playbooks/properties.rs"]
mod properties;
#[path = "playbooks/told.rs"]
mod told;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::record::case::Case;
use xtask::record::tree;

use crate::compare::Comparison;
use crate::properties::hold;

datatest_stable::harness! {
    { test = check, root = "tests/playbooks", pattern = r"^[^/]+/expected\.json$" },
    { test = hold, root = "tests/playbooks", pattern = r"^[^/]+/site\.yml$" },
}

/// More differences than these are only counted.
const SHOWN: usize = 40;

/// The folders of one case.
struct Stage {
    folder: TempDir,
}

fn check(path: &Path) -> datatest_stable::Result<()> {
    let dir = path.parent().unwrap_or(path).canonicalize()?;
    let case = Case::read(dir.parent().unwrap_or(&dir), dir.clone())?;
    if needs_sudo(&case) && !can_sudo() {
        eprintln!("{}: left out, because it needs sudo without a password", case.name);
        return Ok(());
    }
    let expected: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let expected = expected["runs"].as_array().cloned().unwrap_or_default();
    if expected.len() != case.runs.len() {
        return Err("it was not recorded since its `# run:` lines changed".into());
    }
    let stage = Stage::new()?;
    let mut files = Value::Null;
    let mut differences = Vec::new();
    for (arguments, want) in case.runs.iter().zip(&expected) {
        let got = stage.run(&case, arguments)?;
        if let Some(recorded) = want.get("files") {
            files = recorded.clone();
        }
        let check = arguments.iter().any(|argument| argument == "--check");
        let found = Comparison::new(check).run(want, &got, &files);
        if !found.is_empty() {
            differences.push(format!("run {arguments:?}:"));
            differences.extend(found);
        }
    }
    if differences.is_empty() {
        return Ok(());
    }
    let count = differences.len();
    differences.truncate(SHOWN);
    eprintln!("{}", differences.join("\n"));
    Err(format!("{} differs from what Ansible does: {count} differences, see above", case.name)
        .into())
}

impl Stage {
    fn new() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["work", "home", "state"] {
            fs::create_dir(folder.path().join(name))?;
        }
        for passed in [folder.path().to_path_buf(), folder.path().join("work")] {
            // The users that a playbook becomes must be able to pass.
            fs::set_permissions(passed, fs::Permissions::from_mode(0o755))?;
        }
        symlink(env!("CARGO_BIN_EXE_converge"), folder.path().join("ansible-playbook"))?;
        Ok(Self { folder })
    }

    /// What converge told and left, in the shape of a recording.
    fn run(&self, case: &Case, arguments: &[String]) -> datatest_stable::Result<Value> {
        let here = self.folder.path();
        let workdir = here.join("work");
        let output = Command::new("/bin/sh")
            .args(["-c", "umask 022; exec \"$@\"", "sh"])
            .arg(here.join("ansible-playbook"))
            .arg("-i")
            .arg(&case.inventory)
            .arg("-e")
            .arg(format!("workdir={}", workdir.display()))
            .args(arguments)
            .args(["--forks=1", "-v", "--format=json", "site.yml"])
            .current_dir(&case.dir)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", here.join("home"))
            .env("XDG_STATE_HOME", here.join("state"))
            .env("PLAYBOOK_GREETING", "hello from the environment")
            .stdin(Stdio::null())
            .output()?;
        let mask = |text: &str| {
            text.replace(&*workdir.to_string_lossy(), "<workdir>")
                .replace(&*case.dir.to_string_lossy(), "<case>")
        };
        let document = mask(&String::from_utf8(output.stdout)?);
        let mut told = match serde_json::from_str(&document) {
            Ok(document) => told::run(&document),
            Err(error) => {
                let errors = String::from_utf8_lossy(&output.stderr);
                return Err(format!("no document: {error}\n{document}\n{errors}").into());
            }
        };
        told["exit"] = json!(output.status.code());
        told["files"] = serde_json::to_value(tree::read(&workdir, &mask)?)?;
        Ok(told)
    }
}

fn needs_sudo(case: &Case) -> bool {
    let text = fs::read_to_string(case.dir.join("site.yml")).unwrap_or_default();
    text.lines().take_while(|line| line.starts_with('#')).any(|line| line == "# needs: sudo")
}

fn can_sudo() -> bool {
    Command::new("sudo").args(["-n", "true"]).output().is_ok_and(|output| output.status.success())
}
