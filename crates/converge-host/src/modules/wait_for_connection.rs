//! `wait_for_connection`: the host answers. The controller tries until it does; then there is nothing left to do here.

use crate::args::Args;
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::stop::Result;

/// Waits until the host can be reached.
#[derive(Args, Debug)]
#[module(name = "wait_for_connection")]
pub(crate) struct WaitForConnection {
    /// How many seconds one try may take.
    #[arg(name = "connect_timeout", default = "5")]
    _connect_timeout: i64,
    /// How many seconds to wait before the first try.
    #[arg(name = "delay", default = "0")]
    _delay: i64,
    /// How many seconds lie between two tries.
    #[arg(name = "sleep", default = "1")]
    _sleep: i64,
    /// How many seconds it may take.
    #[arg(name = "timeout", default = "600")]
    _timeout: i64,
}

impl Module for WaitForConnection {
    fn plan(&self, _host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("elapsed", 0_i64);
        Ok(())
    }
}
