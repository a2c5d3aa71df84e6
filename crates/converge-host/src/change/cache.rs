//! The package manager's lists refreshed.

use serde::{Deserialize, Serialize};

use crate::host::{Command, Manager};

/// A refresh of what a package manager knows of its repositories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CacheChange {
    /// Whose lists.
    pub manager: Manager,
    /// The command that does it.
    pub command: Command,
    /// Whether it alone makes the task "changed".
    pub counts: bool,
}
