//! Lists of tasks, and blocks with `rescue` and `always`.

use std::sync::Arc;

use crate::playbook::{Block, Item, Task};
use crate::run::hosts::Status;
use crate::run::walk::Walk;
use crate::vars::Var;

impl Walk<'_> {
    /// Runs a list of tasks on those of some hosts that take part.
    pub(super) fn items(&mut self, items: &[Item], hosts: &[String]) {
        for item in items {
            if self.ended.is_some() {
                return;
            }
            match item {
                Item::Task(task) => self.any_task(task, hosts),
                Item::Block(block) => self.block(block, hosts),
            }
        }
    }

    fn any_task(&mut self, task: &Arc<Task>, hosts: &[String]) {
        if !self.selected(task, hosts) {
            return;
        }
        match task.action.module.as_str() {
            "include_tasks" | "include" => self.include_tasks(task, hosts),
            "include_role" => self.include_role(task, hosts),
            _ => self.task(task, hosts, false),
        }
    }

    /// Whether tags and `--start-at-task` let the task run.
    fn selected(&mut self, task: &Task, hosts: &[String]) -> bool {
        if let Some(start) = &self.start_at {
            let name = task
                .name
                .as_ref()
                .and_then(crate::yaml::Node::as_str)
                .unwrap_or(&task.action.module);
            let full = task.role.as_ref().map(|role| format!("{} : {name}", role.name));
            if name != start && full.as_deref() != Some(start) {
                return false;
            }
            self.start_at = None;
        }
        let Some(host) = hosts.first() else { return false };
        let implicit = task.action.module == "meta";
        if task.common.levels().all(|level| level.tags.is_empty()) {
            return implicit || self.env.selection.takes::<&str>(&[]);
        }
        let vars = self.task_vars(host, task);
        let mut tags: Vec<String> = Vec::new();
        for node in task.common.levels().flat_map(|level| &level.tags) {
            let value = self
                .env
                .eval
                .value(node, &vars)
                .unwrap_or_else(|_| node.as_str().unwrap_or_default().into());
            let values = value.as_list().map_or_else(|| vec![value.clone()], <[_]>::to_vec);
            for value in values {
                let text = self.env.eval.shown(&value).unwrap_or_default();
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
