//! Options of running playbooks.

use clap::{ArgAction, Args};

use crate::cli::args::{ReachArgs, ScopeArgs, SelectArgs};

/// Running playbooks.
#[derive(Args, Debug, Default)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,

    /// Only show what would change
    #[arg(short = 'C', long, help_heading = "What to do")]
    pub(crate) check: bool,

    /// Apply without asking
    #[arg(short = 'y', long, help_heading = "What to do")]
    pub(crate) yes: bool,

    /// Run handlers even on hosts where a task failed
    #[arg(long, help_heading = "What to do")]
    pub(crate) force_handlers: bool,

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
    pub(crate) reach: ReachArgs,
}
