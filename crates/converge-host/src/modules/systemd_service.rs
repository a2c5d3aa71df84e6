//! The module `systemd_service`, also known as `systemd`.

use crate::args::{Args, Choice};
use crate::change::Changes;
use crate::host::{Host, Scope};
use crate::modules::Module;
use crate::modules::unit_state::{self, State, Wanted};
use crate::stop::Result;

/// Manages systemd units.
///
/// Starts, stops, enables and masks units of the system or of a user, and lets systemd read its files again.
#[derive(Args, Debug)]
#[module(name = "systemd_service", alias = "systemd")]
#[module(required_if("state", "started", "name"), required_if("state", "stopped", "name"))]
#[module(required_if("state", "restarted", "name"), required_if("state", "reloaded", "name"))]
#[module(required_if("enabled", "true", "name"), required_if("enabled", "false", "name"))]
#[module(required_if("masked", "true", "name"), required_if("masked", "false", "name"))]
pub(crate) struct SystemdService {
    /// The unit. Without a suffix it is a service; of a template the instance is named, as in `foo@bar`.
    #[arg(alias = "service", alias = "unit")]
    name: Option<String>,
    /// What the unit shall do.
    state: Option<State>,
    /// Whether it starts at boot.
    enabled: Option<bool>,
    /// Whether it is masked, so that nothing can start it.
    masked: Option<bool>,
    /// Replace links that stand in the way of enabling.
    force: Option<bool>,
    /// Let systemd read its unit files again first.
    #[arg(alias = "daemon-reload", default = "no")]
    daemon_reload: bool,
    /// Start systemd itself anew first.
    #[arg(alias = "daemon-reexec", default = "no")]
    daemon_reexec: bool,
    /// Whose systemd: the system's, the user's own, or the configuration of all users.
    #[arg(default = "system")]
    scope: ScopeWord,
    /// Don't wait until the unit has started or stopped.
    #[arg(default = "no")]
    no_block: bool,
}

/// Which systemd is asked.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeWord {
    /// The system's.
    System,
    /// The user's own.
    User,
    /// The configuration of all users.
    Global,
}

impl Module for SystemdService {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let wanted = Wanted {
            name: self.name.as_deref(),
            state: self.state,
            enabled: self.enabled,
            masked: self.masked,
            daemon_reload: self.daemon_reload,
            daemon_reexec: self.daemon_reexec,
            scope: self.scope.into(),
            no_block: self.no_block,
            force: self.force.unwrap_or(false),
        };
        unit_state::plan(&wanted, host, changes)
    }
}

impl From<ScopeWord> for Scope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::System => Self::System,
            ScopeWord::User => Self::User,
            ScopeWord::Global => Self::Global,
        }
    }
}
