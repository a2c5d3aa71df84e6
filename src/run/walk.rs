//! The walk over a playbook: the state that planning and applying share.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use converge_host::stop::Why;
use indexmap::IndexMap;

use crate::event::{Event, Listener, Recap, TaskInfo};
use crate::plan::eval::TaskFiles;
use crate::plan::halt::Halt;
use crate::playbook::{Role, Scope, Task, TaskItem};
use crate::run::connect::Connections;
use crate::run::env::{Env, PlayEnv};
use crate::run::gate::{Gate, Turn};
use crate::run::hosts::{HostState, Status};
use crate::run::magic;
use crate::run::mode::Mode;
use crate::run::pending::Pending;
use crate::run::reasons::Reasons;
use crate::run::resume::Resuming;
use crate::run::reviewed::{Bound, Key, Occurrences, Reviewed};
use crate::run::scope;
use crate::template::LookupContext;
use crate::value::Value;
use crate::vars::{Layer, Origin, Vars};
use crate::yaml::Node;

/// A walk over plays: tasks are bound and handed out in Ansible's linear order; answers are taken in the same order, as late
/// as possible.
pub(crate) struct Walk<'a> {
    pub(super) env: Arc<Env>,
    pub(super) play: Arc<PlayEnv>,
    pub(super) mode: Mode,
    pub(super) listener: &'a dyn Listener,
    pub(super) connections: Arc<Connections>,
    pub(super) gate: Arc<Gate>,
    /// The hosts of the batch.
    pub(super) hosts: IndexMap<String, HostState>,
    /// Handed out and not settled, in order.
    pub(super) queue: VecDeque<Arc<Pending>>,
    /// What includes with loops add to the variables of a host.
    pub(super) frames: Vec<HashMap<String, Arc<Layer>>>,
    /// Names of the hosts that take part, as templates see them.
    pub(super) batch: Arc<Layer>,
    /// How many blocks with a `rescue` are around.
    pub(super) rescues: usize,
    /// Requests are held so that hosts meet before they change something.
    pub(super) gated: bool,
    /// The play, or its batch, was ended by `meta` or an error that is fatal for all.
    pub(super) ended: Option<End>,
    /// Hosts that are in a part of the playbook that the plan could not see into: what comes out there is allowed. A host stands
    /// here once for each such part around it.
    pub(super) loosened: Vec<String>,
    /// Handlers of the play, and those of included roles.
    pub(super) handlers: Vec<TaskItem>,
    /// No task before this one runs (`--start-at-task`).
    pub(super) start_at: Option<String>,
    /// Hosts that take no part for now.
    pub(super) aside: BTreeSet<String>,
    /// From where hosts go on with an earlier run.
    pub(super) resuming: Option<Resuming>,
    /// Includes of which can't be told whether they happen, while their tasks are walked.
    pub(super) doubted: Vec<String>,
    /// Where what can't be told comes from.
    pub(super) reasons: Reasons,
    /// What is planned on this machine first, as a reason.
    pub(super) done_here: Option<Why>,
    pub(super) counters: Counters,
    /// What was planned, to be approved.
    pub(super) planned: Reviewed,
    pub(super) recap: Recap,
}

/// Numbers that go through a whole run.
#[derive(Default)]
pub(crate) struct Counters {
    pub(super) request: u64,
    pub(super) turn: Turn,
    pub(super) task: usize,
    /// The task whose banner was shown last.
    pub(super) banner: usize,
    pub(super) occurrences: Occurrences,
}

/// How a play ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The batch is over.
    Batch,
    /// The play is over.
    Play,
    /// Everything is over: an error that is fatal for all.
    Run,
}

