//! What the file says.

use std::path::PathBuf;
use std::time::Duration;

use crate::environment::Rollout;
use crate::source::Spanned;

/// What `converge.toml` sets; nothing where there is none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Where the file stands, if there is one.
    pub path: Option<PathBuf>,
    /// The environments, in the order of the file.
    pub environments: Vec<Environment>,
}

/// One environment: hosts that are one step on the way of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// What it is called.
    pub name: Spanned<String>,
    /// Its inventories, as `--inventory` takes them; the one of its own name where none is given.
    pub inventory: Vec<Spanned<String>>,
    /// Whether it is applied only from a clean tree, at a commit that has passed where it must.
    pub protected: bool,
    /// The environments that a commit must have passed first.
    pub after: Vec<Spanned<String>>,
    /// How long such a pass is valid; for ever where nothing is said.
    pub valid: Option<Duration>,
    /// Who may apply it all the same, with a reason; everybody where nothing is said.
    pub may_override: Option<Vec<String>>,
    /// Whose records count.
    pub records: Records,
    /// How a change goes over its hosts.
    pub rollout: Option<Rollout>,
}

/// Whose records count as a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Records {
    /// Those that are sealed with the key that plans are sealed with here.
    #[default]
    Sealed,
    /// Those of everybody who may push to the repository.
    Anyone,
}

impl Settings {
    /// The environment of this name.
    pub fn get(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name.value == name)
    }

    /// The names of the environments.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.environments.iter().map(|environment| environment.name.value.as_str())
    }
}

impl Environment {
    /// Whether `who` (`ann@desk`) may apply it although it is protected.
    pub fn lets_override(&self, who: &str) -> bool {
        let person = who.split_once('@').map_or(who, |(person, _)| person);
        self.may_override
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| name == who || name == person))
    }

    /// The names of its inventories.
    pub fn inventories(&self) -> Vec<String> {
        if self.inventory.is_empty() {
            return vec![self.name.value.clone()];
        }
        self.inventory.iter().map(|name| name.value.clone()).collect()
    }
}
