//! Going on with a run that did not come to its end: from the task that a host failed at, with the handlers that were notified and
//! never ran.
//!
//! What comes before that task is left out, but for what only finds something out: facts, variables, and results that are
//! registered. Commands are not run again for their results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::playbook::{Task, title};
use crate::run::Session;
use crate::run::walk::Walk;
use crate::value::Value;
use crate::yaml::Kind;

/// Modules that only find something out, or say what a play does.
const LEARNING: [&str; 14] = [
    "set_fact",
    "include_vars",
    "add_host",
    "group_by",
    "setup",
    "gather_facts",
    "meta",
    "stat",
    "slurp",
    "find",
    "getent",
    "service_facts",
    "package_facts",
    "set_stats",
];

/// Modules whose results are not worth running them again.
const COMMANDS: [&str; 4] = ["command", "shell", "raw", "script"];

/// GoOn where hosts go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// The hosts.
    pub hosts: BTreeMap<String, GoOn>,
    /// Tasks are known by their files and names, since their places have moved.
    pub by_name: bool,
}

/// GoOn where a host goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoOn {
    /// The task; the first one where the host did not come as far.
    pub start: Option<Mark>,
    /// Tasks that changed something, and whose handlers never ran.
    pub changed: BTreeSet<Mark>,
    /// Handlers that ran all the same.
    pub ran: BTreeSet<Mark>,
}

/// A task as a record names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// `file:line:column`.
    pub place: String,
    /// Its name, with its role before it.
    pub name: String,
}

/// How far going on has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resuming {
    resume: Resume,
    /// Hosts that have come to where they go on.
    reached: BTreeSet<String>,
}

impl Session {
    /// Goes on from there in walks from now on.
    pub fn resume(&self, resume: Resume) {
        *self.resume.lock().unwrap_or_else(PoisonError::into_inner) = Some(resume);
    }

    /// GoOn where the next walk goes on.
    pub(super) fn resuming(&self) -> Option<Resuming> {
        let resume = self.resume.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let new = resume.hosts.iter().filter(|(_, from)| from.start.is_none());
        let reached = new.map(|(host, _)| host.clone()).collect();
        Some(Resuming { resume, reached })
    }
}

impl Resuming {
    fn is(&self, mark: &Mark, task: &Task) -> bool {
        if !self.resume.by_name {
            return mark.place == task.at.to_string();
        }
        let file = |place: &str| place.rsplitn(3, ':').nth(2).map(str::to_owned);
        file(&mark.place) == file(&task.at.to_string()) && mark.name == title(task)
    }

    fn any(&self, marks: &BTreeSet<Mark>, task: &Task) -> bool {
        marks.iter().any(|mark| self.is(mark, task))
    }
}

impl Walk<'_> {
    /// Those of some hosts that do a task, where they go on with an earlier run.
    pub(super) fn due(
        &mut self,
        task: &Arc<Task>,
        hosts: Vec<String>,
        handler: bool,
    ) -> Vec<String> {
        let Some(mut resuming) = self.resuming.take() else { return hosts };
        let mut due = Vec::new();
        for host in hosts {
            let Some(from) = resuming.resume.hosts.get(&host) else {
                due.push(host);
                continue;
            };
            let start = from.start.as_ref().is_some_and(|mark| resuming.is(mark, task));
            let reached = resuming.reached.contains(&host) || start;
            let (changed, ran) = (resuming.any(&from.changed, task), resuming.any(&from.ran, task));
            if start {
                resuming.reached.insert(host.clone());
            }
            if handler {
                if start || !ran {
                    due.push(host);
                }
                continue;
            }
            if !reached && changed {
                self.notify_again(task, &host);
            }
            if reached || learns(task) {
                due.push(host);
            }
        }
        self.resuming = Some(resuming);
        due
    }

    /// The handlers of a task that changed something in the earlier run.
    fn notify_again(&mut self, task: &Arc<Task>, host: &str) {
        let vars = self.task_vars(host, task);
        for node in task.scope.notify() {
            let value = self.env.eval.value(node, &vars);
            let value = value.unwrap_or_else(|_| node.as_str().unwrap_or_default().into());
            let names = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
            let names = names.iter().filter_map(|name| self.env.eval.shown(name).ok());
            let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
            let Some(state) = self.hosts.get_mut(host) else { continue };
            for name in names {
                if !state.notified.contains(&name) {
                    state.notified.push(name);
                }
            }
        }
    }

    /// Says where a host never came to where it was to go on: the playbook is another one now, or leads elsewhere.
    pub(super) fn never_reached(&self) -> Option<Diagnostic> {
        let resuming = self.resuming.as_ref()?;
        let missed = resuming.resume.hosts.iter().find(|(host, from)| {
            from.start.is_some() && !resuming.reached.contains(*host) && !self.env.failed(host)
        });
        let (host, from) = missed?;
        let mark = from.start.as_ref()?;
        let message = format!(
            "{host} did not come to the task that it was to go on with: `{}` ({})",
            mark.name, mark.place
        );
        Some(Diagnostic::error(message).help("run the playbook from its beginning"))
    }
}

/// Whether a task is done also before the one that a host goes on with.
fn learns(task: &Task) -> bool {
    let module = task.module();
    let quiet = task.changed_when.as_ref().is_some_and(|conditions| {
        conditions.iter().any(|node| matches!(node.kind, Kind::Bool(false)))
    });
    let told = task.register.is_some() && (quiet || !COMMANDS.contains(&module));
    LEARNING.contains(&module) || told
}
