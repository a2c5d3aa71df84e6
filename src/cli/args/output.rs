//! Options of what is shown.

use clap::{ArgAction, Args, ValueEnum};

/// What is shown.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "What is shown")]
pub(crate) struct OutputArgs {
    /// Show diffs while applying, too
    #[arg(short = 'D', long)]
    pub(crate) diff: bool,

    /// Show more: tasks without changes, results, whole diffs; give it up to five times
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Don't show a plan that is longer than the screen in a pager
    ///
    /// The pager is what CONVERGE_PAGER says, or PAGER, or `less`.
    #[arg(long)]
    pub(crate) no_pager: bool,

    /// For people, or one JSON document for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, overrides_with = "format")]
    pub(crate) format: Format,

    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, overrides_with = "color")]
    pub(crate) color: ColorArg,
}

/// Forms of what is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text
    #[default]
    Human,
    /// One JSON document on standard output; progress goes to standard error
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorArg {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
