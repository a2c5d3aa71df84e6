//! The closed set of effects: everything that converge can do to a host.
//!
//! A module only names changes. Describing them to a person, predicting what the host looks like afterwards, performing them
//! and taking them back are written once per kind, in the file of the kind. "What can converge do to my machine?" is answered
//! by reading [`Change`].

mod act;
mod cache;
mod describe;
mod drained;
mod effect;
mod file;
mod fits;
mod group;
mod laid;
pub(crate) mod manager;
mod packages;
mod run;
mod tool;
mod touch;
mod unit;
mod user;
mod wait;

use serde::{Deserialize, Serialize};

pub use act::{ActChange, Known, Seen};
pub use cache::CacheChange;
pub use describe::{Description, Sign, Text, TextDiff};
pub(crate) use drained::STATES;
pub use effect::Effect;
pub use file::{Before, FileChange, FileKind, FileState, Maker, Moment, Part, Signed};
pub(crate) use fits::fits;
pub use group::GroupChange;
pub use packages::{PackageAction, PackagesChange};
pub use run::RunChange;
pub use tool::ToolChange;
pub use touch::Touch;
pub use unit::{UnitAction, UnitChange};
pub use user::UserChange;
pub use wait::{WaitChange, WaitFor};

use crate::data::{Data, Map};
use crate::stop::Why;

/// One effect on a host, as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Something at a path: made, changed, or removed.
    File(FileChange),
    /// Packages installed, upgraded or removed in one transaction.
    Packages(PackagesChange),
    /// The package manager's lists refreshed.
    Cache(CacheChange),
    /// A systemd unit started, stopped, enabled, …
    Unit(UnitChange),
    /// An account made, changed or removed.
    User(UserChange),
    /// A group made, changed or removed.
    Group(GroupChange),
    /// A command run whose effect can't be told.
    Run(RunChange),
    /// Commands whose effect is known.
    Act(ActChange),
    /// Programs run for what they are known to do.
    Tool(ToolChange),
    /// Time passing until something holds.
    Wait(WaitChange),
}

impl Change {
    /// What it can do.
    pub fn effect(&self) -> &dyn Effect {
        match self {
            Self::File(change) => change,
            Self::Packages(change) => change,
            Self::Cache(change) => change,
            Self::Unit(change) => change,
            Self::User(change) => change,
            Self::Group(change) => change,
            Self::Run(change) => change,
            Self::Act(change) => change,
            Self::Tool(change) => change,
            Self::Wait(change) => change,
        }
    }

    /// The same without the bytes of large contents.
    #[must_use]
    pub fn for_the_wire(&self) -> Self {
        let mut change = self.clone();
        if let Self::Run(RunChange { script: Some((_, blob)), .. })
        | Self::Tool(ToolChange { input: Some((_, blob)), .. }) = &mut change
        {
            *blob = blob.for_the_wire();
        }
        let mut states: Vec<&mut FileState> = Vec::new();
        match &mut change {
            Self::File(file) => {
                if let Before::Is(state) = &mut file.before {
                    states.push(state);
                }
                states.extend(&mut file.after);
            }
            Self::User(user) => states.extend(user.brings.iter_mut().map(|(_, state)| state)),
            _ => {}
        }
        for state in states {
            if let FileKind::File(blob) = &mut state.kind {
                *blob = blob.for_the_wire();
            }
        }
        change
    }
}

/// What a module asks for, and what it returns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The changes, in the order in which they are to be performed.
    pub list: Vec<Change>,
    /// The module's return values, as far as they are known.
    pub results: Map,
    /// Why return values that are not in `results` can't be known before performing.
    pub open: Option<Why>,
    /// What the user should be told.
    pub warnings: Vec<String>,
    /// Whether what was done is taken back where a later change fails.
    pub whole: bool,
}

impl Changes {
    /// Asks for a change.
    pub fn push(&mut self, change: Change) {
        self.list.push(change);
    }

    /// Whether any change makes the task "changed".
    pub fn any(&self) -> bool {
        self.list.iter().any(|change| change.effect().counts())
    }

    /// Sets a return value.
    pub fn set(&mut self, name: &str, value: impl Into<Data>) {
        self.results.insert(name.to_owned(), value.into());
    }

    /// Tells the user something.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }
}
