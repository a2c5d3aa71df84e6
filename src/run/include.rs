//! `include_tasks` and `include_role`: lists of tasks that are known when they are reached.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use converge_host::stop::Why;

use crate::diagnostic::Severity;
use crate::event::{TaskInfo, Verdict};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::playbook::{Include, RoleNames, Target, Task, TaskItem};
use crate::run::pending::{Answer, Pending, PendingItem};
use crate::run::repeat::Repetition;
use crate::run::walk::Walk;
use crate::value::{Map, Value};
use crate::vars::{Layer, Origin, Vars};
use crate::yaml::Node;

/// One file or role to be included, for the hosts that include it with the same variables.
struct Batch {
    what: Wanted,
    /// The variables of the loop, which are the same for all hosts of the batch.
    item: Option<String>,
    hosts: Vec<String>,
    frames: HashMap<String, Arc<Layer>>,
    /// Why it can't be told whether a host includes it.
    doubts: BTreeMap<String, Why>,
}

/// What is included.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Tasks(String),
    Role(RoleNames),
}

impl Walk<'_> {
    /// Brings in the tasks of a file, or a role.
    pub(super) fn include(&mut self, include: &Arc<Include>, hosts: &[String]) {
        self.drain(false);
        let task = &include.task;
        let hosts = self.active(hosts);
        let Some(first) = hosts.first() else { return };
        let vars = self.task_vars(first, task);
        let once =
            self.flag(task.scope.nearest(|own| &own.run_once), &vars, false).unwrap_or(false);
        let info = self.info(task, &vars, false);
        let mut batches: Vec<Batch> = Vec::new();
        for host in if once { &hosts[..1] } else { &hosts[..] } {
            self.include_for(include, host, &info, &mut batches);
        }
        let mut loaded = Vec::new();
        for mut batch in batches {
            if once {
                let frame = batch.frames.values().next().cloned().unwrap_or_default();
                batch.hosts.clone_from(&hosts);
                batch.frames =
                    hosts.iter().map(|host| (host.clone(), Arc::clone(&frame))).collect();
            }
            let items = self.load_batch(include, &info, &batch);
            loaded.extend(items.map(|(items, loosened)| (items, loosened, batch)));
        }
        for (items, loosened, batch) in loaded {
            let around = self.loosened.len();
            self.loosened.extend(loosened);
            self.begin_doubt(task, &batch.doubts);
            self.frames.push(batch.frames);
            self.items(&items, &batch.hosts);
            self.frames.pop();
            self.end_doubt(&batch.doubts);
            self.loosened.truncate(around);
            if self.ended.is_some() {
                return;
            }
        }
    }

    /// What the target of an include is for a host.
    fn wanted(&self, target: &Target, vars: &Vars) -> Result<Wanted, Halt> {
        let eval = &self.env.eval;
        let target = match target {
            Target::Tasks(node) => {
                return Ok(Wanted::Tasks(eval.text(node, vars)?.trim().to_owned()));
            }
            Target::Role(target) => target,
        };
        let text =
            |node: &Option<Node>| node.as_ref().map(|node| eval.text(node, vars)).transpose();
        let flag = |node: &Option<Node>, default| {
            node.as_ref().map_or(Ok(default), |node| eval.flag(node, vars))
        };
        Ok(Wanted::Role(RoleNames {
            name: eval.text(&target.name, vars)?,
            tasks_from: text(&target.tasks_from)?,
            vars_from: text(&target.vars_from)?,
            defaults_from: text(&target.defaults_from)?,
            handlers_from: text(&target.handlers_from)?,
            allow_duplicates: flag(&target.allow_duplicates, true)?,
            public: flag(&target.public, false)?,
            validate: flag(&target.validate, true)?,
        }))
    }

    /// What a host includes: each item of the loop on its own.
    fn include_for(
        &mut self,
        include: &Include,
        host: &str,
        info: &Arc<TaskInfo>,
        batches: &mut Vec<Batch>,
    ) {
        let task = &include.task;
        let vars = self.task_vars(host, task);
        let rounds: Vec<(Vars, Vec<(String, Value)>)> = match self.repeat(task, host, &vars) {
            Ok(Repetition::Once) => vec![(vars.clone(), Vec::new())],
            Ok(Repetition::Skipped(condition)) => {
                let outcome = Outcome::skipped(Some(condition));
                self.tell_include(task, info, host, &vars, outcome);
                return;
            }
            Ok(Repetition::Items(items)) => (0..items.values.len())
                .map(|index| {
                    let bound = items.bind(index, &vars);
                    (bound.vars, bound.extra)
                })
                .collect(),
            Err(stop) => {
                let outcome = self.stopped(&stop);
                self.tell_include(task, info, host, &vars, outcome);
                return;
            }
        };
        // A loop is told as skipped only where all of its items are.
        let (mut skipped, mut told) = (None, false);
        for (vars, extra) in rounds {
            let mut doubt = None;
            let outcome = match self.condition(task, host, &vars) {
                Ok(None) => None,
                Ok(Some(skipped)) => Some(skipped),
                // Its tasks are walked all the same, so that each is known to be in doubt.
                Err(Halt::Unknown(why)) if self.mode.plans() && !self.doubts_already(task) => {
                    doubt = Some(why);
                    None
                }
                Err(stop) => Some(self.stopped(&stop)),
            };
            let what = match outcome {
                Some(outcome) => Err(outcome),
                None => self.wanted(&include.target, &vars).map_err(|stop| match &doubt {
                    Some(why) => Outcome::unknown(why),
                    None => self.stopped(&stop),
                }),
            };
            match what {
                Ok(what) => {
                    told = true;
                    self.join(batches, what, host, extra, doubt);
                }
                Err(outcome) if matches!(outcome.verdict, Verdict::Skipped { .. }) => {
                    skipped = Some((vars, outcome));
                }
                Err(outcome) => {
                    told = true;
                    self.tell_include(task, info, host, &vars, outcome);
                }
            }
        }
        if let (Some((vars, outcome)), false) = (skipped, told) {
            self.tell_include(task, info, host, &vars, outcome);
        }
    }

    /// Hosts that include the same with the same item do it together.
    fn join(
        &self,
        batches: &mut Vec<Batch>,
        what: Wanted,
        host: &str,
        extra: Vec<(String, Value)>,
        doubt: Option<Why>,
    ) {
        let item = (!extra.is_empty()).then(|| {
            extra
                .iter()
                .map(|(name, value)| {
                    format!("{name}={}", self.env.eval.shown(value).unwrap_or_default())
                })
                .collect()
        });
        let layer = Arc::new(Layer::of_values(Origin::Task, extra));
        let fits = |batch: &&mut Batch| {
            batch.what == what && batch.item == item && !batch.frames.contains_key(host)
        };
        match batches.iter_mut().find(fits) {
            Some(batch) => {
                batch.hosts.push(host.to_owned());
                batch.frames.insert(host.to_owned(), layer);
                batch.doubts.extend(doubt.map(|why| (host.to_owned(), why)));
            }
            None => batches.push(Batch {
                what,
                item,
                hosts: vec![host.to_owned()],
                frames: HashMap::from([(host.to_owned(), layer)]),
                doubts: doubt.map(|why| (host.to_owned(), why)).into_iter().collect(),
            }),
        }
    }

    /// Reads what a batch includes, and tells so for each of its hosts; also those that no plan holds there.
    fn load_batch(
        &mut self,
        include: &Include,
        info: &Arc<TaskInfo>,
        batch: &Batch,
    ) -> Option<(Vec<TaskItem>, Vec<String>)> {
        let task = &include.task;
        let items = match self.load(include, &batch.what) {
            Ok(items) => items,
            Err(message) => {
                for host in self.active(&batch.hosts) {
                    let vars = self.task_vars(&host, task);
                    let outcome = match batch.doubts.get(&host) {
                        Some(why) => Outcome::unknown(why),
                        None => Outcome::failed(message.clone()),
                    };
                    self.tell_include(task, info, &host, &vars, outcome);
                }
                self.sync();
                return None;
            }
        };
        let mut loosened = Vec::new();
        for host in self.active(&batch.hosts) {
            let vars = self.task_vars(&host, task);
            let mut results = Map::new();
            let (Wanted::Tasks(name) | Wanted::Role(RoleNames { name, .. })) = &batch.what;
            results.insert("include".into(), name.as_str().into());
            let outcome = match batch.doubts.get(&host) {
                Some(why) => Outcome::unknown(why),
                None => Outcome::local(false, results),
            };
            if self.tell_include(task, info, &host, &vars, outcome) {
                loosened.push(host);
            }
        }
        Some((items, loosened))
    }

    /// Reads what is included.
    fn load(&mut self, include: &Include, what: &Wanted) -> Result<Vec<TaskItem>, String> {
        let (items, problems) = match what {
            Wanted::Tasks(file) => self.env.reader.include_tasks(include, file),
            Wanted::Role(names) => {
                let (run, problems) = self.env.reader.include_role(include, names);
                if let (Some(run), true) = (&run, names.public) {
                    self.play.add_role(Arc::clone(&run.role));
                }
                (run.into_iter().map(TaskItem::Role).collect(), problems)
            }
        };
        let errors: Vec<String> = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(ToString::to_string)
            .collect();
        if errors.is_empty() { Ok(items) } else { Err(errors.join("\n")) }
    }

    /// The include itself is a step that can be seen and registered. Says whether the plan left open what it brings.
    fn tell_include(
        &mut self,
        task: &Arc<Task>,
        info: &Arc<TaskInfo>,
        host: &str,
        vars: &Vars,
        outcome: Outcome,
    ) -> bool {
        let key = self.counters.occurrences.next(&info.place, host, None);
        let open = self.is_open(&key);
        let mut pending = Pending::new(
            Arc::clone(info),
            Arc::clone(task),
            host.to_owned(),
            Arc::clone(&self.env.eval),
        );
        pending.ignore_errors =
            self.flag(task.scope.nearest(|own| &own.ignore_errors), vars, false).unwrap_or(false);
        pending.rescuable = self.rescues > 0;
        pending.items.push(PendingItem {
            label: None,
            vars: vars.clone(),
            extra: Vec::new(),
            here: false,
            delegated: None,
            user: None,
            preview: false,
            partly: None,
            key,
            reviewed: None,
            answer: Answer::Here(Box::new(outcome)),
        });
        self.queue.push_back(Arc::new(pending));
        self.drain(false);
        open
    }
}
