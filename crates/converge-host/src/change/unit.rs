//! systemd units started, stopped, enabled.

use serde::{Deserialize, Serialize};

use crate::host::Scope;
use crate::stop::Why;

/// What happens to a systemd unit, or to systemd itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitChange {
    /// With its suffix; none for a mere reload of systemd's configuration.
    pub name: Option<String>,
    /// Whose systemd.
    pub scope: Scope,
    /// What is done, in order.
    pub actions: Vec<UnitAction>,
    /// Whether it ran before; none where that can't be told.
    pub was_active: Option<bool>,
    /// Whether it was enabled before; none where that can't be told.
    pub was_enabled: Option<bool>,
    /// Why the state before can't be told.
    pub unknown: Option<Why>,
}

/// One thing done to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnitAction {
    /// `systemctl daemon-reload`.
    DaemonReload,
    /// `systemctl daemon-reexec`.
    DaemonReexec,
    /// `systemctl unmask`.
    Unmask,
    /// `systemctl mask`.
    Mask,
    /// `systemctl enable`.
    Enable,
    /// `systemctl disable`.
    Disable,
    /// `systemctl start`.
    Start,
    /// `systemctl stop`.
    Stop,
    /// `systemctl restart`.
    Restart,
    /// `systemctl reload`.
    Reload,
}
