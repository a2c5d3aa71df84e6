//! The flat lists behind `--list-tasks` and `--list-tags`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::playbook::model::{Play, RoleRun, Task, TaskItem};
use crate::playbook::tags::TagFilter;
use crate::source::Span;

/// One line of a list of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The task's name with its role before it; without a name, its action.
    pub title: String,
    /// Its tags and those it inherits, sorted, each once.
    pub tags: BTreeSet<String>,
    /// Where it stands.
    pub at: Span,
}

impl Play {
    /// The tasks that `filter` leaves, in the order in which they run. What rescues and always follows is left out, as in Ansible, and
    /// so is what includes will bring.
    pub fn list_tasks(&self, filter: &TagFilter) -> Vec<Listed> {
        let mut tasks = Vec::new();
        for list in self.lists() {
            walk(list, &mut |task| tasks.push(Arc::clone(task)));
        }
        let listed = tasks.iter().map(|task| listed(task));
        listed.filter(|task| filter.selects(task.tags.iter().map(String::as_str))).collect()
    }

    /// The tags of those tasks, sorted, each once.
    pub fn list_tags(&self, filter: &TagFilter) -> BTreeSet<String> {
        self.list_tasks(filter).into_iter().flat_map(|task| task.tags).collect()
    }

    /// Its lists of tasks in the order in which they run.
    pub fn lists(&self) -> [&[TaskItem]; 4] {
        [&self.pre_tasks, &self.roles, &self.tasks, &self.post_tasks]
    }
}

/// What a task is called, its name not rendered.
pub fn title(task: &Task) -> String {
    let name = task.name.as_ref().map(|name| name.as_str().unwrap_or_else(|| name.span.text()));
    match (name, task.scope.role()) {
        (Some(name), Some(role)) => format!("{} : {name}", role.name),
        (Some(name), None) => name.to_owned(),
        (None, _) => task.action.name.value.to_string(),
    }
}

fn listed(task: &Task) -> Listed {
    let tags = task.scope.tags().into_iter().map(|tag| tag.value.to_string()).collect();
    Listed { title: title(task), tags, at: task.at.clone() }
}

/// Calls `see` with the tasks that run where nothing fails, in order.
pub(super) fn walk(items: &[TaskItem], see: &mut impl FnMut(&Arc<Task>)) {
    for item in items {
        match item {
            TaskItem::Task(task) => see(task),
            TaskItem::Include(include) => see(&include.task),
            TaskItem::Block(block) => walk(&block.block, see),
            TaskItem::Role(run) => walk_role(run, see),
        }
    }
}

fn walk_role(run: &RoleRun, see: &mut impl FnMut(&Arc<Task>)) {
    for dependency in &run.dependencies {
        walk_role(dependency, see);
    }
    walk(&run.items, see);
}
