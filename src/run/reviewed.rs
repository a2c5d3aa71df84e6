//! What was planned, step by step, to hold applying to it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use converge_host::change::Change;
use converge_host::stop::Why;

/// The steps of a plan that was shown, by task and host.
#[derive(Clone, Debug, Default)]
pub struct Reviewed {
    steps: BTreeMap<Key, Planned>,
    /// Hosts that take no part in applying.
    left_out: BTreeSet<String>,
}

/// Which step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The place of the task.
    pub place: String,
    /// The host.
    pub host: String,
    /// The label of the loop's item.
    pub item: Option<String>,
    /// How many times the same came before.
    pub count: usize,
}

/// What was planned for a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What it would change.
    pub changes: Vec<Change>,
    /// Why only applying can tell all of it; none where it must change exactly this.
    pub open: Option<Why>,
    /// Nothing of it may be shown (`no_log`).
    pub hidden: bool,
}

/// What a step may do when it is applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound<'a> {
    /// Exactly this, or less.
    Exactly(&'a [Change]),
    /// What comes out: the plan said that only applying can tell.
    Open,
    /// The plan does not know it.
    Unplanned,
}

/// Tells how many times the same step came before.
#[derive(Debug, Default)]
pub(crate) struct Occurrences {
    seen: HashMap<(String, String, Option<String>), usize>,
}

impl Reviewed {
    /// Notes what was planned for a step.
    pub(crate) fn insert(&mut self, key: Key, planned: Planned) {
        self.steps.insert(key, planned);
    }

    /// Every step, by its place and host.
    pub fn steps(&self) -> impl Iterator<Item = (&Key, &Planned)> {
        self.steps.iter()
    }

    /// Lets these hosts take no part in applying: what they are like was not known when the plan was made.
    pub fn leave_out(&mut self, hosts: impl IntoIterator<Item = String>) {
        self.left_out.extend(hosts);
    }

    /// The hosts that take no part in applying.
    pub(crate) fn left_out(&self) -> &BTreeSet<String> {
        &self.left_out
    }

    /// What a step may do. Where a loop could not be told, all of its items are open.
    pub(crate) fn bound(&self, key: &Key) -> Bound<'_> {
        match self.steps.get(key) {
            Some(planned) if planned.open.is_some() => Bound::Open,
            Some(planned) => Bound::Exactly(&planned.changes),
            None if self.open_elsewhere(key) => Bound::Open,
            None => Bound::Unplanned,
        }
    }

    /// Whether another item or occurrence of the same task on the same host is open: one without a label, or with one that could
    /// not be told.
    fn open_elsewhere(&self, key: &Key) -> bool {
        let first = Key { item: None, count: 0, ..key.clone() };
        let same = |other: &&Key| other.place == key.place && other.host == key.host;
        self.steps.range(first..).take_while(|(other, _)| same(other)).any(|(other, planned)| {
            other.item.as_deref().is_none_or(str::is_empty) && planned.open.is_some()
        })
    }
}

impl Occurrences {
    /// The key of a step that comes now.
    pub(crate) fn next(&mut self, place: &str, host: &str, item: Option<&str>) -> Key {
        let step = (place.to_owned(), host.to_owned(), item.map(str::to_owned));
        let count = self.seen.entry(step.clone()).or_default();
        let key = Key { place: step.0, host: step.1, item: step.2, count: *count };
        *count += 1;
        key
    }
}

#[cfg(test)]
mod tests {
    use converge_host::stop::Why;

    use super::{Bound, Occurrences, Planned, Reviewed};

    #[test]
    fn what_the_plan_does_not_know_may_change_nothing() {
        let mut names = Occurrences::default();
        let mut reviewed = Reviewed::default();
        let planned = |open: Option<&str>| Planned {
            changes: Vec::new(),
            open: open.map(|why| Why(why.into())),
            hidden: false,
        };
        reviewed.insert(names.next("a:1", "web", None), planned(None));
        reviewed.insert(names.next("a:2", "web", None), planned(Some("a command")));
        reviewed.insert(names.next("a:3", "web", Some("")), planned(Some("a command")));
        let bound = |names: &mut Occurrences, place, host, item| match reviewed
            .bound(&names.next(place, host, item))
        {
            Bound::Exactly(_) => "exactly",
            Bound::Open => "open",
            Bound::Unplanned => "unplanned",
        };
        let names = &mut Occurrences::default();
        assert_eq!(bound(names, "a:1", "web", None), "exactly");
        assert_eq!(bound(names, "a:1", "web", None), "unplanned", "it came once");
        assert_eq!(bound(names, "a:1", "db", None), "unplanned");
        assert_eq!(bound(names, "a:1", "web", Some("x")), "unplanned");
        assert_eq!(bound(names, "a:2", "web", None), "open");
        assert_eq!(bound(names, "a:2", "web", Some("x")), "open", "the items were not known");
        assert_eq!(bound(names, "a:3", "web", Some("x")), "open", "its label was not known");
        assert_eq!(bound(names, "a:2", "db", Some("x")), "unplanned");
    }
}
