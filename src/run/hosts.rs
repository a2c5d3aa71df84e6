//! What the run knows of each host.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use converge_host::stop::Why;
use indexmap::IndexMap;

use crate::value::{Map, Value};
use crate::vars::Var;

/// A host while its play runs.
#[derive(Debug, Default)]
pub(crate) struct HostState {
    /// Whether it takes part.
    pub(crate) status: Status,
    /// The requests that must have succeeded before the next one runs.
    pub(crate) chain: Vec<u64>,
    /// Handlers that were notified, by the words of the notification, in order.
    pub(crate) notified: Vec<String>,
    /// Those of them that were notified by what the plan had left open.
    pub(crate) notified_openly: Vec<String>,
    /// Handlers that may be notified, and why that can't be told; only while planning.
    pub(crate) maybe_notified: Vec<(String, Why)>,
    /// The task that failed last and its result, for a `rescue`.
    pub(crate) failure: Option<(Value, Value)>,
    /// What makes the roles that ran the same as others ([`crate::playbook::Role::identity`]).
    pub(crate) roles_done: Vec<String>,
    /// Why it can't be told whether the tasks that come happen at all; the innermost is the last.
    pub(crate) doubts: Vec<Doubt>,
    /// Of these, those of which a task was not skipped.
    pub(crate) roles_ran: HashSet<String>,
    /// Roles that `meta: end_role` ended.
    pub(crate) roles_ended: Vec<String>,
}

/// Why it can't be told whether the tasks that come happen on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// Why.
    pub(crate) why: Why,
    /// It is over when the role is.
    pub(crate) of_role: bool,
}

/// Whether a host takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Status {
    /// It does.
    #[default]
    Active,
    /// A task failed.
    Failed,
    /// It could not be reached.
    Unreachable,
    /// `meta` ended the play for it.
    Ended,
    /// Reality left the plan: neither `rescue` nor `always` does anything more to it.
    Stopped,
}

/// The variables that a host got while running: seen by every host through `hostvars`.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostVars {
    /// Facts by the names that modules return them under (`ansible_distribution`).
    pub(crate) facts: Arc<IndexMap<Arc<str>, Var>>,
    /// From `include_vars`.
    pub(crate) included: Arc<IndexMap<Arc<str>, Var>>,
    /// From `set_fact` and `register`.
    pub(crate) set: Arc<IndexMap<Arc<str>, Var>>,
    /// From `add_host`.
    pub(crate) added: Arc<IndexMap<Arc<str>, Var>>,
}

/// The variables of all hosts.
#[derive(Debug, Default)]
pub(crate) struct Store {
    hosts: RwLock<IndexMap<String, HostVars>>,
}

impl Store {
    /// What a host has.
    pub(crate) fn of(&self, host: &str) -> HostVars {
        self.read().get(host).cloned().unwrap_or_default()
    }

    /// Changes what a host has.
    pub(crate) fn change(&self, host: &str, change: impl FnOnce(&mut HostVars)) {
        let mut hosts = self.hosts.write().unwrap_or_else(PoisonError::into_inner);
        change(hosts.entry(host.to_owned()).or_default());
    }

    /// Sets variables at the level of `set_fact`.
    pub(crate) fn set(&self, host: &str, entries: impl IntoIterator<Item = (String, Var)>) {
        self.change(host, |vars| {
            let set = Arc::make_mut(&mut vars.set);
            for (name, var) in entries {
                set.insert(name.into(), var);
            }
        });
    }

    /// Sets variables at the level of `include_vars`.
    pub(crate) fn include(&self, host: &str, entries: impl IntoIterator<Item = (String, Var)>) {
        self.change(host, |vars| {
            let included = Arc::make_mut(&mut vars.included);
            for (name, var) in entries {
                included.insert(name.into(), var);
            }
        });
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.hosts.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Adds facts; those that are there and not named again stay.
    pub(crate) fn add_facts(&self, host: &str, facts: &Map) {
        self.change(host, |vars| {
            let known = Arc::make_mut(&mut vars.facts);
            for (name, value) in facts {
                known.insert(name.to_string().into(), Var::Data(value.clone()));
            }
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, IndexMap<String, HostVars>> {
        self.hosts.read().unwrap_or_else(PoisonError::into_inner)
    }
}
