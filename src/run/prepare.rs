//! Binds a task on one host: its loop, its conditions, its arguments.

use std::sync::Arc;

use converge_host::args::Spec;
use converge_host::modules;
use converge_host::stop::Why;

use crate::actions::{self, Context, Done, Flow, Variable};
use crate::plan::call::{Binder, BoundCall};
use crate::plan::endpoint::endpoint;
use crate::plan::escalation::Escalation;
use crate::plan::eval::Truth;
use crate::plan::given;
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::plan::synced;
use crate::playbook::Task;
use crate::run::background;
use crate::run::mode::Nature;
use crate::run::repeat::{Items, Repetition};
use crate::run::walk::Walk;
use crate::target::Endpoint;
use crate::value::Value;
use crate::vars::{Var, Vars};
use crate::yaml::Kind;

/// A task on one host, ready to be handed out.
pub(super) struct Prepared {
    pub(super) host: String,
    pub(super) items: Vec<PreparedItem>,
    pub(super) looped: bool,
    pub(super) ignore_errors: bool,
    pub(super) ignore_unreachable: bool,
    pub(super) hidden: bool,
    pub(super) diff: bool,
}

/// One item of a task on one host.
pub(super) struct PreparedItem {
    pub(super) label: Option<String>,
    pub(super) vars: Vars,
    pub(super) extra: Vec<(String, Value)>,
    pub(super) delegated: Option<String>,
    pub(super) what: What,
    pub(super) flow: Option<Flow>,
}

/// What is left to do for an item.
pub(super) enum What {
    /// Nothing.
    Here(Box<Outcome>),
    /// A host is asked.
    Call(Box<Request>),
}

/// What a host is asked, and how it is reached.
pub(super) struct Request {
    pub(super) bound: BoundCall,
    pub(super) endpoint: Endpoint,
    pub(super) escalation: Option<Escalation>,
    pub(super) nature: Nature,
    /// Why it can't be told whether it happens, or with which arguments.
    pub(super) doubt: Option<Why>,
    /// It starts a job in the background, or asks about one: not what was reviewed.
    pub(super) background: bool,
}

