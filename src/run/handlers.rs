//! Handlers: run once for what was notified, in the order in which they are defined.

use std::collections::BTreeMap;
use std::sync::Arc;

use converge_host::stop::Why;

use crate::event::Event;
use crate::playbook::{Task, TaskItem};
use crate::run::hosts::Status;
use crate::run::walk::Walk;
use crate::value::Value;
use crate::vars::Vars;

impl Walk<'_> {
    /// Runs what was notified so far; handlers may notify others.
    pub(super) fn flush_handlers(&mut self, hosts: &[String]) {
        self.sync();
        let mut left = self.handlers.len() + 1;
        while left > 0 && self.ended.is_none() {
            left -= 1;
            let handlers = flat(&self.handlers);
            let mut any = false;
            for handler in &handlers {
                any |= self.handler(handler, hosts);
            }
            self.sync();
            if !any {
                break;
            }
        }
        self.forget_unknown_names(hosts);
    }

    fn handler(&mut self, item: &TaskItem, hosts: &[String]) -> bool {
        let Some(handler) = head(item) else { return false };
        let mut notified = Vec::new();
        let mut maybe: Vec<(String, Why)> = Vec::new();
        let around = self.loosened.len();
        for host in self.active(hosts) {
            let vars = self.task_vars(&host, handler);
            let names = self.names_of(handler, &vars);
            let Some(state) = self.hosts.get_mut(&host) else { continue };
            if state.notified.iter().any(|name| names.contains(name)) {
                if state.notified_openly.iter().any(|name| names.contains(name)) {
                    self.loosened.push(host.clone());
                }
                notified.push(host);
            } else if let Some((_, why)) =
                state.maybe_notified.iter().find(|(name, _)| names.contains(name))
            {
                maybe.push((host, why.clone()));
            }
        }
        if notified.is_empty() && maybe.is_empty() {
            return false;
        }
        self.consume(handler, &notified, &maybe);
        if !notified.is_empty() {
            self.run_handler(item, &notified);
        }
        self.loosened.truncate(around);
        if !maybe.is_empty() {
            self.maybe_handler(item, handler, maybe);
        }
        true
    }

    fn run_handler(&mut self, handler: &TaskItem, hosts: &[String]) {
        match handler {
            TaskItem::Task(task) => self.task(task, hosts, true),
            other => self.items(std::slice::from_ref(other), hosts),
        }
        self.sync();
    }

    /// A notification that several handlers listen to is consumed when the last of them was reached; a handler that was just
    /// run is not run again for it.
    fn consume(&mut self, handler: &Arc<Task>, notified: &[String], maybe: &[(String, Why)]) {
        let all = flat(&self.handlers);
        let later: Vec<Arc<Task>> = all
            .iter()
            .filter_map(head)
            .skip_while(|other| !Arc::ptr_eq(other, handler))
            .skip(1)
            .cloned()
            .collect();
        for host in notified.iter().chain(maybe.iter().map(|(host, _)| host)) {
            let vars = self.task_vars(host, handler);
            let names = self.names_of(handler, &vars);
            let kept: Vec<String> = names
                .into_iter()
                .filter(|name| {
                    !later.iter().any(|other| self.names_of(other, &vars).contains(name))
                })
                .collect();
            if let Some(state) = self.hosts.get_mut(host) {
                state.notified.retain(|name| !kept.contains(name));
                state.maybe_notified.retain(|(name, _)| !kept.contains(name));
            }
        }
    }

    /// The words that notify a handler.
    fn names_of(&self, handler: &Task, vars: &Vars) -> Vec<String> {
        let eval = &self.env.eval;
        let mut names = Vec::new();
        if let Some(node) = &handler.name {
            let bare = eval
                .text(node, vars)
                .unwrap_or_else(|_| node.as_str().unwrap_or_default().to_owned());
            if let Some(role) = handler.scope.role() {
                names.push(format!("{} : {bare}", role.name));
            }
            names.push(bare);
        }
        for node in &handler.listen {
            let value =
                eval.value(node, vars).unwrap_or_else(|_| node.as_str().unwrap_or_default().into());
            let words = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
            names.extend(words.iter().filter_map(|word| eval.shown(word).ok()));
        }
        names
    }

    /// A handler that may run on some hosts: its tasks are walked in doubt.
    fn maybe_handler(&mut self, item: &TaskItem, handler: &Arc<Task>, maybe: Vec<(String, Why)>) {
        let hosts: Vec<String> = maybe.iter().map(|(host, _)| host.clone()).collect();
        let doubts = BTreeMap::from_iter(maybe);
        self.begin_doubt(handler, &doubts);
        self.run_handler(item, &hosts);
        self.end_doubt(&doubts);
    }

    /// What nobody listens to is said once and forgotten.
    fn forget_unknown_names(&mut self, hosts: &[String]) {
        let mut unknown: Vec<String> = Vec::new();
        for host in hosts {
            let Some(state) = self.hosts.get_mut(host) else { continue };
            if state.status != Status::Active {
                continue;
            }
            for name in state.notified.drain(..) {
                if !unknown.contains(&name) {
                    unknown.push(name);
                }
            }
            state.maybe_notified.clear();
        }
        for name in unknown {
            self.tell(&Event::Warning(format!(
                "no handler is called `{name}`, which was notified"
            )));
        }
    }
}

/// Handlers one by one: a block of handlers is each of its tasks.
fn flat(items: &[TaskItem]) -> Vec<TaskItem> {
    let each = |item: &TaskItem| match item {
        TaskItem::Block(block) => flat(&block.block),
        TaskItem::Role(run) => flat(&run.handlers),
        other => vec![other.clone()],
    };
    items.iter().flat_map(each).collect()
}

/// The task that is notified.
fn head(item: &TaskItem) -> Option<&Arc<Task>> {
    match item {
        TaskItem::Task(task) => Some(task),
        TaskItem::Include(include) => Some(&include.task),
        TaskItem::Block(_) | TaskItem::Role(_) => None,
    }
}
