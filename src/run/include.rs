//! `include_tasks` and `include_role`: lists of tasks that are known when they are reached.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::event::TaskInfo;
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::playbook::{Included, Item, Task};
use crate::run::env::RoleWanted;
use crate::run::pending::{Answer, Pending, PendingItem};
use crate::run::repeat::Repetition;
use crate::run::walk::Walk;
use crate::value::{Map, Value};
use crate::vars::{Layer, Origin, Vars};

/// One file or role to be included, for the hosts that include it with the same variables.
struct Batch {
    what: Wanted,
    /// The variables of the loop, which are the same for all hosts of the batch.
    item: Option<String>,
    hosts: Vec<String>,
    frames: HashMap<String, Arc<Layer>>,
}

/// What is included.
#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Tasks(PathBuf),
    Role(RoleWanted, bool),
}

impl Walk<'_> {
    /// Includes the tasks of a file.
    pub(super) fn include_tasks(&mut self, task: &Arc<Task>, hosts: &[String]) {
        self.include(task, hosts, |walk, task, vars| {
            let name = walk.include_text(task, vars, &["file", "_raw_params"])?;
            let Some(name) = name else {
                return Err(Halt::new("no file was given to include_tasks"));
            };
            walk.play.files.find(task, "tasks", name.trim().as_ref()).map(Wanted::Tasks)
        });
    }

    /// Includes a role.
    pub(super) fn include_role(&mut self, task: &Arc<Task>, hosts: &[String]) {
        self.include(task, hosts, |walk, task, vars| {
            let text = |names: &[&str]| walk.include_text(task, vars, names);
            let Some(name) = text(&["name", "role"])? else {
                return Err(Halt::new("`name` is a required field for include_role"));
            };
            let main = || "main".to_owned();
            let public =
                text(&["public"])?.map(|text| walk.env.eval.boolean(&text.into())).transpose()?;
            let wanted = RoleWanted {
                name,
                tasks: text(&["tasks_from"])?.unwrap_or_else(main),
                handlers: text(&["handlers_from"])?.unwrap_or_else(main),
                defaults: text(&["defaults_from"])?.unwrap_or_else(main),
                vars: text(&["vars_from"])?.unwrap_or_else(main),
            };
            Ok(Wanted::Role(wanted, public.unwrap_or(false)))
        });
    }

    fn include_text(
        &self,
        task: &Task,
        vars: &Vars,
        names: &[&str],
    ) -> Result<Option<String>, Halt> {
        let eval = &self.env.eval;
        for (key, node) in &task.action.args {
            if names.contains(&key.value.as_str()) {
                return eval.text(node, vars).map(Some);
            }
        }
        match &task.action.free_form {
            Some(node) if names.contains(&"_raw_params") => eval.text(node, vars).map(Some),
            _ => Ok(None),
        }
    }

    fn include(
        &mut self,
        task: &Arc<Task>,
        hosts: &[String],
        wanted: impl Fn(&Self, &Task, &Vars) -> Result<Wanted, Halt>,
    ) {
        self.drain(false);
        let hosts = self.active(hosts);
        let Some(first) = hosts.first() else { return };
        let vars = self.task_vars(first, task);
        let once = self
            .flag(task.common.first(|level| level.run_once.as_ref()), &vars, false)
            .unwrap_or(false);
        let info = self.info(task, &vars, false);
        let mut batches: Vec<Batch> = Vec::new();
        for host in if once { &hosts[..1] } else { &hosts[..] } {
            self.include_for(task, host, &info, &wanted, &mut batches);
        }
        for mut batch in batches {
            if once {
                let frame = batch.frames.values().next().cloned().unwrap_or_default();
                batch.hosts.clone_from(&hosts);
                batch.frames =
                    hosts.iter().map(|host| (host.clone(), Arc::clone(&frame))).collect();
            }
            self.run_batch(task, &info, batch);
            if self.ended.is_some() {
                return;
            }
        }
    }

    /// What a host includes: each item of the loop on its own.
    fn include_for(
        &mut self,
        task: &Arc<Task>,
        host: &str,
        info: &Arc<TaskInfo>,
        wanted: &impl Fn(&Self, &Task, &Vars) -> Result<Wanted, Halt>,
        batches: &mut Vec<Batch>,
    ) {
        let vars = self.task_vars(host, task);
        let rounds: Vec<(Vars, Vec<(String, Value)>)> = match self.repeat(task, &vars) {
            Ok(Repetition::Once) => vec![(vars.clone(), Vec::new())],
            Ok(Repetition::Skipped(condition)) => {
                return self.tell_include(
                    task,
                    info,
                    host,
                    &vars,
                    Outcome::skipped(Some(condition)),
                );
            }
            Ok(Repetition::Items(items)) => (0..items.values.len())
                .map(|index| {
                    let bound = items.bind(index, &vars);
                    (bound.vars, bound.extra)
                })
                .collect(),
            Err(stop) => {
                let outcome = self.stopped(&stop);
                return self.tell_include(task, info, host, &vars, outcome);
            }
        };
        for (vars, extra) in rounds {
            let outcome = match self.condition(task, &vars) {
                Ok(None) => None,
                Ok(Some(skipped)) => Some(skipped),
                Err(stop) => Some(self.stopped(&stop)),
            };
            let what = match outcome {
                Some(outcome) => Err(outcome),
                None => wanted(self, task, &vars).map_err(|stop| self.stopped(&stop)),
            };
            match what {
                Ok(what) => self.join(batches, what, host, extra),
                Err(outcome) => self.tell_include(task, info, host, &vars, outcome),
            }
        }
    }

    /// Hosts that include the same with the same item do it together.
    fn join(
        &self,
        batches: &mut Vec<Batch>,
        what: Wanted,
        host: &str,
        extra: Vec<(String, Value)>,
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
            }
            None => batches.push(Batch {
                what,
                item,
                hosts: vec![host.to_owned()],
                frames: HashMap::from([(host.to_owned(), layer)]),
            }),
        }
    }

    fn run_batch(&mut self, task: &Arc<Task>, info: &Arc<TaskInfo>, batch: Batch) {
        let items = match self.load(task, &batch.what) {
            Ok(items) => items,
            Err(message) => {
                for host in self.active(&batch.hosts) {
                    let vars = self.task_vars(&host, task);
                    self.tell_include(task, info, &host, &vars, Outcome::failed(message.clone()));
                }
                return self.sync();
            }
        };
        for host in self.active(&batch.hosts) {
            let vars = self.task_vars(&host, task);
            let mut results = Map::new();
            results.insert("include".into(), included_name(&batch.what).into());
            self.tell_include(task, info, &host, &vars, Outcome::local(false, results));
        }
        self.frames.push(batch.frames);
        self.items(&items, &batch.hosts);
        if let Wanted::Role(RoleWanted { name, .. }, _) = &batch.what {
            for state in self.hosts.values_mut() {
                state.roles_ended.retain(|ended| ended != name);
            }
        }
        self.frames.pop();
    }

    fn load(&mut self, task: &Arc<Task>, what: &Wanted) -> Result<Vec<Item>, String> {
        let loaded = match what {
            Wanted::Tasks(path) => self.env.includes.tasks(task, path),
            Wanted::Role(wanted, public) => {
                self.env.includes.role(task, wanted).inspect(|included| {
                    if let (Some(role), true) = (&included.role, *public) {
                        self.play.add_role(Arc::clone(role));
                    }
                })
            }
        };
        let Included { items, handlers, .. } = loaded.map_err(|diagnostics| {
            diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        })?;
        self.handlers.extend(handlers);
        Ok(items)
    }

    /// The include itself is a step that can be seen and registered.
    fn tell_include(
        &mut self,
        task: &Arc<Task>,
        info: &Arc<TaskInfo>,
        host: &str,
        vars: &Vars,
        outcome: Outcome,
    ) {
        let mut pending = Pending::new(
            Arc::clone(info),
            Arc::clone(task),
            host.to_owned(),
            Arc::clone(&self.env.eval),
        );
        pending.ignore_errors = self
            .flag(task.common.first(|level| level.ignore_errors.as_ref()), vars, false)
            .unwrap_or(false);
        pending.rescuable = self.rescues > 0;
        pending.items.push(PendingItem {
            label: None,
            vars: vars.clone(),
            extra: Vec::new(),
            delegated: None,
            partly: None,
            answer: Answer::Here(Box::new(outcome)),
        });
        self.queue.push_back(Arc::new(pending));
        self.drain(false);
    }
}

fn included_name(what: &Wanted) -> String {
    match what {
        Wanted::Tasks(path) => path.display().to_string(),
        Wanted::Role(RoleWanted { name, .. }, _) => name.clone(),
    }
}
