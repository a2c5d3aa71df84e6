//! What differs between a plan in a file and the same plan made now.

use std::collections::{BTreeMap, BTreeSet};

use crate::saved::{Bound, SealedChange};

/// An object of a plan that is not as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// On which host.
    pub host: String,
    /// The task that is about it.
    pub place: String,
    /// What moved: a path, a package, a unit, …
    pub object: String,
    /// What was planned for it.
    pub planned: String,
    /// What would be planned now.
    pub now: String,
}

/// Everything that is planned otherwise now, in the order of places and hosts, the first of each step. Hosts in `left_out` don't count.
pub fn differences(saved: &[Bound], now: &[Bound], left_out: &BTreeSet<String>) -> Vec<Moved> {
    let (saved, now) = (by_step(saved), by_step(now));
    let steps: BTreeSet<_> = saved.keys().chain(now.keys()).collect();
    let mut moved: Vec<Moved> = steps
        .into_iter()
        .filter(|step| !left_out.contains(step.1))
        .filter_map(|step| difference(saved.get(step).copied(), now.get(step).copied()))
        .collect();
    // What moved is seen best where something is planned for it.
    let shows = |one: &Moved| one.planned != "not reached" && one.now != "not reached";
    if moved.iter().any(shows) {
        moved.retain(shows);
    }
    moved
}

type Step<'a> = (&'a str, &'a String, Option<&'a str>, usize);

fn by_step(steps: &[Bound]) -> BTreeMap<Step<'_>, &Bound> {
    steps.iter().map(|step| (key(step), step)).collect()
}

fn key(step: &Bound) -> Step<'_> {
    (step.place.as_str(), &step.host, step.item.as_deref(), step.count)
}

fn difference(saved: Option<&Bound>, now: Option<&Bound>) -> Option<Moved> {
    let any = saved.or(now)?;
    let changes = |step: Option<&Bound>| step.map(|step| step.changes.clone()).unwrap_or_default();
    let (before, after) = (changes(saved), changes(now));
    let open = |step: Option<&Bound>| step.is_some_and(|step| step.open.is_some());
    if before == after && open(saved) == open(now) && saved.is_some() == now.is_some() {
        return None;
    }
    let at = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let object = before.get(at).or(after.get(at)).map(SealedChange::object);
    let told = |step: Option<&Bound>, changes: &[SealedChange]| match (step, changes.get(at)) {
        (_, Some(change)) => change.words.clone(),
        (Some(Bound { open: Some(why), .. }), None) => format!("may change: {why}"),
        (Some(_), None) => "nothing to do".to_owned(),
        (None, None) => "not reached".to_owned(),
    };
    Some(Moved {
        host: any.host.clone(),
        place: any.place.clone(),
        object: object.unwrap_or_else(|| "the task".to_owned()),
        planned: told(saved, &before),
        now: told(now, &after),
    })
}
