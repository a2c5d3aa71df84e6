//! Tests of modules in a few words: tasks as `module key=value …`, and what is planned for each.

use crate::answer::Answerer;
use crate::data::{Data, Map};
use crate::host::memory::Memory;
use crate::wire::{Ask, Call, Reply};

/// Plans tasks one after another, and tells each as its changes in words or as its failure. A `·` in a value is a line break.
pub(crate) fn planned(mut answerer: Answerer<Memory>, tasks: &[&str]) -> Vec<String> {
    let plan = |task: &&str| match answerer.answer(&Ask::Plan, &call(task)).unwrap() {
        Reply::Done(done) => {
            let changes = done.changes.iter().map(|change| {
                let told = change.effect().describe();
                let facts: Vec<_> = told.facts.iter().map(|fact| format!(", {fact}")).collect();
                let unknown = if told.unknown.is_some() { " (unknown)" } else { "" };
                format!("{}{}{unknown}", told.what, facts.concat())
            });
            changes.collect::<Vec<_>>().join("; ")
        }
        Reply::Failed(failure, _) => failure.msg,
        other => format!("{other:?}"),
    };
    tasks.iter().map(plan).collect()
}

/// Checks what is planned for each of some tasks.
#[track_caller]
pub(crate) fn check(memory: Memory, tasks: &[(&str, &str)]) {
    let given: Vec<_> = tasks.iter().map(|(task, _)| *task).collect();
    let want: Vec<_> = tasks.iter().map(|(_, want)| (*want).to_owned()).collect();
    assert_eq!(planned(Answerer::new(memory), &given), want);
}

/// The call that a task stands for.
pub(crate) fn call(task: &str) -> Call {
    let mut words = task.split(' ');
    let module = words.next().unwrap_or_default().to_owned();
    let args = words.map(|word| {
        let (key, value) = word.split_once('=').unwrap();
        (key.to_owned(), Data::from(value.replace('·', "\n")))
    });
    Call { module, args: args.collect::<Map>(), env: Vec::new() }
}
