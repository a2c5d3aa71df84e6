//! Options of commands that plan and never apply.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{BecomeArgs, ConnectArgs, OutputArgs, RunArgs, SelectArgs, UnlockArgs};

/// What is looked at, and how it is reached.
#[derive(Args, Debug)]
pub(crate) struct LookArgs {
    /// Playbooks: paths, or names in the project's `playbooks` folder [default: site.yml there]
    #[arg(value_name = "PLAYBOOK")]
    pub(crate) playbooks: Vec<PathBuf>,

    /// The inventory: a name in the project's `inventory` folder, a path, or hosts with commas
    #[arg(short, long, value_name = "INVENTORY", help_heading = "What to look at")]
    pub(crate) inventory: Vec<String>,

    /// Only hosts that this pattern matches; @FILE reads names from a file
    #[arg(short, long, value_name = "PATTERN", help_heading = "What to look at")]
    pub(crate) limit: Option<String>,

    /// Set variables: `name=value`, YAML or JSON, or @FILE
    #[arg(
        short = 'e',
        long,
        value_name = "VARS",
        help_heading = "What to look at",
        allow_hyphen_values = true
    )]
    pub(crate) extra_vars: Vec<String>,

    /// Work on at most so many hosts at once
    #[arg(
        short,
        long,
        value_name = "N",
        help_heading = "What to look at",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) forks: Option<u32>,

    /// Don't run commands on the hosts, not even those that change nothing
    #[arg(long, help_heading = "What to look at")]
    pub(crate) no_probes: bool,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,

    #[command(flatten)]
    pub(crate) escalate: BecomeArgs,

    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

impl LookArgs {
    /// The options of the plan that is made.
    pub(crate) fn run(self) -> RunArgs {
        RunArgs {
            playbooks: self.playbooks,
            inventory: self.inventory,
            check: true,
            extra_vars: self.extra_vars,
            forks: self.forks,
            no_probes: self.no_probes,
            select: SelectArgs { limit: self.limit, ..SelectArgs::default() },
            connect: self.connect,
            escalate: self.escalate,
            unlock: self.unlock,
            output: self.output,
            ..RunArgs::default()
        }
    }
}
