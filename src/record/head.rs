//! What a plan or run was about.

use serde::{Deserialize, Serialize};

use crate::git::Revision;

/// What a plan or run was about: shown above it and kept with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The project's folder.
    pub project: String,
    /// Its state in git; none outside of git.
    #[serde(default)]
    pub revision: Option<Revision>,
    /// The inventories, as they were named.
    pub inventory: Vec<String>,
    /// The playbooks, relative to the project where they lie in it.
    pub playbooks: Vec<String>,
    /// Options that narrow or change what is done, as they would be typed; never a secret.
    #[serde(default)]
    pub options: Vec<String>,
}
