//! `ping`: whether a host answers at all.

use crate::args::Args;
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Tells that the host can be reached and that tasks can be run on it.
///
/// It changes nothing and returns `pong`.
#[derive(Args)]
#[module(name = "ping")]
pub(crate) struct Ping {
    /// What is returned; `crash` makes the task fail.
    #[arg(default = "pong")]
    data: String,
}

impl Module for Ping {
    fn plan(&self, _host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if self.data == "crash" {
            return Err(Stop::failed("boom"));
        }
        changes.set("ping", self.data.as_str());
        Ok(())
    }
}
