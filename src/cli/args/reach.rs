//! Options of every command that works on hosts.

use clap::Args;

use crate::cli::args::{BecomeArgs, ConnectArgs, OutputArgs, UnlockArgs};

/// How hosts are reached, what opens secrets, and what is shown.
#[derive(Args, Debug, Default)]
pub(crate) struct ReachArgs {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    #[command(flatten)]
    pub(crate) escalate: BecomeArgs,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
