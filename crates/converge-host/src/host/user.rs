//! Accounts and groups.

use serde::{Deserialize, Serialize};

use crate::host::Principal;

/// An account, as passwd(5) has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User number; none for an account that is only planned and gets the next free one.
    pub uid: Option<u32>,
    /// The primary group.
    pub group: Principal,
    /// The comment field (GECOS).
    pub comment: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A group, as group(5) has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Number; none for a group that is only planned and gets the next free one.
    pub gid: Option<u32>,
    /// The names of its members, those whose primary group it is left out.
    pub members: Vec<String>,
}

impl User {
    /// As the owner of a file.
    pub fn principal(&self) -> Principal {
        Principal { name: self.name.clone(), id: self.uid }
    }
}

impl Group {
    /// As the group of a file.
    pub fn principal(&self) -> Principal {
        Principal { name: self.name.clone(), id: self.gid }
    }
}
