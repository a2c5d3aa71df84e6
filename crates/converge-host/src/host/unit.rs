//! systemd units.

use serde::{Deserialize, Serialize};

use crate::data::{Data, Map};
use crate::stop::Why;

/// Which systemd is asked.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Scope {
    /// The system's.
    #[default]
    System,
    /// The user's own.
    User,
    /// The configuration of all users.
    Global,
}

/// A unit as `systemctl show` tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// With its suffix: `nginx.service`.
    pub name: String,
    /// Whether it exists; unknown where something planned may bring it.
    pub exists: Existence,
    /// Whether it runs (`active`, `reloading`, `activating`).
    pub active: bool,
    /// The state of its file: `enabled`, `disabled`, `static`, `masked`, `generated`, …; empty where it has none.
    pub file_state: String,
    /// Whether its file changed since systemd read it.
    pub needs_reload: bool,
    /// Every property.
    pub properties: Map,
}

/// Whether a unit exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existence {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Something planned may bring it.
    Unknown(Why),
}

impl Unit {
    /// Whether it starts at boot.
    pub fn enabled(&self) -> bool {
        matches!(
            self.file_state.as_str(),
            "enabled" | "alias" | "static" | "indirect" | "generated"
        )
    }

    /// Whether it is masked.
    pub fn masked(&self) -> bool {
        self.file_state.starts_with("masked")
    }

    /// A property as text.
    pub fn property(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Data::as_str).unwrap_or("")
    }
}
