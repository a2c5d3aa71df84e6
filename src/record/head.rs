//! What a plan or run was about.

use serde::{Deserialize, Serialize};

use crate::git::{Logged, Revision};

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
    /// The declared environments that its hosts belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<EnvironmentHead>,
}

/// An environment as a plan or run found it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentHead {
    /// Its name.
    pub name: String,
    /// Whether it is applied only where nothing is missing.
    pub protected: bool,
    /// What passed where it must, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<String>,
    /// What is missing, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What was applied to it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Applied>,
    /// The commits since then, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Logged>,
    /// Those that were applied then, and are not part of this commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_back: Vec<Logged>,
    /// What the plan holds that the environments before were not given; none where that can't be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Vec<NewItem>>,
    /// Why it is applied although something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
}

/// Something that a plan holds, and the plans of the environments before did not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewItem {
    /// The task.
    pub task: String,
    /// What it changes.
    pub what: String,
    /// The hosts.
    pub hosts: Vec<String>,
}

/// What was applied to an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The commit.
    pub commit: String,
    /// When, in words.
    pub at: String,
    /// The run.
    pub run: String,
    /// Why it was applied although something was missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<Override>,
}

/// Why a protected environment is applied although something is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The reason that was given.
    pub reason: String,
    /// Who gave it.
    pub who: String,
}