impl Walk<'_> {
    /// Binds a task on a host. Mistakes become failed outcomes; nothing is sent.
    pub(super) fn prepare(&self, task: &Arc<Task>, host: &str, shared: &[String]) -> Prepared {
        let vars = self.task_vars(host, task);
        let mut prepared = Prepared {
            host: host.to_owned(),
            items: Vec::new(),
            looped: task.r#loop.is_some(),
            ignore_errors: false,
            ignore_unreachable: false,
            hidden: false,
            diff: true,
        };
        let whole = |outcome: Outcome| PreparedItem {
            label: None,
            vars: vars.clone(),
            extra: Vec::new(),
            delegated: None,
            what: What::Here(Box::new(outcome)),
            flow: None,
        };
        match self.repeat(task, host, &vars) {
            Ok(Repetition::Once) => {
                let item = self.item(task, (host, shared), &vars, None, Vec::new(), &mut prepared);
                prepared.items.push(item);
            }
            Ok(Repetition::Items(items)) => {
                self.items_of(task, (host, shared), &items, &mut prepared);
            }
            Ok(Repetition::Skipped(condition)) => {
                prepared.looped = false;
                prepared.items.push(whole(Outcome::skipped(Some(condition))));
            }
            Err(stop) => {
                prepared.looped = false;
                let mut item = whole(self.stopped(&stop));
                if let (Halt::Unknown(why), true) = (&stop, self.mode.plans()) {
                    item.what = self.doubtful(task, host, &vars, why, &mut item);
                }
                prepared.items.push(item);
                self.settings(task, &vars, &mut prepared).unwrap_or_default();
            }
        }
        prepared
    }

    fn items_of(
        &self,
        task: &Arc<Task>,
        on: (&str, &[String]),
        items: &Items,
        prepared: &mut Prepared,
    ) {
        let host = on.0;
        let total = items.values.len();
        for index in 0..total {
            // A variable that an earlier item set is seen by the next one.
            let base = self.task_vars(host, task);
            let bound = items.bind(index, &base);
            let label = items.label(&self.env.eval, &bound.vars, index);
            let item = self.item(task, on, &bound.vars, Some(label), bound.extra, prepared);
            let stops = items.breaks(&self.env.eval, &item);
            prepared.items.push(item);
            if stops {
                return;
            }
        }
        if total == 0 {
            let vars = self.task_vars(host, task);
            self.settings(task, &vars, prepared).unwrap_or_default();
        }
    }

    fn item(
        &self,
        task: &Arc<Task>,
        on: (&str, &[String]),
        vars: &Vars,
        label: Option<String>,
        extra: Vec<(String, Value)>,
        prepared: &mut Prepared,
    ) -> PreparedItem {
        let mut item = PreparedItem {
            label,
            vars: vars.clone(),
            extra,
            delegated: None,
            what: What::Here(Box::new(Outcome::skipped(None))),
            flow: None,
        };
        item.what = match self.bind(task, on, vars, &mut item, prepared) {
            Ok(what) => what,
            Err(Halt::Unknown(why)) if self.mode.plans() => {
                self.doubtful(task, on.0, vars, &why, &mut item)
            }
            Err(stop) => match self.brought_here(&stop) {
                Some(why) => self.doubtful(task, on.0, vars, &why, &mut item),
                None => What::Here(Box::new(self.stopped(&stop))),
            },
        };
        item
    }

    /// What may bring the file that this machine lacks, where something is planned on it. Waits for that.
    fn brought_here(&self, stop: &Halt) -> Option<Why> {
        let Halt::Mistake { absent: true, .. } = stop else { return None };
        let plans = self.mode.plans();
        let waiting = || self.queue.iter().find_map(|pending| pending.done_here());
        plans.then(|| self.done_here.clone().or_else(waiting)).flatten()
    }

    fn bind(
        &self,
        task: &Arc<Task>,
        (host, shared): (&str, &[String]),
        vars: &Vars,
        item: &mut PreparedItem,
        prepared: &mut Prepared,
    ) -> Result<What, Halt> {
        // What is hidden, ignored or done elsewhere is so for a task that is skipped or fails too; a mistake in these matters only
        // where the task runs.
        let settings = self.settings(task, vars, prepared);
        let delegated = self.delegate(task, vars);
        item.delegated = delegated.as_ref().ok().cloned().flatten();
        if let Some(outcome) = self.condition(task, host, vars)? {
            return Ok(What::Here(Box::new(outcome)));
        }
        settings?;
        delegated?;
        let complete = given::complete(task, &self.env.eval, vars)?;
        let task = complete.as_ref().unwrap_or(task);
        if let Some(action) = actions::find(task.module()) {
            let context = Context { eval: &self.env.eval, vars, task, files: &self.play.files };
            let done = (action.run)(&context)?;
            let on = self.takers(task, host, shared, item, vars)?;
            item.flow = self.take_in(&on, done, item);
            return Ok(std::mem::replace(
                &mut item.what,
                What::Here(Box::new(Outcome::skipped(None))),
            ));
        }
        if task.module() == background::STATUS {
            return self.status(task, host, vars, item);
        }
        let Some(entry) = modules::find(task.module()) else {
            let name = &task.action.name.value;
            return Err(Halt::new(match actions::upstream::find(name) {
                Some(_) => format!("converge does not have the module `{name}` of Ansible"),
                None if task.action.module.is_some() => format!(
                    "`{name}` is a module in Python that the project brings: converge does not run such modules"
                ),
                None => format!("no module is called `{name}`"),
            }));
        };
        let binder = self.binder(task, vars);
        let mut bound = binder.call(entry.spec)?;
        self.declare(task, entry.spec, vars, &mut bound)?;
        let nature = self.nature(task, vars)?;
        if nature == Nature::ReadOnly && self.mode.plans() && !self.env.options.probes {
            let why = Why(format!("`{}`, which is run while applying only", task.module()));
            return Ok(What::Here(Box::new(Outcome::unknown(&why))));
        }
        let limit = background::seconds(task, &self.env.eval, vars)?;
        let limit = limit.filter(|_| background::detaches(task) && !self.mode.plans());
        if let Some(limit) = limit {
            bound.call.env.extend(background::folder(&self.env.eval, vars)?);
            background::detach(&mut bound.call, limit);
        }
        self.other_side(task, vars, &mut item.delegated)?;
        let (endpoint, escalation) = self.reach(task, host, vars, item.delegated.as_deref())?;
        let background = limit.is_some();
        let request = Request { bound, endpoint, escalation, nature, doubt: None, background };
        Ok(What::Call(Box::new(request)))
    }

    /// Asks about a job in the background.
    fn status(
        &self,
        task: &Task,
        host: &str,
        vars: &Vars,
        item: &PreparedItem,
    ) -> Result<What, Halt> {
        let text = |name: &str| {
            let node = task.action.args.get(name);
            node.map(|node| self.env.eval.text(node, vars)).transpose()
        };
        let job = text("jid")?.ok_or_else(|| Halt::new("`async_status` needs a `jid`"))?;
        if let Some(outcome) = background::done(job.trim()) {
            return Ok(What::Here(Box::new(outcome)));
        }
        let binder = self.binder(task, vars);
        let mode = text("mode")?;
        let mode = mode.as_deref().unwrap_or("status");
        let mut env = binder.environment()?;
        env.extend(background::folder(&self.env.eval, vars)?);
        let call = background::ask(job.trim(), mode, env)?;
        let bound = BoundCall { call, partly: None };
        let (endpoint, escalation) = self.reach(task, host, vars, item.delegated.as_deref())?;
        Ok(What::Call(Box::new(Request {
            bound,
            endpoint,
            escalation,
            nature: Nature::ReadOnly,
            doubt: None,
            background: true,
        })))
    }

    /// Binds the arguments of a task.
    fn binder<'a>(&'a self, task: &'a Task, vars: &'a Vars) -> Binder<'a> {
        Binder { eval: &self.env.eval, vars, task, files: &self.play.files, blobs: &self.env.blobs }
    }

    /// Adds what the project declares of a command that it can't edit.
    fn declare(
        &self,
        task: &Task,
        spec: &'static Spec,
        vars: &Vars,
        bound: &mut BoundCall,
    ) -> Result<(), Halt> {
        for declared in self.env.options.declared.of(task) {
            for (name, node) in &declared.arguments {
                if spec.find(name).is_some() && !bound.call.args.contains_key(*name) {
                    let text = self.env.eval.text(node, vars)?;
                    bound.call.args.insert((*name).to_owned(), text.into());
                }
            }
        }
        Ok(())
    }

    /// How the host of a task is reached, and as which user the task runs.
    pub(super) fn reach(
        &self,
        task: &Task,
        host: &str,
        vars: &Vars,
        delegated: Option<&str>,
    ) -> Result<(Endpoint, Option<Escalation>), Halt> {
        let options = &self.env.options;
        let (place, known) = match delegated {
            Some(name) => (name, self.vars(name, None, &self.play.play.scope)),
            None => (host, vars.clone()),
        };
        let endpoint = endpoint(place, &task.scope, &known, &self.env.eval, &options.connection)?;
        let escalation = Escalation::of(&task.scope, vars, &self.env.eval, &options.escalation)?;
        Ok((endpoint, escalation))
    }

    /// Synchronizing is delegated to the side that the host is made like: it is the host that is asked.
    pub(super) fn other_side(
        &self,
        task: &Task,
        vars: &Vars,
        delegated: &mut Option<String>,
    ) -> Result<(), Halt> {
        let here = task.module() == synced::MODULE
            && synced::origin(task, vars, &self.env.eval)? == synced::Origin::Controller;
        if here {
            *delegated = None;
        }
        Ok(())
    }

    /// The host that a task is delegated to.
    fn delegate(&self, task: &Task, vars: &Vars) -> Result<Option<String>, Halt> {
        match task.scope.nearest(|own| &own.delegate_to) {
            Some(node) => Ok(Some(self.env.eval.text(node, vars)?).filter(|name| !name.is_empty())),
            None => Ok(None),
        }
    }

    /// The hosts whose variables an action sets: the task's own and those it runs once for, or the one it is delegated to
    /// (`delegate_facts`).
    fn takers(
        &self,
        task: &Task,
        host: &str,
        shared: &[String],
        item: &PreparedItem,
        vars: &Vars,
    ) -> Result<Vec<String>, Halt> {
        let facts = self.flag(task.scope.nearest(|own| &own.delegate_facts), vars, false)?;
        Ok(match &item.delegated {
            Some(name) if facts => vec![name.clone()],
            _ => std::iter::once(host)
                .chain(shared.iter().map(String::as_str))
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Sets the variables that an action gives some hosts.
    fn take_in(&self, hosts: &[String], done: Done, item: &mut PreparedItem) -> Option<Flow> {
        let include = done.set.iter().any(|(_, variable)| matches!(variable, Variable::Text(_)));
        let entries = done.set.into_iter().map(|(name, variable)| match variable {
            Variable::Data(value) => (name, Var::Data(value)),
            Variable::Text(node) => (name, Var::Text(node)),
        });
        let entries: Vec<(String, Var)> = entries.collect();
        for host in hosts {
            if done.as_facts {
                let facts = entries.iter().filter_map(|(name, var)| match var {
                    Var::Data(value) => Some((name.as_str().into(), value.clone())),
                    _ => None,
                });
                self.env.store.add_facts(host, &facts.collect());
            }
            if include {
                self.env.store.include(host, entries.clone());
            } else {
                self.env.store.set(host, entries.clone());
            }
        }
        item.what = What::Here(Box::new(done.outcome));
        done.flow
    }

    /// What becomes of the task where a condition does not hold or can't be told. One that does not hold decides, whatever
    /// can't be told of the others.
    pub(super) fn condition(
        &self,
        task: &Task,
        host: &str,
        vars: &Vars,
    ) -> Result<Option<Outcome>, Halt> {
        let doubts = self.hosts.get(host).map(|state| state.doubts.as_slice()).unwrap_or_default();
        let mut unknown = doubts.last().map(|doubt| doubt.why.clone());
        for condition in task.scope.when() {
            match self.env.eval.condition(condition, vars) {
                Ok(Truth::Yes) => {}
                Ok(Truth::No) => {
                    let shown = condition
                        .as_str()
                        .map_or_else(|| condition.span.text().to_owned(), str::to_owned);
                    return Ok(Some(Outcome::skipped(Some(shown))));
                }
                Ok(Truth::Unknown(why)) | Err(Halt::Unknown(why)) => {
                    unknown.get_or_insert(why);
                }
                // It may only make sense where what can't be told holds.
                Err(_) if unknown.is_some() => break,
                Err(mistake) => return Err(mistake),
            }
        }
        unknown.map_or(Ok(None), |why| Err(Halt::Unknown(why)))
    }

    fn settings(&self, task: &Task, vars: &Vars, prepared: &mut Prepared) -> Result<(), Halt> {
        let scope = &task.scope;
        prepared.hidden = self.flag(scope.nearest(|own| &own.no_log), vars, false)?;
        prepared.ignore_errors = self.flag(scope.nearest(|own| &own.ignore_errors), vars, false)?;
        prepared.ignore_unreachable =
            self.flag(scope.nearest(|own| &own.ignore_unreachable), vars, false)?;
        prepared.diff = self.flag(scope.nearest(|own| &own.diff), vars, true)?;
        Ok(())
    }

    /// Whether planning may run the task, because the project says that it changes nothing.
    fn nature(&self, task: &Task, vars: &Vars) -> Result<Nature, Halt> {
        let declared = self.env.options.declared.of(task).any(|declared| declared.read_only);
        if let Some(node) = task.scope.nearest(|own| &own.check_mode) {
            return Ok(if self.env.eval.flag(node, vars)? {
                Nature::PreviewOnly
            } else {
                self.probe(task)
            });
        }
        let never = |node: &crate::yaml::Node| match &node.kind {
            Kind::Bool(truth) => !truth,
            _ => matches!(node.as_str(), Some("false" | "False" | "no")),
        };
        let unchanging = task.changed_when.as_ref().is_some_and(|nodes| nodes.iter().any(never));
        Ok(if unchanging || declared { self.probe(task) } else { Nature::Normal })
    }

    /// Only commands are run while planning; other modules plan what they would do.
    fn probe(&self, task: &Task) -> Nature {
        if matches!(task.module(), "command" | "shell" | "raw") {
            Nature::ReadOnly
        } else {
            Nature::Normal
        }
    }

    /// What becomes of a task that could not be bound.
    pub(super) fn stopped(&self, halt: &Halt) -> Outcome {
        match halt {
            Halt::Unknown(why) => Outcome::unknown(why),
            mistake => Outcome::failed(mistake.message()),
        }
    }
}
