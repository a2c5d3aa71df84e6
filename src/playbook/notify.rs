//! Handlers and the tasks that notify them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::playbook::model::{Play, RoleRun, Task, TaskItem};
use crate::playbook::reading::{Reading, is_template};
use crate::playbook::role::Role;
use crate::playbook::scope::Scope;

impl Play {
    /// The handlers of the play's roles, in the order of the roles; of one role that is used twice alike, once.
    pub(super) fn role_handlers(&self) -> Vec<TaskItem> {
        let mut seen = HashSet::new();
        let mut handlers = Vec::new();
        for list in [&self.pre_tasks, &self.roles, &self.tasks, &self.post_tasks] {
            each_role(list, &mut |run| {
                if seen.insert(run.role.identity.clone()) {
                    handlers.extend(run.handlers.iter().cloned());
                }
            });
        }
        handlers
    }

    /// The roles that are part of the play from the start, each before those that come after it, dependencies first.
    pub fn role_runs(&self) -> Vec<Arc<RoleRun>> {
        let mut runs = Vec::new();
        for list in [&self.pre_tasks, &self.roles, &self.tasks, &self.post_tasks] {
            each_role(list, &mut |run| runs.push(Arc::clone(run)));
        }
        runs
    }
}

/// The names that a handler answers to: its own, also with its role before it, and what it listens to.
pub fn answers_to(handler: &Task) -> Vec<String> {
    let name = handler.name.as_ref().and_then(|name| name.as_str());
    let role: Option<&Arc<Role>> = handler.scope.role();
    let with_role = name.zip(role).map(|(name, role)| format!("{} : {name}", role.name));
    let topics = handler.listen.iter().filter_map(|topic| topic.as_str()).map(str::to_owned);
    name.map(str::to_owned).into_iter().chain(with_role).chain(topics).collect()
}

impl Reading<'_> {
    /// Tells notifications that no handler of the play answers. Where names are known late only, nothing can be told.
    pub(super) fn check_notifications(&mut self, play: &Play) {
        let mut names = HashSet::new();
        let mut late = false;
        each_task(&play.handlers, &mut |item| match item {
            TaskItem::Task(handler) => names.extend(answers_to(handler)),
            _ => late = true,
        });
        late |= names.iter().any(|name| is_template(name));
        let lists = [&play.pre_tasks, &play.roles, &play.tasks, &play.post_tasks];
        for list in lists {
            // An included role may bring the handler.
            each_task(list, &mut |item| late |= matches!(item, TaskItem::Include(_)));
        }
        if late {
            return;
        }
        let mut told = HashSet::new();
        for list in lists.into_iter().chain([&play.handlers]) {
            each_task(list, &mut |item| {
                let TaskItem::Task(task) = item else { return };
                self.check_scope(&task.scope, &names, &mut told);
            });
        }
    }

    fn check_scope(
        &mut self,
        scope: &Scope,
        names: &HashSet<String>,
        told: &mut HashSet<(String, usize)>,
    ) {
        for wanted in scope.notify() {
            let Some(name) = wanted.as_str().filter(|name| !is_template(name)) else { continue };
            let place = (wanted.span.source().path().display().to_string(), wanted.span.start());
            if names.contains(name) || !told.insert(place) {
                continue;
            }
            let mut known: Vec<&str> = names.iter().map(String::as_str).collect();
            known.sort_unstable();
            let problem =
                Diagnostic::error(format!("unknown handler `{name}`")).at(&wanted.span, "");
            self.tell(match nearest(name, known) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem
                    .help("handlers are in `handlers:` of the play or in `handlers/` of its roles"),
            });
        }
    }
}

/// Calls `see` with every task and include, those in blocks and roles too.
pub(super) fn each_task(items: &[TaskItem], see: &mut impl FnMut(&TaskItem)) {
    for item in items {
        match item {
            TaskItem::Task(_) | TaskItem::Include(_) => see(item),
            TaskItem::Block(block) => {
                for list in [&block.block, &block.rescue, &block.always] {
                    each_task(list, see);
                }
            }
            TaskItem::Role(run) => each_task_of_role(run, see),
        }
    }
}

fn each_task_of_role(run: &RoleRun, see: &mut impl FnMut(&TaskItem)) {
    for dependency in &run.dependencies {
        each_task_of_role(dependency, see);
    }
    each_task(&run.items, see);
}

fn each_role(items: &[TaskItem], see: &mut impl FnMut(&Arc<RoleRun>)) {
    for item in items {
        match item {
            TaskItem::Task(_) | TaskItem::Include(_) => {}
            TaskItem::Block(block) => {
                for list in [&block.block, &block.rescue, &block.always] {
                    each_role(list, see);
                }
            }
            TaskItem::Role(run) => each_role_of(run, see),
        }
    }
}

fn each_role_of(run: &Arc<RoleRun>, see: &mut impl FnMut(&Arc<RoleRun>)) {
    for dependency in &run.dependencies {
        each_role_of(dependency, see);
    }
    see(run);
    each_role(&run.items, see);
}
