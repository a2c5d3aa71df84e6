//! Options of commands that plan and never apply.

use clap::Args;

use crate::cli::args::{ReachArgs, RunArgs, ScopeArgs, SelectArgs};

/// What is looked at, and how it is reached.
#[derive(Args, Debug)]
pub(crate) struct LookArgs {
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,

    /// Only hosts that this pattern matches; @FILE reads names from a file
    #[arg(short, long, value_name = "PATTERN", help_heading = "What to do")]
    pub(crate) limit: Option<String>,

    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

impl LookArgs {
    /// The options of the plan that is made.
    pub(crate) fn into_run(self) -> RunArgs {
        RunArgs {
            scope: self.scope,
            check: true,
            select: SelectArgs { limit: self.limit, ..SelectArgs::default() },
            reach: self.reach,
            ..RunArgs::default()
        }
    }
}
