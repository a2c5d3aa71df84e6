//! Walks a playbook over its hosts: planning and applying are the same walk and ask hosts different questions.
//!
//! A task is bound on every host (variables, conditions, arguments; nothing is sent), then handed out, and its answer is taken
//! as late as possible: when a template reads it, when a handler depends on it, or when the section ends. So hosts run ahead
//! and a run costs round trips per dependency, not per task.

mod aside;
mod background;
mod check;
mod connect;
mod deviation;
mod doubt;
mod drain;
mod env;
mod far;
mod fetch;
mod flow;
mod gate;
mod handlers;
mod hosts;
mod include;
mod items;
mod magic;
mod mode;
mod pending;
mod play;
mod prepare;
mod pull;
mod reasons;
mod reboot;
mod repeat;
mod resume;
mod reviewed;
mod scope;
pub(crate) mod tags;
mod task;
mod walk;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use converge_host::wire::Holder;
use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Severity};
use crate::event::{Event, Listener, Recap};
use crate::inventory::Pattern;
use crate::plan::eval::Eval;
use crate::plan::explain::Explain;
use crate::playbook::{Play, Playbook};
use crate::run::connect::Connections;
use crate::run::env::{Env, PlayEnv};
use crate::run::gate::Gate;
use crate::run::reasons::Reasons;
use crate::run::walk::{Counters, End, Walk};
use crate::template::{Engine, Options as Strictness};
use crate::value::Value;
use crate::vars::{Layer, Origin};

pub use crate::actions::catalogue::Catalogue;
pub use check::check;
pub use connect::Identity;
pub use env::Given;
pub use mode::Mode;
pub use resume::{GoOn, Mark, Resume};
pub use reviewed::{Key, Planned, Reviewed};

/// A project, its hosts and the connections to them: planned and applied with these.
pub struct Session {
    env: Arc<Env>,
    playbook: Playbook,
    connections: Arc<Connections>,
    gate: Arc<Gate>,
    /// Hosts that take no part for now.
    aside: Mutex<BTreeSet<String>>,
    /// From where hosts go on with an earlier run.
    resume: Mutex<Option<Resume>>,
}

/// How a walk over a playbook ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// What happened on each host.
    pub recap: Recap,
    /// What was planned and seen through, to hold applying to it.
    pub planned: Reviewed,
}

impl Session {
    /// Prepares a run. Nothing is connected yet.
    pub fn new(playbook: Playbook, mut given: Given) -> Result<Self, Vec<Diagnostic>> {
        let strictness = Strictness { strict_conditions: given.options.strict_conditions };
        let engine = Engine::excusing(strictness, Arc::clone(&given.options.foreign));
        let eval = Arc::new(Eval::new(engine, given.options.verbosity));
        let extra = std::mem::take(&mut given.extra);
        let extra = Layer::of_nodes(
            Origin::Extra,
            extra.iter().map(|(name, node)| (name.value.as_str(), node)),
        );
        let limit = match &given.options.limit {
            Some(text) => {
                let limit = Pattern::limit(text, given.loader.root(), &given.loader)
                    .map_err(|problem| vec![problem])?;
                let problems = given.inventory.check_limit(&limit);
                if problems.iter().any(|problem| problem.severity == Severity::Error) {
                    return Err(problems);
                }
                Some(limit)
            }
            None => None,
        };
        let gate = Arc::new(Gate::new(given.options.forks));
        let watcher: Arc<dyn crate::target::Watcher> = gate.clone();
        let connections = Arc::new(Connections::new(
            Arc::clone(&given.connector),
            watcher,
            given.options.forks,
            given.options.looks,
        ));
        let env = Arc::new(Env::new(given, extra, eval, limit));
        Ok(Self {
            env,
            playbook,
            connections,
            gate,
            aside: Mutex::default(),
            resume: Mutex::default(),
        })
    }

    /// The plays with the names of their hosts, and what is to be said about their patterns.
    pub fn hosts(&self) -> Result<(Vec<(&Play, Vec<String>)>, Vec<Diagnostic>), Diagnostic> {
        let mut all = Vec::new();
        let mut diagnostics = Vec::new();
        for play in &self.playbook.plays {
            let (hosts, problems) = play::hosts_of(&self.env, play).map_err(plan_halt)?;
            all.push((play, hosts));
            diagnostics.extend(problems);
        }
        Ok((all, diagnostics))
    }

