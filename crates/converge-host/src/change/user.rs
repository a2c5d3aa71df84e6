//! Accounts made, changed, removed.

use serde::{Deserialize, Serialize};

use crate::host::{Command, User};

/// A change of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserChange {
    /// The account now; none where there is none.
    pub before: Option<User>,
    /// The account then; none removes it.
    pub after: Option<User>,
    /// The supplementary groups that it is in afterwards, where they change.
    pub groups: Option<Vec<String>>,
    /// Further facts for a person, never a password: `password set`, `expires 2027-01-01`.
    pub facts: Vec<String>,
    /// Whether the home directory is made, moved or removed with it.
    pub home: bool,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
}
