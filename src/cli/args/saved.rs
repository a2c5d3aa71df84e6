//! Options of saving plans and of applying them.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::{OutputArgs, RunArgs, UnlockArgs};

/// `converge plan`.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Save the plan in this new file, for `converge apply`
    #[arg(short, long, value_name = "FILE", help_heading = "What to do")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// `converge apply`.
#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    /// The file that `converge plan -o` wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The variables that were set when the plan was made; their values are not in the file
    #[arg(short = 'e', long, value_name = "VARS", allow_hyphen_values = true)]
    pub(crate) extra_vars: Vec<String>,

    /// Apply a protected environment all the same, and say why
    #[arg(
        long = "override",
        value_name = "REASON",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(crate) overriding: Option<String>,

    /// Work on at most so many hosts at once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) forks: Option<u32>,

    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,

    /// Ask for the password to log in with
    #[arg(short = 'k', long, conflicts_with = "connection_password_file")]
    pub(crate) ask_pass: bool,

    /// Read the password to log in with from the first line of this file
    #[arg(long, value_name = "FILE", alias = "conn-pass-file")]
    pub(crate) connection_password_file: Option<PathBuf>,

    /// Log in with this private key
    #[arg(long, value_name = "FILE", visible_alias = "key-file")]
    pub(crate) private_key: Option<PathBuf>,

    /// Ask for the password that becoming another user wants
    #[arg(short = 'K', long, conflicts_with = "become_password_file")]
    pub(crate) ask_become_pass: bool,

    /// Read that password from the first line of this file
    #[arg(long, value_name = "FILE", alias = "become-pass-file")]
    pub(crate) become_password_file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
