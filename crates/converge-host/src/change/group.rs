//! Groups made, changed, removed.

use serde::{Deserialize, Serialize};

use crate::host::{Command, Group};

/// A change of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupChange {
    /// The group now; none where there is none.
    pub before: Option<Group>,
    /// The group then; none removes it.
    pub after: Option<Group>,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
}
