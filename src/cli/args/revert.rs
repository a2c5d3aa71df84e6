//! `converge revert`.

use clap::Args;

use crate::cli::args::{ReachArgs, RunArgs, ScopeArgs, SelectArgs};

/// Taking back what a run did.
#[derive(Args, Debug)]
pub(crate) struct RevertArgs {
    /// The name of the run as `history` lists it, its beginning, or `last`
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    /// The inventory; that of the run where none is given
    #[arg(short, long, value_name = "INVENTORY")]
    pub(crate) inventory: Vec<String>,
    /// Only hosts that this pattern matches
    #[arg(short, long, value_name = "PATTERN")]
    pub(crate) limit: Option<String>,
    /// Only show what would be taken back
    #[arg(short = 'C', long)]
    pub(crate) check: bool,
    /// Take it back without asking
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
    /// Apply a protected environment all the same, and say why
    #[arg(
        long = "override",
        value_name = "REASON",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(crate) overriding: Option<String>,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
}

impl RevertArgs {
    /// The options of the run that takes it back.
    pub(crate) fn into_run(self, inventory: Vec<String>) -> RunArgs {
        let inventory = if self.inventory.is_empty() { inventory } else { self.inventory };
        RunArgs {
            scope: ScopeArgs { inventory, ..ScopeArgs::default() },
            check: self.check,
            yes: self.yes,
            overriding: self.overriding,
            select: SelectArgs { limit: self.limit, ..SelectArgs::default() },
            reach: self.reach,
            ..RunArgs::default()
        }
    }
}