    /// What each host that was connected to says that it is, by its name in the inventory. Must not be called during a walk.
    pub fn identities(&self) -> BTreeMap<String, Identity> {
        // What a task would change there is not asked.
        self.connections.reset();
        let mut number = self.env.next_requests();
        let identities = self.connections.identities(&mut number);
        self.env.used_requests(number);
        identities
    }

    /// Hosts are changed on behalf of this run from now on. One that another run changes refuses, at the first change.
    pub fn lease(&self, holder: Holder) {
        self.connections.lease(holder);
    }

    /// What was asked to be explained, with what was found out by walks.
    pub fn explained(&self) -> Option<&Explain> {
        self.env.options.explain.as_deref()
    }

    /// The answers to `vars_prompt`.
    pub fn answers(&self) -> &[(String, Value)] {
        &self.env.options.answers
    }

    /// What is wrong with the variables that the inventory and the folder of the playbook have for the hosts of the plays.
    pub fn check_variables(&self) -> Result<Vec<Diagnostic>, Diagnostic> {
        for (play, hosts) in self.hosts()?.0 {
            for host in hosts {
                self.env.inventory_layers(&host, &play.folder);
            }
        }
        Ok(self.env.take_problems())
    }

    /// What is wrong with the patterns of the plays where none of them has a host, so that nothing would be done at all.
    ///
    /// An inventory need not have all groups that a playbook is for, so one play without hosts is no mistake.
    pub fn check_patterns(&self) -> Result<Vec<Diagnostic>, Diagnostic> {
        let (plays, mut problems) = self.hosts()?;
        if plays.iter().any(|(_, hosts)| !hosts.is_empty()) {
            problems.clear();
        }
        problems.iter_mut().for_each(|problem| problem.severity = Severity::Error);
        Ok(problems)
    }

    /// Walks the playbook. `listener` hears what happens, in order.
    pub fn walk(&self, mode: Mode, listener: &dyn Listener) -> Result<Ended, Diagnostic> {
        self.connections.reset();
        self.begin();
        for host in mode.reviewed().into_iter().flat_map(Reviewed::left_out) {
            self.env.fail(host);
        }
        let Some(first) = self.playbook.plays.first() else { return Ok(Ended::default()) };
        let mut walk = Walk {
            play: Arc::new(PlayEnv::new(
                &self.env,
                Arc::new(first.clone()),
                String::new(),
                Vec::new(),
                Layer::default(),
            )),
            env: Arc::clone(&self.env),
            mode,
            listener,
            connections: Arc::clone(&self.connections),
            gate: Arc::clone(&self.gate),
            hosts: IndexMap::new(),
            queue: VecDeque::new(),
            frames: Vec::new(),
            batch: Arc::new(Layer::default()),
            rescues: 0,
            gated: false,
            ended: None,
            loosened: Vec::new(),
            handlers: Vec::new(),
            start_at: self.env.options.start_at.clone(),
            aside: self.aside(),
            resuming: self.resuming(),
            doubted: Vec::new(),
            reasons: Reasons::default(),
            done_here: None,
            counters: Counters { request: self.env.next_requests(), ..Counters::default() },
            planned: Reviewed::default(),
            recap: Recap::default(),
        };
        for play in &self.playbook.plays {
            let (hosts, problems) = play::hosts_of(&self.env, play).map_err(plan_halt)?;
            for problem in problems {
                walk.tell(&Event::Warning(problem.sentence()));
            }
            walk.play(&Arc::new(play.clone()), hosts)?;
            if walk.ended == Some(End::Run) {
                break;
            }
        }
        self.env.used_requests(walk.counters.request);
        if let Some(problem) = walk.never_reached() {
            return Err(problem);
        }
        Ok(Ended { recap: walk.recap, planned: walk.planned })
    }
}

fn plan_halt(halt: crate::plan::halt::Halt) -> Diagnostic {
    halt.into_diagnostic()
}
