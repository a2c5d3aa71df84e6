//! Tags and tasks that were asked for by name and are nowhere.

use std::collections::BTreeSet;

use crate::cli::options::Selection;
use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::{Play, Playbook, TagFilter, TaskItem, find_start};
use crate::source::{Source, Span};

/// What is to be said about the selection. A tag that no task has is an error; but only a warning where includes may bring tasks that
/// are not known before they are reached.
pub(super) fn check(selection: &Selection, playbook: &Playbook) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if let Some(wanted) = &selection.start_at
        && let Err(problem) = find_start(playbook, wanted)
    {
        problems.push(problem);
    }
    let known: BTreeSet<String> =
        playbook.plays.iter().flat_map(|play| play.list_tags(&everything())).collect();
    let includes = playbook.plays.iter().flat_map(Play::lists).any(|list| list.iter().any(is_open));
    for (option, tags) in [("--tags", &selection.tags), ("--skip-tags", &selection.skip_tags)] {
        let filter = TagFilter::new(tags, &[]);
        for tag in filter.names().filter(|tag| !known.contains(*tag)) {
            let source = Source::new(option, tag);
            let message = format!("no task has the tag `{tag}`");
            let problem =
                if includes { Diagnostic::warning(message) } else { Diagnostic::error(message) };
            let problem = problem.at(&Span::whole(&source), "");
            problems.push(match nearest(tag, known.iter().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None if known.is_empty() => problem.help("no task has a tag"),
                None => {
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    problem.help(format!("there are {}", known.join(", ")))
                }
            });
        }
    }
    problems
}

/// A filter that takes every task, those tagged `never` too.
fn everything() -> TagFilter {
    TagFilter::new(&["all".into(), "never".into()], &[])
}

/// Whether what it brings is not known before it is reached.
fn is_open(item: &TaskItem) -> bool {
    match item {
        TaskItem::Task(_) => false,
        TaskItem::Include(_) => true,
        TaskItem::Block(block) => {
            [&block.block, &block.rescue, &block.always].into_iter().flatten().any(is_open)
        }
        TaskItem::Role(run) => {
            run.items.iter().any(is_open)
                || run.dependencies.iter().any(|run| run.items.iter().any(is_open))
        }
    }
}
