//! Options of running playbooks.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::args::{BecomeArgs, ConnectArgs, OutputArgs, SelectArgs, UnlockArgs};

/// Running playbooks.
#[derive(Args, Debug, Default)]
pub(crate) struct RunArgs {
    /// Playbooks: paths, or names in the project's `playbooks` folder [default: site.yml there]
    #[arg(value_name = "PLAYBOOK")]
    pub(crate) playbooks: Vec<PathBuf>,

    /// The inventory: a name in the project's `inventory` folder, a path, or hosts with commas
    ///
    /// May be given several times. Without it, `ansible.cfg` decides, or the only inventory that there is.
    #[arg(
        short,
        long,
        value_name = "INVENTORY",
        help_heading = "What to do",
        alias = "inventory-file"
    )]
    pub(crate) inventory: Vec<String>,

    /// Only show what would change
    #[arg(short = 'C', long, help_heading = "What to do")]
    pub(crate) check: bool,

    /// Apply without asking
    #[arg(short = 'y', long, help_heading = "What to do")]
    pub(crate) yes: bool,

    /// Set variables: `name=value`, YAML or JSON, or @FILE
    ///
    /// May be given several times; later ones win. They win over every variable of the project.
    #[arg(
        short = 'e',
        long,
        value_name = "VARS",
        help_heading = "What to do",
        allow_hyphen_values = true
    )]
    pub(crate) extra_vars: Vec<String>,

    /// Run handlers even on hosts where a task failed
    #[arg(long, help_heading = "What to do")]
    pub(crate) force_handlers: bool,

    /// Work on at most so many hosts at once
    #[arg(
        short,
        long,
        value_name = "N",
        help_heading = "What to do",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) forks: Option<u32>,

    /// Don't run commands while planning, not even those that change nothing
    ///
    /// Planning runs what says that it changes nothing (`changed_when: false`, `check_mode: false`, and `converge-probes.yml`)
    /// and lists it. With this option, such a command and what depends on it can't be told before applying.
    #[arg(long, help_heading = "What to do")]
    pub(crate) no_probes: bool,

    /// Run the project as of this commit of git; the working tree stays as it is
    #[arg(long, value_name = "REV", help_heading = "What to do", overrides_with = "at")]
    pub(crate) at: Option<String>,

    /// Apply a protected environment all the same, and say why
    ///
    /// Is asked for twice on a terminal, kept in the history, and shown in every later plan of that environment.
    #[arg(
        long = "override",
        value_name = "REASON",
        help_heading = "What to do",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(crate) overriding: Option<String>,

    /// Accepted for Ansible's sake: converge gathers facts anew on each run
    #[arg(long, help_heading = "What to do", hide = true, action = ArgAction::SetTrue)]
    pub(crate) flush_cache: bool,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    #[command(flatten)]
    pub(crate) connect: ConnectArgs,

    #[command(flatten)]
    pub(crate) escalate: BecomeArgs,

    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
