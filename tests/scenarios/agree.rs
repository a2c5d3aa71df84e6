//! What was planned is what was done, as far as the plan could see.

use std::collections::BTreeSet;
use std::collections::HashMap;

use converge::record::{ChangeRecord, Kind, StepRecord, Story, TaskRecord, Verdict};

/// The place of the task, the host, the item, and how many times that came before.
type Key = (String, String, Option<String>, usize);

/// Where applying did something else than the plan said.
pub(crate) fn faults(plan: &Story, apply: &Story) -> Vec<String> {
    let planned = steps(plan);
    let done = steps(apply);
    let mut faults = Vec::new();
    // Where a task failed or could not be told, what comes after it may be anything.
    let mut blind: BTreeSet<String> = BTreeSet::new();
    for (key, step) in &planned {
        let unsure = matches!(step.verdict, Verdict::Unknown { .. })
            || step.changes.iter().any(|change| change.kind == Kind::Run);
        let found = done.iter().find(|(other, _)| other == key).map(|(_, step)| step);
        let failed = found.is_some_and(|found| matches!(found.verdict, Verdict::Failed { .. }));
        if unsure || (failed && !matches!(step.verdict, Verdict::Failed { .. })) {
            blind.insert(step.host.clone());
            continue;
        }
        let Some(found) = found else {
            if !blind.contains(&step.host) {
                faults.push(format!("{key:?} was planned and not reached"));
            }
            continue;
        };
        let same = found.verdict == step.verdict && alike(&step.changes, &found.changes);
        if !same && !blind.contains(&step.host) {
            let told = |step: &StepRecord| format!("{:?} {:?}", step.verdict, step.changes);
            faults.push(format!(
                "{key:?} was planned as {} and done as {}",
                told(step),
                told(found)
            ));
        }
    }
    for (key, step) in &done {
        let known = planned.iter().any(|(other, _)| other == key);
        if !known && !blind.contains(&step.host) {
            faults.push(format!("{key:?} was done and not planned"));
        }
    }
    faults
}

/// Whether the changes are those that were planned. Of one that could not be told entirely only what it is about was promised.
fn alike(planned: &[ChangeRecord], done: &[ChangeRecord]) -> bool {
    planned.len() == done.len()
        && planned.iter().zip(done).all(|(planned, done)| {
            let about = |change: &ChangeRecord| (change.kind, change.sign, change.what.clone());
            planned == done || planned.unknown.is_some() && about(planned) == about(done)
        })
}

fn steps(story: &Story) -> Vec<(Key, &StepRecord)> {
    let mut seen: HashMap<(String, String, Option<String>), usize> = HashMap::new();
    let mut all = Vec::new();
    for task in story.tasks() {
        for step in counted(task) {
            let key = (task.place.clone(), step.host.clone(), step.item.clone());
            let count = seen.entry(key.clone()).or_default();
            all.push(((key.0, key.1, key.2, *count), step));
            *count += 1;
        }
    }
    all
}

/// The steps of a task without the summaries of loops.
fn counted(task: &TaskRecord) -> impl Iterator<Item = &StepRecord> {
    task.steps.iter().filter(|step| {
        step.item.is_some()
            || !task.steps.iter().any(|other| other.host == step.host && other.item.is_some())
    })
}
