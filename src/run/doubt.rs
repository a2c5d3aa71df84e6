//! Tasks of which can't be told whether they happen, or with which arguments: what they may touch, and the variables that they
//! may set, can't be told from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use converge_host::modules;
use converge_host::stop::Why;

use crate::actions::{self, Action, Context, Done, Flow, Meta, Variable};
use crate::plan::call::{Binder, BoundCall};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::playbook::Task;
use crate::run::hosts::Doubt;
use crate::run::mode::Nature;
use crate::run::prepare::{PreparedItem, Request, What};
use crate::run::walk::Walk;
use crate::value::Value;
use crate::vars::{Var, Vars};

impl Walk<'_> {
    /// What becomes of such a task. Its host is told what it may touch.
    pub(super) fn doubtful(
        &self,
        task: &Arc<Task>,
        host: &str,
        vars: &Vars,
        why: &Why,
        item: &mut PreparedItem,
    ) -> What {
        if let Some(action) = actions::find(task.module()) {
            item.flow = self.doubt_action(action, task, host, vars, why);
        } else if let Ok(Some(request)) = self.doubt_call(task, host, vars, why, item) {
            return What::Call(Box::new(request));
        }
        What::Here(Box::new(Outcome::unknown(why)))
    }

    fn doubt_call(
        &self,
        task: &Arc<Task>,
        host: &str,
        vars: &Vars,
        why: &Why,
        item: &mut PreparedItem,
    ) -> Result<Option<Request>, Halt> {
        let Some(entry) = modules::find(task.module()) else { return Ok(None) };
        let binder = Binder {
            eval: &self.env.eval,
            vars,
            task,
            files: &self.play.files,
            blobs: &self.env.blobs,
        };
        let bound = binder
            .call(entry.spec)
            .unwrap_or_else(|_| BoundCall { call: binder.known_part(entry.spec), partly: None });
        item.delegated = match task.scope.nearest(|own| &own.delegate_to) {
            Some(node) => Some(self.env.eval.text(node, vars)?).filter(|name| !name.is_empty()),
            None => None,
        };
        self.other_side(task, vars, &mut item.delegated)?;
        let (endpoint, escalation) = self.reach(task, host, vars, item.delegated.as_deref())?;
        let doubt = Some(why.clone());
        Ok(Some(Request {
            bound,
            endpoint,
            escalation,
            nature: Nature::Normal,
            doubt,
            background: false,
        }))
    }

    /// The variables that an action would set can't be told; one that ends something leaves all that comes after in doubt.
    fn doubt_action(
        &self,
        action: &Action,
        task: &Task,
        host: &str,
        vars: &Vars,
        why: &Why,
    ) -> Option<Flow> {
        if !matches!(action.name, "set_fact" | "include_vars" | "meta") {
            return None;
        }
        let context = Context { eval: &self.env.eval, vars, task, files: &self.play.files };
        let done = (action.run)(&context).unwrap_or_else(|_| {
            let named = task.action.args.named.iter();
            let set = named.map(|argument| argument.name.value.to_string());
            let set = set.filter(|name| action.name == "set_fact" && name != "cacheable");
            let set = set.map(|name| (name, Variable::Data(Value::Null))).collect();
            Done { set, ..Done::new(Outcome::unknown(why)) }
        });
        let names: Vec<String> = done.set.into_iter().map(|(name, _)| name).collect();
        let unknown = || Value::unknown(why.0.as_str());
        if done.as_facts {
            let facts = names.iter().map(|name| (name.as_str().into(), unknown()));
            self.env.store.add_facts(host, &facts.collect());
        }
        let entries = names.into_iter().map(|name| (name, Var::Data(unknown())));
        if action.name == "include_vars" {
            self.env.store.include(host, entries);
        } else {
            self.env.store.set(host, entries);
        }
        match done.flow? {
            Flow::Meta(meta) => Some(Flow::MayEnd(meta, why.clone())),
            _ => None,
        }
    }

    /// A `meta` task may end something for some hosts.
    pub(super) fn may_end(&mut self, hosts: &[String], meta: Meta, why: &Why) {
        let of_role = meta == Meta::EndRole;
        let ends = [Meta::EndHost, Meta::EndPlay, Meta::EndBatch, Meta::EndRole];
        if !ends.contains(&meta) {
            return;
        }
        let all: Vec<String> = self.hosts.keys().cloned().collect();
        let hosts = if matches!(meta, Meta::EndPlay | Meta::EndBatch) { &all } else { hosts };
        for host in hosts {
            if let Some(state) = self.hosts.get_mut(host) {
                state.doubts.push(Doubt { why: why.clone(), of_role });
            }
        }
    }

    /// Whether the tasks of an include are walked in doubt already: one that includes itself would never end.
    pub(super) fn doubts_already(&self, task: &Task) -> bool {
        self.doubted.iter().any(|place| *place == task.at.to_string())
    }

    /// From now on it can't be told whether tasks happen on these hosts.
    pub(super) fn begin_doubt(&mut self, task: &Task, doubts: &BTreeMap<String, Why>) {
        if !doubts.is_empty() {
            self.doubted.push(task.at.to_string());
        }
        for (host, why) in doubts {
            if let Some(state) = self.hosts.get_mut(host) {
                state.doubts.push(Doubt { why: why.clone(), of_role: false });
            }
        }
    }

    /// Takes back what [`begin_doubt`](Self::begin_doubt) began.
    pub(super) fn end_doubt(&mut self, doubts: &BTreeMap<String, Why>) {
        if !doubts.is_empty() {
            self.doubted.pop();
        }
        for (host, why) in doubts {
            if let Some(state) = self.hosts.get_mut(host)
                && let Some(at) =
                    state.doubts.iter().rposition(|doubt| doubt.why == *why && !doubt.of_role)
            {
                state.doubts.remove(at);
            }
        }
    }
}
