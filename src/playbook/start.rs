//! `--start-at-task`.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::listing::{title, walk};
use crate::playbook::model::{Playbook, Task};
use crate::project::glob;
use crate::source::{Source, Span};

/// Where to begin.
#[derive(Clone, Debug)]
pub struct Start {
    /// The play, counted from 0; those before it are left out.
    pub play: usize,
    /// The task; those of its play before it are left out.
    pub task: Arc<Task>,
}

/// The first task called `wanted`, which may be a shell pattern, with or without its role before it.
///
/// # Errors
/// There is none; the message names the nearest one.
pub fn find_start(playbook: &Playbook, wanted: &str) -> Result<Start, Diagnostic> {
    let mut names = Vec::new();
    for (number, play) in playbook.plays.iter().enumerate() {
        let mut found = None;
        for list in play.lists() {
            walk(list, &mut |task| {
                let candidates = names_of(task);
                if found.is_none()
                    && candidates.iter().any(|name| name == wanted || glob::matches(wanted, name))
                {
                    found = Some(Arc::clone(task));
                }
                names.extend(candidates);
            });
        }
        if let Some(task) = found {
            return Ok(Start { play: number, task });
        }
    }
    let source = Source::new("--start-at-task", wanted);
    let problem =
        Diagnostic::error(format!("no task is called `{wanted}`")).at(&Span::whole(&source), "");
    Err(match nearest(wanted, names.iter().map(String::as_str)) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => problem,
    })
}

fn names_of(task: &Task) -> Vec<String> {
    let own = task.name.as_ref().and_then(|name| name.as_str()).map(str::to_owned);
    let action = &task.action.name.value;
    let with_role =
        task.scope.role().filter(|_| own.is_none()).map(|role| format!("{} : {action}", role.name));
    own.into_iter().chain(with_role).chain([title(task)]).collect()
}
