//! One task on several hosts: bound, handed out, registered.

use std::sync::Arc;
use std::time::Duration;

use converge_host::change::Change;
use converge_host::stop::Why;
use converge_host::wire::{Ask, OpenError, Request as Wire};

use crate::actions::Flow;
use crate::event::TaskInfo;
use crate::plan::escalation::Escalation;
use crate::plan::eval::Truth;
use crate::plan::explain::Explain;
use crate::plan::outcome::Outcome;
use crate::plan::synced;
use crate::playbook::Task;
use crate::record::HIDDEN;
use crate::run::connect::{Line, explain};
use crate::run::far::is_far;
use crate::run::fetch::HERE;
use crate::run::mode::{self, Nature};
use crate::run::pending::{Answer, Pending, PendingItem, judge};
use crate::run::prepare::{Prepared, PreparedItem, Request, What};
use crate::run::reviewed::{Bound, Key};
use crate::run::walk::Walk;
use crate::target::{Connection, Ticket};
use crate::vars::Var;

/// Modules whose results are variables of the host from then on, so that the next task has to wait for them.
const FACTS: [&str; 6] =
    ["setup", "gather_facts", "package_facts", "service_facts", "getent", "mount_facts"];

impl Walk<'_> {
    /// Runs a task on those of some hosts that take part.
    pub(super) fn task(&mut self, task: &Arc<Task>, hosts: &[String], handler: bool) {
        self.drain(false);
        let hosts: Vec<String> =
            self.active(hosts).into_iter().filter(|host| !self.role_ended(host, task)).collect();
        let hosts = self.due(task, hosts, handler);
        let Some(first) = hosts.first() else { return };
        let vars = self.task_vars(first, task);
        let info = self.info(task, &vars, handler);
        let once =
            self.flag(task.scope.nearest(|own| &own.run_once), &vars, false).unwrap_or(false);
        let on = if once { &hosts[..1] } else { &hosts[..] };
        let prepared: Vec<Prepared> = on
            .iter()
            .map(|host| self.prepare(task, host, if once { &hosts[1..] } else { &[] }))
            .collect();
        if let Some(explain) = self.env.options.explain.clone().filter(|one| one.wants(task)) {
            prepared.iter().for_each(|one| self.explain(&explain, task, one));
        }
        self.connect(&prepared);
        self.counters.turn += 1;
        self.throttle(task, &vars);
        let mut flows = Vec::new();
        for one in prepared {
            let host = one.host.clone();
            let shared = if once { hosts[1..].to_vec() } else { Vec::new() };
            flows.extend(
                self.hand_out(task, &info, one, shared)
                    .into_iter()
                    .map(|flow| (host.clone(), flow)),
            );
        }
        if self.must_wait(task) {
            self.sync();
        }
        for (on, flow) in together(flows) {
            self.flow(task, if once { &hosts } else { &on }, flow);
        }
    }

    /// Keeps the values of what a task read on a host; nothing of one that is hidden.
    fn explain(&self, explain: &Explain, task: &Task, one: &Prepared) {
        let vars = one
            .items
            .first()
            .map_or_else(|| self.task_vars(&one.host, task), |item| item.vars.clone());
        explain.settle(task, &one.host, |name| {
            if one.hidden {
                return HIDDEN.to_owned();
            }
            match self.env.eval.variable(name, &vars) {
                Ok(value) => self.env.eval.json(&value).unwrap_or_else(|halt| halt.message()),
                Err(halt) => halt.message(),
            }
        });
    }

    /// Connects to the hosts that are needed, all at once.
    fn connect(&self, prepared: &[Prepared]) {
        let calls =
            prepared.iter().flat_map(|one| &one.items).filter_map(|item| match &item.what {
                What::Call(request) => Some(request.endpoint.clone()),
                What::Here(_) => None,
            });
        self.connections.prepare(&calls.collect::<Vec<_>>());
    }

    /// Whether later tasks can't be handed out before this one is answered.
    fn must_wait(&self, task: &Task) -> bool {
        let applies = !self.mode.plans();
        FACTS.contains(&task.module())
            || (applies && task.failed_when.is_some())
            // What was sent ahead must not be done on a host that has left the plan, whatever a failure means there.
            || (self.mode.reviewed().is_some()
                && task.scope.nearest(|own| &own.ignore_errors).is_some())
            || (applies && task.scope.nearest(|own| &own.delegate_to).is_some())
            || (self.hosts.len() > 1 && self.may_end_all(task))
    }

    /// Whether a failure on one host may end the play for the others.
    fn may_end_all(&self, task: &Task) -> bool {
        task.scope.nearest(|own| &own.any_errors_fatal).is_some()
            || self.play.play.max_fail_percentage.is_some()
    }

    fn hand_out(
        &mut self,
        task: &Arc<Task>,
        info: &Arc<TaskInfo>,
        one: Prepared,
        shared: Vec<String>,
    ) -> Vec<Flow> {
        let mut pending = Pending::new(
            Arc::clone(info),
            Arc::clone(task),
            one.host.clone(),
            Arc::clone(&self.env.eval),
        );
        pending.looped = one.looped;
        pending.ignore_errors = one.ignore_errors;
        pending.ignore_unreachable = one.ignore_unreachable;
        pending.hidden = one.hidden;
        pending.diff = one.diff;
        pending.rescuable = self.rescues > 0;
        pending.plans = self.mode.plans();
        let mut flows = Vec::new();
        let mut chain = Vec::new();
        for PreparedItem { label, vars, extra, delegated, what, flow } in one.items {
            flows.extend(flow);
            let key = self.counters.occurrences.next(&info.place, &one.host, label.as_deref());
            pending.open |= self.is_open(&key);
            let nature = match &what {
                What::Call(request) => request.nature,
                What::Here(_) => Nature::Normal,
            };
            let alone = matches!(&what, What::Call(request) if request.background);
            let reviewed = self.held_to(&key, nature).filter(|_| !alone);
            let fetches = matches!(&what, What::Call(request) if brings(task, request));
            let local = matches!(&what, What::Call(request) if request.endpoint.connection == Connection::Local);
            let (partly, user) = match &what {
                // It is laid down by whoever runs converge.
                What::Call(_) if fetches => (None, None),
                What::Call(request) => {
                    let user =
                        request.escalation.as_ref().map(|escalation| escalation.user.clone());
                    (request.bound.partly.clone(), user)
                }
                What::Here(_) => (None, None),
            };
            let answer = match what {
                What::Here(outcome) => Answer::Here(outcome),
                What::Call(request) if task.repeats() && !self.mode.plans() => {
                    self.sync();
                    let outcome = self.until(task, &one.host, &vars, &request, reviewed.as_ref());
                    Answer::Here(Box::new(outcome))
                }
                What::Call(request) if task.module() == "reboot" && !self.mode.plans() => {
                    self.sync();
                    let outcome = self.reboot(&one.host, &request, reviewed.as_ref());
                    Answer::Here(Box::new(outcome))
                }
                What::Call(request) if fetches => {
                    let held_to = reviewed.as_ref();
                    Answer::Here(Box::new(match task.module() {
                        synced::MODULE => self.pull(task, &one.host, &request, held_to),
                        _ => self.fetch(task, &one.host, &request, held_to),
                    }))
                }
                What::Call(request)
                    if task.module() == "wait_for_connection" && !self.mode.plans() =>
                {
                    self.sync();
                    Answer::Here(Box::new(self.await_connection(&one.host, &request)))
                }
                What::Call(request) if is_far(&request) => {
                    if !self.mode.plans() {
                        self.sync();
                    }
                    let elsewhere = delegated.is_some();
                    let held_to = reviewed.as_ref();
                    Answer::Here(Box::new(self.attempt(&one.host, &request, elsewhere, held_to)))
                }
                What::Call(request) => {
                    let held_to = reviewed.clone();
                    self.submit(&one.host, &request, delegated.is_some(), held_to, &mut chain)
                }
            };
            pending.items.push(PendingItem {
                label,
                vars,
                extra,
                here: fetches || local,
                delegated: if fetches { Some(HERE.to_owned()) } else { delegated },
                user,
                preview: nature == Nature::PreviewOnly,
                partly,
                key,
                reviewed,
                answer,
            });
        }
        // Whether a task with `failed_when` failed is decided here, not on the host.
        if !pending.ignore_errors
            && task.failed_when.is_none()
            && !chain.is_empty()
            && let Some(state) = self.hosts.get_mut(&one.host)
        {
            state.chain = chain;
        }
        pending.shared_with.clone_from(&shared);
        let pending = Arc::new(pending);
        if let Some(name) = &task.register {
            let whole = Arc::clone(&pending);
            let var = Var::Lazy(Arc::new(move || whole.outcome().value.clone()));
            for host in std::iter::once(&one.host).chain(&shared) {
                self.env.store.set(host, [(name.value.to_string(), var.clone())]);
            }
        }
        self.queue.push_back(pending);
        flows
    }

    /// What was approved for a step, where somebody was asked; nothing of a step that the plan does not know. What only looks is
    /// held to nothing.
    fn held_to(&self, key: &Key, nature: Nature) -> Option<Vec<Change>> {
        let reviewed = self.mode.reviewed()?;
        match reviewed.bound(key) {
            _ if nature != Nature::Normal || self.is_open(key) => None,
            Bound::Exactly(changes) => Some(changes.to_vec()),
            Bound::Open | Bound::Unplanned => Some(Vec::new()),
        }
    }

    pub(super) fn submit(
        &mut self,
        host: &str,
        request: &Request,
        elsewhere: bool,
        reviewed: Option<Vec<Change>>,
        chain: &mut Vec<u64>,
    ) -> Answer {
        let line = match self.line(request) {
            Ok(line) => line,
            Err(outcome) => return Answer::Here(outcome),
        };
        if elsewhere && !self.mode.plans() {
            self.sync();
        }
        let helper = match self.helper(&line, request) {
            Ok(helper) => helper,
            Err(outcome) => return Answer::Here(outcome),
        };
        let after = if elsewhere {
            Vec::new()
        } else {
            self.hosts.get(host).map(|state| state.chain.clone()).unwrap_or_default()
        };
        let (ticket, id) = self.send(&line, request, helper, after, reviewed);
        if !elsewhere {
            chain.push(id);
        }
        Answer::Coming(ticket, self.mode.plans() && request.nature != Nature::ReadOnly)
    }

    fn send(
        &mut self,
        line: &Line,
        request: &Request,
        (helper, persona): (u32, Option<String>),
        after: Vec<u64>,
        reviewed: Option<Vec<Change>>,
    ) -> (Ticket, u64) {
        self.counters.request += 1;
        let id = self.counters.request;
        let ask = match (&request.doubt, persona) {
            (Some(why), _) => Ask::Doubt(why.clone()),
            (None, Some(user)) => Ask::PlanAs(user),
            (None, None) => mode::ask(&self.mode, request.nature, self.gated, reviewed),
        };
        if self.gated && !self.mode.plans() {
            self.gate.expect(self.counters.turn, id, &line.target);
        }
        let wire = Wire { id, helper, after, ask, call: request.bound.call.clone() };
        (line.target.submit(wire), id)
    }

    fn line(&self, request: &Request) -> Result<Arc<Line>, Box<Outcome>> {
        match self.connections.get(&request.endpoint) {
            Some(Ok(line)) => Ok(line),
            Some(Err(error)) => {
                let help = error.help.iter().map(|help| format!("\n  {help}")).collect::<String>();
                let message = format!("{}{help}", error.message);
                Err(Box::new(Outcome { lost: Some(message.clone()), ..Outcome::failed(message) }))
            }
            None => Err(Box::new(Outcome::failed("no connection was made"))),
        }
    }

    /// The helper that a request goes to, and as whom it plans there where that user is only planned.
    fn helper(
        &self,
        line: &Line,
        request: &Request,
    ) -> Result<(u32, Option<String>), Box<Outcome>> {
        let escalation = request.escalation.as_ref();
        match (line.helper(escalation), escalation) {
            (Ok(helper), _) => Ok((helper, None)),
            // A user that an earlier task makes.
            (Err(OpenError::NoSuchUser), Some(escalation)) if self.mode.plans() => {
                let why = Why(format!("user {}, who does not exist yet", escalation.user));
                // Nobody else may run a command in their place.
                if request.nature == Nature::ReadOnly && request.doubt.is_none() {
                    return Err(Box::new(Outcome::unknown(&why)));
                }
                let root =
                    line.helper(Some(&Escalation { user: "root".into(), ..escalation.clone() }));
                root.map(|helper| (helper, Some(escalation.user.clone())))
                    .map_err(|_| Box::new(Outcome::unknown(&why)))
            }
            (Err(error), Some(escalation)) => {
                let looks = self.env.options.looks;
                Err(Box::new(Outcome::failed(explain(&error, escalation, looks))))
            }
            (Err(error), None) => Err(Box::new(Outcome::failed(format!("{error:?}")))),
        }
    }

    /// Repeats a request until its condition holds.
    fn until(
        &mut self,
        task: &Task,
        host: &str,
        vars: &crate::vars::Vars,
        request: &Request,
        reviewed: Option<&Vec<Change>>,
    ) -> Outcome {
        let eval = Arc::clone(&self.env.eval);
        let number = |node: Option<&crate::yaml::Node>, default: i64| {
            node.map_or(Ok(default), |node| {
                eval.value(node, vars).and_then(|value| eval.integer(&value))
            })
        };
        let (retries, delay) =
            match (number(task.retries.as_ref(), 3), number(task.delay.as_ref(), 5)) {
                (Ok(retries), Ok(delay)) => (retries.max(0), delay.max(0)),
                (Err(stop), _) | (_, Err(stop)) => return self.stopped(&stop),
            };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut outcome = self.attempt(host, request, false, reviewed);
            judge(task, &eval, vars, &mut outcome);
            outcome.set("attempts", attempt.into());
            if outcome.void || outcome.moved || outcome.lost.is_some() {
                return outcome;
            }
            let vars = match &task.register {
                Some(name) => vars.with_values([(name.value.to_string(), outcome.value.clone())]),
                None => vars.clone(),
            };
            // `retries` alone asks for success.
            let held = match task.until.as_slice() {
                [] if outcome.is_failed() => Ok(Truth::No),
                conditions => eval.all(conditions, &vars),
            };
            match held {
                Ok(Truth::Yes) => return outcome,
                Ok(_) if attempt > retries => {
                    // The first attempt is no retry.
                    outcome.set("attempts", retries.into());
                    let message = outcome.value.get("msg").and_then(crate::value::Value::as_str);
                    let message = message
                        .filter(|text| !text.is_empty())
                        .unwrap_or("the condition of `until` never held")
                        .to_owned();
                    outcome.set_failed(true, &message);
                    return outcome;
                }
                Ok(_) => std::thread::sleep(Duration::from_secs(delay.unsigned_abs())),
                Err(stop) => return self.stopped(&stop),
            }
        }
    }

    /// Asks and waits for the answer; `elsewhere` says that it is not the host itself that is asked.
    pub(super) fn attempt(
        &mut self,
        host: &str,
        request: &Request,
        elsewhere: bool,
        reviewed: Option<&Vec<Change>>,
    ) -> Outcome {
        if is_far(request) {
            return self.far(host, request, elsewhere, reviewed);
        }
        let mut chain = Vec::new();
        match self.submit(host, request, elsewhere, reviewed.cloned(), &mut chain) {
            Answer::Here(outcome) => *outcome,
            Answer::Coming(ticket, planned) => Outcome::from_reply(&ticket.wait(), planned),
        }
    }

    /// Lets a task work on fewer hosts at once than others.
    fn throttle(&self, task: &Task, vars: &crate::vars::Vars) {
        let Some(node) = task.scope.nearest(|own| &own.throttle) else { return };
        let most = self.env.eval.value(node, vars).and_then(|value| self.env.eval.integer(&value));
        // 0 means as many as there are.
        if let Some(most) =
            most.ok().and_then(|most| usize::try_from(most).ok()).filter(|most| *most > 0)
        {
            self.gate.limit(self.counters.turn, most);
        }
    }

    fn role_ended(&self, host: &str, task: &Task) -> bool {
        let Some(role) = task.scope.role() else { return false };
        self.hosts
            .get(host)
            .is_some_and(|state| state.roles_ended.iter().any(|ended| **ended == *role.name))
    }
}

/// Whether a task brings something of the host to this machine.
fn brings(task: &Task, request: &Request) -> bool {
    match task.module() {
        "fetch" => true,
        synced::MODULE => synced::pulls(&request.bound.call.args),
        _ => false,
    }
}

/// Neighbouring hosts that ask the same of the play ask together.
fn together(flows: Vec<(String, Flow)>) -> Vec<(Vec<String>, Flow)> {
    let mut groups: Vec<(Vec<String>, Flow)> = Vec::new();
    for (host, flow) in flows {
        match (groups.last_mut(), &flow) {
            (Some((hosts, Flow::Meta(last))), Flow::Meta(meta)) if last == meta => hosts.push(host),
            _ => groups.push((vec![host], flow)),
        }
    }
    groups
}