impl Walk<'_> {
    /// Tells the listener, and counts.
    pub(super) fn tell(&mut self, event: &Event) {
        event.count(&mut self.recap);
        self.listener.hear(event);
    }

    /// Whether the plan left open what a step does, or could not see as far. Never while planning.
    pub(super) fn is_open(&self, key: &Key) -> bool {
        let Some(reviewed) = self.mode.reviewed() else { return false };
        match reviewed.bound(key) {
            Bound::Open => true,
            Bound::Exactly(_) => false,
            Bound::Unplanned => self.loosened.contains(&key.host),
        }
    }

    /// Those of some hosts that take part.
    pub(super) fn active(&self, hosts: &[String]) -> Vec<String> {
        let active = |host: &&String| {
            self.hosts.get(*host).is_some_and(|state| state.status == Status::Active)
        };
        hosts.iter().filter(active).cloned().collect()
    }

    /// Changes whether a host takes part.
    pub(super) fn set_status(&mut self, host: &str, status: Status) {
        if let Some(state) = self.hosts.get_mut(host) {
            state.status = status;
            if status != Status::Active {
                state.chain.clear();
            }
        }
        self.batch = Arc::new(self.batch_layer());
    }

    pub(super) fn batch_layer(&self) -> Layer {
        let failed = |host: &String| self.env.failed(host);
        let batch: Vec<Value> = self.hosts.keys().map(|host| host.as_str().into()).collect();
        let active: Vec<Value> = self
            .play
            .all_hosts
            .iter()
            .filter(|host| {
                self.hosts.get(*host).map_or(!failed(host), |state| state.status == Status::Active)
            })
            .map(|host| host.as_str().into())
            .collect();
        let values = [
            ("ansible_play_hosts".to_owned(), Value::list(active.clone())),
            ("play_hosts".to_owned(), Value::list(active)),
            ("ansible_play_batch".to_owned(), Value::list(batch)),
        ];
        Layer::of_values(Origin::Magic, values)
    }

    /// The variables of a task on a host, without those of a loop.
    pub(super) fn vars(&self, host: &str, role: Option<&Arc<Role>>, scope: &Scope) -> Vars {
        let magic = magic::layer(&self.env, &self.play, host, role);
        let vars = scope::vars(&self.env, &self.play, host, role, scope, magic);
        let mut vars = vars.with_lookups(self.lookups(scope, None)).with(Arc::clone(&self.batch));
        for frame in &self.frames {
            if let Some(layer) = frame.get(host) {
                vars = vars.with(Arc::clone(layer));
            }
        }
        vars
    }

    /// The variables of a task on a host.
    pub(super) fn task_vars(&self, host: &str, task: &Task) -> Vars {
        let vars = self.vars(host, task.scope.role(), &task.scope);
        let vars = vars.with_lookups(self.lookups(&task.scope, Some(&task.file)));
        match &self.env.options.explain {
            Some(explain) if explain.wants(task) => vars.traced(&explain.trace(task, host)),
            _ => vars,
        }
    }

    /// What lookups of a task reach.
    fn lookups(&self, scope: &Scope, file: Option<&Path>) -> Arc<dyn LookupContext> {
        let folders = |kind| self.play.files.folders(scope, file.unwrap_or(Path::new("")), kind);
        let env = Arc::clone(&self.env);
        Arc::new(TaskFiles {
            files: folders("files"),
            templates: folders("templates"),
            vars: folders("vars"),
            playbook: self.play.files.playbook().to_path_buf(),
            inputs: Arc::clone(self.play.files.inputs()),
            vault: Arc::clone(self.env.loader.vault()),
            hosts: Arc::new(move |pattern| env.select(pattern).map_err(|problem| problem.message)),
        })
    }

    /// A keyword that is true or false.
    pub(super) fn flag(
        &self,
        node: Option<&Node>,
        vars: &Vars,
        default: bool,
    ) -> Result<bool, Halt> {
        node.map_or(Ok(default), |node| self.env.eval.flag(node, vars))
    }

    /// What events say of a task that is reached now. Its name is rendered for the first host; where that fails it is shown as
    /// it is written.
    pub(super) fn info(&mut self, task: &Task, vars: &Vars, handler: bool) -> Arc<TaskInfo> {
        self.counters.task += 1;
        let bare = match &task.name {
            Some(node) => {
                let rendered = self.env.eval.text(node, vars);
                rendered.unwrap_or_else(|_| node.as_str().unwrap_or_default().to_owned())
            }
            None => self.unnamed(task, vars),
        };
        // As with Ansible, an `include_role` is called by its name alone.
        let name = match task.scope.role().filter(|_| task.module() != "include_role") {
            Some(role) => format!("{} : {bare}", role.name),
            None => bare,
        };
        Arc::new(TaskInfo {
            number: self.counters.task,
            name,
            module: task.module().to_owned(),
            place: task.at.to_string(),
            handler: handler || task.handler,
        })
    }

    /// What a task without a name is called: by its module, and a role that is included by its name as well.
    fn unnamed(&self, task: &Task, vars: &Vars) -> String {
        let args = &task.action.args;
        let role = args.get("name").or_else(|| args.get("role"));
        match role.filter(|_| task.module() == "include_role") {
            Some(role) => {
                let name = self.env.eval.text(role, vars);
                let name = name.unwrap_or_else(|_| role.as_str().unwrap_or_default().to_owned());
                format!("{} : {name}", task.action.name.value)
            }
            None => task.module().to_owned(),
        }
    }

    /// Handlers of a role take part from now on; those that do already are not added again.
    pub(super) fn add_handlers(&mut self, handlers: &[TaskItem]) {
        for handler in handlers {
            let known = self.handlers.iter().any(|other| match (other, handler) {
                (TaskItem::Task(one), TaskItem::Task(other)) => one.at == other.at,
                (TaskItem::Block(one), TaskItem::Block(other)) => one.at == other.at,
                (TaskItem::Include(one), TaskItem::Include(other)) => one.task.at == other.task.at,
                _ => false,
            });
            if !known {
                self.handlers.push(handler.clone());
            }
        }
    }

    /// Shows the task, if it was not the last one to be shown.
    pub(super) fn banner(&mut self, info: &Arc<TaskInfo>) {
        if self.counters.banner != info.number {
            self.counters.banner = info.number;
            self.tell(&Event::Task(Arc::clone(info)));
        }
    }
}
