//! Plans in files: made once, shown to whoever reviews them, and applied as they are or not at all.
//!
//! A file holds what the plan rests on (commit, options, the digests of every file that was read, which machines the hosts are), what
//! was bound and would change for every step, and the story that a person reads. Whoever applies it plans once more and compares; so
//! neither contents nor secrets have to be in the file. docs/saved-plans.md describes the format.

mod compare;
mod error;
mod file;
mod key;
mod seal;
mod spent;
mod step;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::record::{Head, Story};

pub use compare::{Moved, differences};
pub use error::SavedError;
pub use file::{read, write};
pub use key::PlanKey;
pub use spent::{spend, spent};
pub use step::{Bound, SealedChange, Step, bind};

/// The version of the file's form that this converge writes and reads.
pub const VERSION: u32 = 1;

/// A plan as it is in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saved {
    /// Its name: a keyed digest of the whole file, the time included.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
    /// Whether the name was found to be that of the file; nobody can tell without the key.
    pub verified: bool,
    /// What it is about and how it came to be.
    pub about: About,
    /// The files that were read, in the order of their names.
    pub inputs: Vec<Input>,
    /// The hosts that were reached, in the order of their names.
    pub machines: Vec<Machine>,
    /// What was bound and would change, by place and host.
    pub steps: Vec<Bound>,
    /// What a person reads.
    pub story: Story,
}

/// What a plan is about and how it came to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The version of converge.
    pub converge: String,
    /// Where the project lies in its git tree; none outside of git.
    pub prefix: Option<String>,
    /// What is shown above the plan.
    pub head: Head,
    /// The options, as the command line keeps them.
    pub options: serde_json::Value,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Relative to the project where it lies in it.
    pub path: String,
    /// The keyed digest of its bytes as they are on disk.
    pub digest: String,
}

/// A host that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name in the inventory.
    pub host: String,
    /// The keyed digest of its machine id; none where it has none.
    pub machine: Option<String>,
    /// The fingerprint of its SSH host key; none where it is reached without SSH.
    #[serde(default)]
    pub host_key: Option<String>,
}

/// What happened without what differs from one time to the next: how long it took, and return values that nobody is shown.
#[must_use]
pub fn steady(mut story: Story) -> Story {
    for task in story.plays.iter_mut().flat_map(|play| &mut play.tasks) {
        let shows = ["debug", "assert"].contains(&task.module.as_str());
        for step in &mut task.steps {
            step.took_ms = 0;
            let kept = shows || step.failed_for_good();
            step.results = step.results.take().filter(|_| kept).map(|mut results| {
                for name in ["start", "end", "delta"] {
                    results.shift_remove(name);
                }
                results
            });
        }
    }
    story
}
