//! Planning and applying walk the same way; they differ in what they ask of hosts.

use std::collections::HashMap;

use converge_host::change::Change;
use converge_host::wire::Ask;

/// What a walk is for.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Nothing is changed: every task is planned over what the tasks before it would change.
    Plan,
    /// Changes are performed.
    Apply {
        /// What was shown and approved; none where nobody was asked.
        reviewed: Option<Reviewed>,
    },
}

/// The changes of a plan that was shown, by task and host. A step that could not be seen through is not in it.
#[derive(Clone, Debug, Default)]
pub struct Reviewed {
    steps: HashMap<Key, Vec<Change>>,
}

/// The place of the task, the host, the label of the item, and how many times this came before.
type Key = (String, String, Option<String>, usize);

/// Tells how many times the same step came before.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    seen: HashMap<(String, String, Option<String>), usize>,
}

impl Mode {
    /// Whether nothing is changed.
    pub(crate) fn plans(&self) -> bool {
        matches!(self, Self::Plan)
    }
}

impl Reviewed {
    /// Notes the changes of a step.
    pub(crate) fn insert(&mut self, key: Key, changes: Vec<Change>) {
        self.steps.insert(key, changes);
    }

    /// The changes of a step, if it was seen through.
    pub(crate) fn get(&self, key: &Key) -> Option<&Vec<Change>> {
        self.steps.get(key)
    }
}

impl Occurrences {
    /// The key of a step that comes now.
    pub(crate) fn next(&mut self, place: &str, host: &str, item: Option<&str>) -> Key {
        let step = (place.to_owned(), host.to_owned(), item.map(str::to_owned));
        let count = self.seen.entry(step.clone()).or_default();
        let key = (step.0, step.1, step.2, *count);
        *count += 1;
        key
    }
}

/// How a task is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// As the mode says.
    Normal,
    /// It changes nothing (`changed_when: false`, `check_mode: false`): planning may run it.
    ReadOnly,
    /// It is never performed (`check_mode: true`).
    PreviewOnly,
}

/// What a host is asked.
pub(crate) fn ask(mode: &Mode, nature: Nature, gate: bool, reviewed: Option<Vec<Change>>) -> Ask {
    match (mode, nature) {
        (Mode::Plan, Nature::Normal) => Ask::Plan,
        (Mode::Plan, Nature::ReadOnly) => Ask::Probe,
        (_, Nature::PreviewOnly) => Ask::Preview,
        (Mode::Apply { .. }, _) => Ask::Perform { gate, reviewed },
    }
}
