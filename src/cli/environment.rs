//! What the process was started with: the only place that asks the environment.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use crate::history;

/// What the process was started with.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The folder it was started in.
    pub(crate) here: PathBuf,
    /// The folder of the history.
    pub(crate) state: Option<PathBuf>,
    /// The time zone that times are told in.
    pub(crate) zone: TimeZone,
}

impl Environment {
    /// As it is.
    pub(crate) fn read() -> std::io::Result<Self> {
        let state = history::folder(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"));
        Ok(Self { here: std::env::current_dir()?, state, zone: TimeZone::system() })
    }
}
