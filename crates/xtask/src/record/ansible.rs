//! Running ansible-playbook so that only the playbook decides what happens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::Mode;

use crate::process;
use crate::record::case::Case;
use crate::record::story::{Run, Story};
use crate::record::tree;
use crate::reference::Reference;
use crate::say;

/// The callback plugin, which is put into a folder of its own for each recording.
const PLUGIN: &str = include_str!("converge_record.py");

/// ansible-playbook, ready to record.
#[derive(Debug)]
pub(crate) struct Ansible {
    /// The version of ansible-core.
    pub(crate) version: String,
    playbook: PathBuf,
    bin: PathBuf,
    home: tempfile::TempDir,
}

impl Ansible {
    /// Prepares the ansible-playbook of an environment.
    pub(crate) fn new(reference: &Reference) -> Result<Self> {
        let playbook = reference.program("ansible-playbook");
        let about = process::Run::new(&playbook).arg("--version").output()?;
        let version = about.lines().next().and_then(|line| line.split(['[', ']']).nth(1));
        let version = version
            .and_then(|core| core.strip_prefix("core "))
            .context("ansible-playbook names no version")?;
        let home = tempfile::tempdir()?;
        fs::create_dir(home.path().join("plugins"))?;
        fs::write(home.path().join("plugins/converge_record.py"), PLUGIN)?;
        Ok(Self { version: version.to_owned(), playbook, bin: reference.bin(), home })
    }

    /// Makes all runs of a case, one after another in the same `workdir`.
    pub(crate) fn record(&self, case: &Case) -> Result<Vec<Run>> {
        // What a playbook leaves to the umask is recorded too.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        let scratch = tempfile::tempdir()?;
        let workdir = scratch.path().join("work");
        fs::create_dir(&workdir)?;
        for passed in [scratch.path(), &workdir] {
            // The users that a playbook becomes must be able to pass.
            fs::set_permissions(passed, fs::Permissions::from_mode(0o755))?;
        }
        let mut runs = Vec::new();
        let mut before = None;
        for arguments in &case.runs {
            let mut run = self.run(case, arguments, &workdir)?;
            if run.files == before {
                run.files = None;
            } else {
                before = run.files.clone();
            }
            runs.push(run);
        }
        Ok(runs)
    }

    fn run(&self, case: &Case, arguments: &[String], workdir: &Path) -> Result<Run> {
        let log = self.home.path().join("log");
        fs::write(&log, "")?;
        let output = self.command(case, workdir, &log).args(arguments).finish()?;
        let mask = |text: &str| {
            text.replace(&*workdir.to_string_lossy(), "<workdir>")
                .replace(&*case.dir.to_string_lossy(), "<case>")
        };
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let story =
            Story::read(&mask(&fs::read_to_string(&log)?)).with_context(|| stderr.clone())?;
        let Some(exit) = output.status.code() else {
            bail!("ansible-playbook ended with {}", output.status)
        };
        if !matches!(exit, 0 | 2) {
            // It may be what the case is about, and whoever records has to see which error it is.
            say::progress(
                "record-playbooks",
                &format!("{} ended with {exit}: {}", case.name, stderr.trim_end()),
            );
        }
        let files = Some(tree::read(workdir, &mask)?);
        Ok(Run {
            arguments: arguments.to_vec(),
            exit,
            plays: story.plays,
            recap: story.recap,
            files,
        })
    }

    fn command(&self, case: &Case, workdir: &Path, log: &Path) -> process::Run {
        let home = self.home.path();
        let path = std::env::join_paths([
            self.bin.as_path(),
            "/usr/sbin".as_ref(),
            "/usr/bin".as_ref(),
            "/sbin".as_ref(),
            "/bin".as_ref(),
        ]);
        process::Run::new("env")
            .arg("-i")
            .arg(format!("PATH={}", path.unwrap_or_default().to_string_lossy()))
            .args(["LC_ALL=C.UTF-8", "PLAYBOOK_GREETING=hello from the environment"])
            .arg(format!("HOME={}", home.display()))
            .arg(format!("CONVERGE_RECORD={}", log.display()))
            .arg(format!("ANSIBLE_CALLBACK_PLUGINS={}", home.join("plugins").display()))
            .args(["ANSIBLE_STDOUT_CALLBACK=converge_record", "ANSIBLE_RETRY_FILES_ENABLED=0"])
            // The machine's own, because the environment's may lie where other users cannot go.
            .arg("ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3")
            // One process, so that results come in the order of the hosts.
            .arg("ANSIBLE_FORKS=1")
            .arg(&self.playbook)
            .arg("-i")
            .arg(&case.inventory)
            .arg("-e")
            .arg(format!("workdir={}", workdir.display()))
            .arg("site.yml")
            .dir(&case.dir)
    }
}
