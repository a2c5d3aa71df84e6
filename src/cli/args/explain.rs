//! `converge explain`.

use clap::Args;

use crate::cli::args::LookArgs;

/// Asking why.
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A task, by its name (`nginx : Configure`) or place (`roles/nginx/tasks/main.yml:36`); or a host
    #[arg(value_name = "TASK|HOST")]
    pub(crate) what: String,

    #[command(flatten)]
    pub(crate) look: LookArgs,
}
