//! Takes a run back on some hosts, in the middle of another.

use std::path::PathBuf;

use crate::cli::exit::Name;
use crate::cli::options::{Goal, Request, Selection, Written};
use crate::cli::revert;
use crate::cli::run::flow::Flow;
use crate::cli::run::prepare::prepare;
use crate::history::History;
use crate::run::Mode;

/// Takes back what a run did to files and units of these hosts, and says what is left.
pub(super) fn take_back(
    flow: &Flow<'_>,
    run: &str,
    hosts: &[String],
) -> Result<Vec<String>, String> {
    let history =
        History::existing(&flow.environment.history).map_err(|error| error.to_string())?;
    let history = history.ok_or("there is no history")?;
    let mut undo = history.undo(run).map_err(|error| error.to_string())?;
    undo.retain(|one| hosts.contains(&one.host));
    let left = undo.iter().flat_map(|one| one.rest.iter().map(move |rest| (one, rest)));
    let left = left.map(|(one, rest)| format!("{}: not taken back: {rest}", one.host)).collect();
    if undo.iter().all(|one| one.changes.is_empty()) {
        return Ok(left);
    }
    let name = PathBuf::from(format!("revert-{run}.yml"));
    let request = Request {
        name: Name::Converge,
        playbooks: Vec::new(),
        written: Some(Written { name, text: revert::playbook(run, &undo) }),
        goal: Goal::Yes,
        selection: Selection::default(),
        out: None,
        ..flow.request.clone()
    };
    let terminal = flow.terminal.hushed();
    let prepared = prepare(&request, flow.environment, &terminal, flow.redactor, flow.prompter)
        .map_err(|refused| {
            let told = refused.diagnostics.iter().map(ToString::to_string);
            told.collect::<Vec<_>>().join("; ")
        })?;
    let inner =
        Flow::new(&request, flow.environment, &terminal, flow.redactor, flow.prompter, &prepared);
    let walked = inner.quietly(Mode::Apply { reviewed: None });
    if let Some(problem) = walked.broken {
        return Err(problem.to_string());
    }
    let totals = walked.story.totals();
    if totals.failed + totals.unreachable > 0 {
        let failed = walked.story.tasks().flat_map(|task| &task.steps);
        let failed = failed.filter(|step| step.failed_for_good()).map(|step| step.host.clone());
        return Err(format!("{} failed", failed.collect::<Vec<_>>().join(", ")));
    }
    Ok(left)
}
