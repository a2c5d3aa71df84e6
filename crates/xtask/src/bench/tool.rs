//! The tools, and how each is told to do a job.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::bench::stage::Stage;
use crate::fleet::place::workspace;
use crate::process::Run;
use crate::reference::Reference;

/// Where a helper of converge may have been left on a host, for a shell there.
const HELPERS: &str = "\"$HOME/.cache/converge\" \"/var/tmp/converge-$(id -u)\" \"/tmp/converge-$(id -u)\" \
                       \"/dev/shm/converge-$(id -u)\" \"/run/user/$(id -u)/converge\"";

/// A tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Tool {
    /// A shell script that ssh carries: what nothing can be faster than
    Ssh,
    /// This project, with its helper on the host
    Converge,
    /// This project, on a host that has never seen its helper
    ConvergeCold,
    /// This project, which only plans, with its helper on the host
    ConvergePlan,
    /// ansible-core with pipelining, connections kept for the run, and as many forks as it has by default
    Ansible,
    /// The same with mitogen's strategy
    Mitogen,
    /// pyinfra
    Pyinfra,
}

/// Where the programs of the tools are.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The environment of those that are in Python, where any of them is asked for.
    reference: Option<Reference>,
    converge: PathBuf,
}

impl Tool {
    /// What results call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Converge | Self::ConvergeCold | Self::ConvergePlan => "converge",
            Self::Ansible => "ansible",
            Self::Mitogen => "mitogen",
            Self::Pyinfra => "pyinfra",
        }
    }

    /// Whether something of it is on the host when it begins.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::Converge => "warm",
            Self::ConvergeCold => "cold",
            Self::ConvergePlan => "plan",
            // These leave nothing on a host that a later run would find.
            _ => "-",
        }
    }

    /// What must be run on a host before the tool is, so that it is in its state.
    pub(crate) fn before(self) -> Option<String> {
        (self == Self::ConvergeCold).then(|| format!("rm -rf -- {HELPERS}"))
    }

    /// Whether what it printed says that it changed something.
    pub(crate) fn changed(self, printed: &str) -> bool {
        match self {
            Self::Ssh | Self::Pyinfra => false,
            _ => printed
                .split_whitespace()
                .filter_map(|word| word.strip_prefix("changed="))
                .any(|count| count != "0"),
        }
    }
}

impl Programs {
    /// Installs and builds what `tools` need.
    pub(crate) fn ready(tools: &[Tool]) -> Result<Self> {
        let python = tools.iter().any(|tool| !matches!(tool.name(), "converge" | "ssh"));
        let reference = python.then(|| Reference::ensure("bench")).transpose()?;
        let converge = workspace().join("target/release/converge");
        if tools.iter().any(|tool| tool.name() == "converge") {
            Run::cargo()
                .args(["build", "--quiet", "--release", "--package", "converge", "--target-dir"])
                .arg(workspace().join("target"))
                .dir(workspace())
                .run()
                .context("converge does not build; `--tool` chooses others")?;
        }
        Ok(Self { reference, converge })
    }

    /// The command that does the job of a stage. `control` is a new folder for sockets.
    pub(crate) fn command(
        &self,
        tool: Tool,
        stage: &Stage,
        control: &std::path::Path,
    ) -> Result<Run> {
        let command = match tool {
            Tool::Ssh => Run::new("sh").arg(stage.dir().join("ssh.sh")),
            Tool::Converge | Tool::ConvergeCold => {
                Run::new(&self.converge).args(["bench.yml", "-i", "inventory.yml", "--yes"])
            }
            // It exits with another status than 0 where anything would change.
            Tool::ConvergePlan => {
                Run::new(&self.converge).args(["bench.yml", "-i", "inventory.yml", "--check"])
            }
            Tool::Ansible => self.ansible(control)?,
            Tool::Mitogen => self
                .ansible(control)?
                .env("ANSIBLE_STRATEGY_PLUGINS", self.reference()?.mitogen_strategies()?)
                .env("ANSIBLE_STRATEGY", "mitogen_linear"),
            Tool::Pyinfra => Run::new(self.reference()?.program("pyinfra")).args([
                "-y",
                "inventory.py",
                "deploy.py",
            ]),
        };
        Ok(command.dir(stage.dir()))
    }

    fn reference(&self) -> Result<&Reference> {
        self.reference.as_ref().context("no tool in Python was asked for")
    }

    fn ansible(&self, control: &std::path::Path) -> Result<Run> {
        let options = format!(
            "-o ControlMaster=auto -o ControlPersist=60s -o ControlPath=\"{}/%C\"",
            control.display()
        );
        Ok(Run::new(self.reference()?.program("ansible-playbook"))
            .args(["-i", "inventory.yml", "bench.yml"])
            .env("ANSIBLE_PIPELINING", "1")
            .env("ANSIBLE_SSH_ARGS", options))
    }
}
