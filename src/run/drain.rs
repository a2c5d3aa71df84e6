//! Takes the answers of tasks in the order in which the tasks were handed out.

use std::sync::Arc;

use converge_host::change::{Before, Change, FileChange};
use converge_host::stop::Why;

use crate::event::{Event, Step, Verdict};
use crate::plan::eval::unknown;
use crate::plan::outcome::Outcome;
use crate::run::hosts::Status;
use crate::run::pending::{Pending, PendingItem};
use crate::run::play::play_vars;
use crate::run::reviewed::Planned;
use crate::run::walk::{End, Walk};
use crate::value::{Map, Value};

impl Walk<'_> {
    /// Settles what is answered; with `wait`, everything.
    pub(super) fn drain(&mut self, wait: bool) {
        while let Some(first) = self.queue.front() {
            if !wait && !first.ready() {
                return;
            }
            if let Some(pending) = self.queue.pop_front() {
                self.settle(&pending);
            }
        }
    }

    /// Waits for everything that was handed out.
    pub(super) fn sync(&mut self) {
        self.drain(true);
    }

    fn settle(&mut self, pending: &Pending) {
        let takes_part = |walk: &Self| {
            walk.hosts.get(&pending.host).is_some_and(|state| state.status == Status::Active)
        };
        let whole = pending.outcome();
        if !takes_part(self) || whole.void {
            return;
        }
        if let Some(message) = &whole.lost {
            return self.lost(pending, message.clone());
        }
        self.banner(&pending.info);
        self.tell_steps(pending);
        self.note_role(pending, whole);
        self.note_facts(pending);
        self.note_notifications(pending, whole);
        if whole.moved {
            self.set_status(&pending.host, Status::Stopped);
            self.env.fail(&pending.host);
        } else if whole.is_failed() && !pending.ignore_errors {
            self.fail_host(pending, whole);
        }
    }

    fn tell_steps(&mut self, pending: &Pending) {
        if self.mode.plans() && self.done_here.is_none() {
            self.done_here = pending.done_here();
        }
        for warning in self.env.eval.take_warnings() {
            self.tell(&Event::Warning(warning));
        }
        let outcomes = pending.item_outcomes();
        for (item, outcome) in pending.items.iter().zip(outcomes) {
            if self.mode.plans() {
                self.note_planned(pending, item, outcome);
                self.reasons.note(&pending.host, &pending.info.place, &outcome.changes);
            }
            if pending.looped {
                let step = self.step(pending, outcome, item.label.clone(), Some(item));
                self.tell(&Event::Step(step));
            }
        }
        let mut whole = self.step(pending, pending.outcome(), None, pending.items.first());
        if pending.looped {
            whole.changes = Vec::new();
        }
        self.tell(&Event::Step(whole));
    }

    fn step(
        &self,
        pending: &Pending,
        outcome: &Outcome,
        label: Option<String>,
        item: Option<&PendingItem>,
    ) -> Step {
        let mut verdict = outcome.verdict.clone();
        if let Verdict::Failed { ignored, rescued, .. } = &mut verdict {
            *ignored = pending.ignore_errors && !outcome.moved;
            *rescued = pending.rescuable && !pending.ignore_errors && !outcome.moved;
        }
        if let Verdict::Unknown(why) = &mut verdict {
            *why = self.reasons.placed(&pending.host, why);
        }
        let ran = outcome.changes.iter().any(|change| matches!(change, Change::Run(_)));
        Step {
            task: Arc::clone(&pending.info),
            host: pending.host.clone(),
            delegated: item.and_then(|item| item.delegated.clone()),
            user: item.and_then(|item| item.user.clone()),
            item: label,
            verdict,
            changes: outcome.changes.clone(),
            results: outcome.results.clone(),
            warnings: outcome.warnings.clone(),
            hidden: pending.hidden,
            diff: pending.diff,
            planned: outcome.planned || item.is_some_and(|item| item.preview),
            probed: self.mode.plans() && !outcome.planned && ran,
            took: outcome.took,
        }
    }

    /// Keeps what was planned, and whether all of it was seen through, so that applying can be held to it.
    fn note_planned(&mut self, pending: &Pending, item: &PendingItem, outcome: &Outcome) {
        let open = match &outcome.verdict {
            Verdict::Unknown(why) => Some(why.clone()),
            _ => item.partly.clone().or_else(|| outcome.changes.iter().find_map(unseen)),
        };
        let planned = Planned { changes: outcome.changes.clone(), open, hidden: pending.hidden };
        self.planned.insert(item.key.clone(), planned);
    }

    /// A role of which every task was skipped did not run.
    fn note_role(&mut self, pending: &Pending, whole: &Outcome) {
        let Some(role) = pending.task.scope.role() else { return };
        if matches!(whole.verdict, Verdict::Skipped { .. }) {
            return;
        }
        for host in std::iter::once(&pending.host).chain(&pending.shared_with) {
            if let Some(state) = self.hosts.get_mut(host) {
                state.roles_ran.insert(role.identity.clone());
            }
        }
    }

    /// Facts that a host told are its variables from now on; with `delegate_facts` they are those of the host that told them.
    fn note_facts(&mut self, pending: &Pending) {
        let own = pending.task.scope.nearest(|own| &own.delegate_facts);
        for (item, outcome) in pending.items.iter().zip(pending.item_outcomes()) {
            let untold;
            let facts = match (outcome.value.get("ansible_facts"), &outcome.verdict) {
                (Some(Value::Map(facts)), _) => facts,
                (_, Verdict::Unknown(why)) => {
                    untold = self.untold_facts(pending, item, why);
                    &untold
                }
                _ => continue,
            };
            if outcome.is_failed() || pending.info.module == "set_fact" {
                continue;
            }
            let theirs = self.flag(own, &item.vars, false).unwrap_or(false);
            match item.delegated.as_ref().filter(|_| theirs) {
                Some(delegate) => self.env.store.add_facts(delegate, facts),
                None => {
                    for host in std::iter::once(&pending.host).chain(&pending.shared_with) {
                        self.env.store.add_facts(host, facts);
                    }
                }
            }
        }
    }

    /// The facts that a module would have told if anything could be told.
    fn untold_facts(&self, pending: &Pending, item: &PendingItem, why: &Why) -> Map {
        let name = match pending.info.module.as_str() {
            "package_facts" => "packages".to_owned(),
            "service_facts" => "services".to_owned(),
            "mount_facts" => "mount_points".to_owned(),
            "getent" => {
                let database = pending.task.action.args.get("database");
                let database = database.map(|node| self.env.eval.text(node, &item.vars));
                let Some(Ok(database)) = database else { return Map::new() };
                format!("getent_{}", database.trim())
            }
            _ => return Map::new(),
        };
        Map::from_iter([(name.into(), Value::unknown(why.0.as_str()))])
    }

    fn note_notifications(&mut self, pending: &Pending, whole: &Outcome) {
        let maybe = match &whole.verdict {
            Verdict::Unknown(why) => Some(why.clone()),
            _ if whole.is_changed() => whole.value.get("changed").and_then(unknown),
            _ => return,
        };
        let Some(item) = pending.items.first() else { return };
        for node in pending.task.scope.notify() {
            let value = self
                .env
                .eval
                .value(node, &item.vars)
                .unwrap_or_else(|_| node.as_str().unwrap_or_default().into());
            let names = value.as_list().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
            let names: Vec<String> =
                names.iter().filter_map(|name| self.env.eval.shown(name).ok()).collect();
            let Some(state) = self.hosts.get_mut(&pending.host) else { continue };
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                match &maybe {
                    None if !state.notified.contains(&name) => {
                        if pending.open {
                            state.notified_openly.push(name.clone());
                        }
                        state.notified.push(name);
                    }
                    Some(why) => state.maybe_notified.push((name, why.clone())),
                    None => {}
                }
            }
        }
    }

    fn fail_host(&mut self, pending: &Pending, whole: &Outcome) {
        self.set_status(&pending.host, Status::Failed);
        // What runs once fails for all that it runs for.
        for host in &pending.shared_with {
            self.set_status(host, Status::Failed);
        }
        let mut task = Map::new();
        let role = pending.task.scope.role().map(|role| format!("{} : ", role.name));
        let name = role.and_then(|role| pending.info.name.strip_prefix(role.as_str()));
        task.insert("name".into(), name.unwrap_or(&pending.info.name).into());
        task.insert("action".into(), pending.info.module.as_str().into());
        let task: Value = task.into();
        for host in std::iter::once(&pending.host).chain(&pending.shared_with) {
            if let Some(state) = self.hosts.get_mut(host) {
                state.failure = Some((task.clone(), whole.value.clone()));
            }
        }
        let fatal = pending.task.scope.nearest(|own| &own.any_errors_fatal);
        let vars = pending.items.first().map(|item| &item.vars);
        let fatal = vars.is_some_and(|vars| self.flag(fatal, vars, false).unwrap_or(false));
        if !pending.rescuable && (fatal || self.too_many_failed()) {
            self.ended = Some(End::Run);
        }
    }

    /// Whether more hosts of the batch failed than `max_fail_percentage` allows.
    fn too_many_failed(&self) -> bool {
        let Some(node) = &self.play.play.max_fail_percentage else { return false };
        let vars = play_vars(&self.env, &self.play.play);
        let Ok(text) = self.env.eval.text(node, &vars) else { return false };
        let Ok(allowed) = text.trim().trim_end_matches('%').parse::<f64>() else { return false };
        let failed = self.hosts.values().filter(|state| state.status == Status::Failed).count();
        failed as f64 / self.hosts.len().max(1) as f64 * 100.0 > allowed
    }

    fn lost(&mut self, pending: &Pending, message: String) {
        self.banner(&pending.info);
        self.tell(&Event::Unreachable {
            task: pending.info.number,
            host: pending.host.clone(),
            message,
            help: Vec::new(),
            ignored: pending.ignore_unreachable,
        });
        if !pending.ignore_unreachable {
            self.set_status(&pending.host, Status::Unreachable);
            self.env.fail(&pending.host);
        }
    }
}

/// Why applying need not find exactly this change.
fn unseen(change: &Change) -> Option<Why> {
    match change {
        Change::File(FileChange { before: Before::Unknown(why), .. }) => Some(why.clone()),
        Change::Unit(change) => change.unknown.clone(),
        Change::Act(change) => change.unknown.clone(),
        _ => None,
    }
}
