//! Packages installed, upgraded, removed.

use serde::{Deserialize, Serialize};

use crate::host::{Command, Manager};

/// One transaction of a package manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackagesChange {
    /// Whose packages.
    pub manager: Manager,
    /// What happens to which package.
    pub actions: Vec<PackageAction>,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
}

/// What happens to one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageAction {
    /// Its name, without version.
    pub name: String,
    /// The version now; none where it is not installed.
    pub from: Option<String>,
    /// The version then; none where it is removed, empty where the manager can't tell it yet.
    pub to: Option<String>,
}
