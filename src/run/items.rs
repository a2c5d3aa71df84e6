//! Lists of tasks, and blocks with `rescue` and `always`.

use std::sync::Arc;

use crate::playbook::{Block, RoleRun, Task, TaskItem};
use crate::run::hosts::Status;
use crate::run::walk::Walk;
use crate::source::Spanned;
use crate::value::Value;
use crate::vars::Var;
use crate::yaml::{Kind, Node, Style, Tag};

impl Walk<'_> {
    /// Runs a list of tasks on those of some hosts that take part.
    pub(super) fn items(&mut self, items: &[TaskItem], hosts: &[String]) {
        for item in items {
            if self.ended.is_some() {
                return;
            }
            match item {
                TaskItem::Task(task) if self.selected(task, hosts) => self.task(task, hosts, false),
                TaskItem::Include(include) if self.selected(&include.task, hosts) => {
                    self.include(include, hosts);
                }
                TaskItem::Task(_) | TaskItem::Include(_) => {}
                TaskItem::Block(block) => self.block(block, hosts),
                TaskItem::Role(run) => self.role(run, hosts),
            }
        }
    }

    /// Runs a role after those that it depends on, on hosts where the same has not run yet.
    fn role(&mut self, run: &RoleRun, hosts: &[String]) {
        let identity = &run.role.identity;
        let ended = |walk: &Self, host: &String| {
            walk.hosts.get(host).is_some_and(|state| state.roles_done.contains(identity))
        };
        if !run.allow_duplicates && hosts.iter().any(|host| ended(self, host)) {
            // Whether the role did anything then is known when its tasks are answered.
            self.sync();
        }
        let done = |walk: &Self, host: &String| {
            ended(walk, host)
                && walk.hosts.get(host).is_some_and(|state| state.roles_ran.contains(identity))
        };
        let hosts: Vec<String> = hosts
            .iter()
            .filter(|host| run.allow_duplicates || !done(self, host))
            .cloned()
            .collect();
        if hosts.is_empty() {
            return;
        }
        self.play.note_dependencies(run);
        for dependency in &run.dependencies {
            self.role(dependency, &hosts);
        }
        self.add_handlers(&run.handlers);
        self.items(&run.items, &hosts);
        for host in &hosts {
            if let Some(state) = self.hosts.get_mut(host) {
                state.roles_ended.retain(|ended| **ended != *run.role.name);
                state.doubts.retain(|doubt| !doubt.of_role);
                state.roles_done.push(run.role.identity.clone());
            }
        }
    }

    /// Whether tags and `--start-at-task` let the task run.
    fn selected(&mut self, task: &Task, hosts: &[String]) -> bool {
        if let Some(start) = &self.start_at {
            let name = task.name.as_ref().and_then(Node::as_str).unwrap_or(task.module());
            let full = task.scope.role().map(|role| format!("{} : {name}", role.name));
            if name != start && full.as_deref() != Some(start) {
                return false;
            }
            self.start_at = None;
        }
        let Some(host) = hosts.first() else { return false };
        let written = task.scope.tags();
        if written.is_empty() {
            return task.module() == "meta" || self.env.selection.takes::<&str>(&[]);
        }
        let vars =
            written.iter().any(|tag| tag.value.contains("{{")).then(|| self.task_vars(host, task));
        let mut tags: Vec<String> = Vec::new();
        for tag in written {
            let value = vars.as_ref().and_then(|vars| self.env.eval.value(&string(tag), vars).ok());
            let value = value.unwrap_or_else(|| Value::text(Arc::clone(&tag.value)));
            let parts = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
            for part in parts {
                let text = self.env.eval.shown(&part).unwrap_or_else(|_| tag.value.to_string());
                tags.extend(text.split(',').map(|tag| tag.trim().to_owned()));
            }
        }
        self.env.selection.takes(&tags)
    }

    fn block(&mut self, block: &Block, hosts: &[String]) {
        if block.rescue.is_empty() && block.always.is_empty() {
            return self.items(&block.block, hosts);
        }
        let hosts = self.active(hosts);
        self.rescues += usize::from(!block.rescue.is_empty());
        self.items(&block.block, &hosts);
        self.sync();
        self.rescues -= usize::from(!block.rescue.is_empty());
        if !block.rescue.is_empty() {
            let failed = self.with_status(&hosts, Status::Failed);
            for host in &failed {
                self.begin_rescue(host);
            }
            if !failed.is_empty() && self.ended.is_none() {
                self.items(&block.rescue, &failed);
                self.sync();
            }
        }
        if !block.always.is_empty() {
            let failed = self.with_status(&hosts, Status::Failed);
            for host in &failed {
                self.set_status(host, Status::Active);
            }
            let ended = self.ended.take();
            self.items(&block.always, &hosts);
            self.sync();
            self.ended = self.ended.or(ended);
            for host in self.active(&failed) {
                self.set_status(&host, Status::Failed);
            }
        }
    }

    fn begin_rescue(&mut self, host: &str) {
        self.set_status(host, Status::Active);
        let failure = self.hosts.get_mut(host).and_then(|state| state.failure.take());
        if let Some((task, result)) = failure {
            let entries = [("ansible_failed_task", task), ("ansible_failed_result", result)];
            self.env
                .store
                .set(host, entries.map(|(name, value)| (name.to_owned(), Var::Data(value))));
        }
    }

    fn with_status(&self, hosts: &[String], status: Status) -> Vec<String> {
        let has =
            |host: &&String| self.hosts.get(*host).is_some_and(|state| state.status == status);
        hosts.iter().filter(has).cloned().collect()
    }
}

/// Text with its place as a node that may be a template.
fn string(text: &Spanned<Arc<str>>) -> Node {
    Node {
        kind: Kind::Str(Arc::clone(&text.value), Style::Plain),
        tag: Tag::None,
        span: text.span.clone(),
    }
}
