//! What a plan is asked to explain: the variables that tasks read, with their values and where they came from.

use std::sync::{Arc, Mutex, PoisonError};

use crate::playbook::Task;
use crate::vars::{Origin, Read, Trace};

/// Keeps what tasks read while a plan is made.
#[derive(Debug)]
pub struct Explain {
    /// The task that is asked about: its name with or without its role, or its place; none asks about all.
    wanted: Option<String>,
    found: Mutex<Vec<Reading>>,
}

/// What a task read on a host.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Where the task stands: `file:line:column`.
    pub place: String,
    /// The host.
    pub host: String,
    trace: Arc<Trace>,
    values: Vec<(String, String)>,
}

/// A variable that a task read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its name.
    pub name: String,
    /// What it is, as text.
    pub value: String,
    /// Which layer gave it.
    pub origin: Origin,
    /// `file:line:column` of what is written; none of data that was not read from a file.
    pub place: Option<String>,
}

impl Explain {
    /// About the tasks of a name or at a place, or about all.
    pub fn new(wanted: Option<String>) -> Self {
        Self { wanted, found: Mutex::default() }
    }

    /// Whether a task is asked about.
    pub fn wants(&self, task: &Task) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        let name = task.name.as_ref().and_then(|name| name.as_str()).unwrap_or(task.module());
        let place = task.at.to_string();
        let at_line =
            || place.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with(':'));
        let full =
            || task.scope.role().is_some_and(|role| *wanted == format!("{} : {name}", role.name));
        name == wanted || place == *wanted || at_line() || full()
    }

    /// What the tasks that were asked about read, task by task and host by host.
    pub fn found(&self) -> Vec<Reading> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what a task reads on a host.
    pub(crate) fn trace(&self, task: &Task, host: &str) -> Arc<Trace> {
        let place = task.at.to_string();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.iter().find(|one| one.place == place && one.host == host);
        if let Some(known) = known {
            return Arc::clone(&known.trace);
        }
        let (host, trace) = (host.to_owned(), Arc::new(Trace::default()));
        found.push(Reading { place, host, trace: Arc::clone(&trace), values: Vec::new() });
        trace
    }

    /// Asks for the value of everything that a task read on a host.
    pub(crate) fn settle(&self, task: &Task, host: &str, value: impl Fn(&str) -> String) {
        let trace = self.trace(task, host);
        let values: Vec<(String, String)> =
            trace.read().into_iter().map(|(name, _)| (name.to_string(), value(&name))).collect();
        let place = task.at.to_string();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = found.iter_mut().find(|one| one.place == place && one.host == host) {
            one.values = values;
        }
    }
}

impl Reading {
    /// The variables, in the order in which each was read first. What converge sets itself is left out.
    pub fn used(&self) -> Vec<Used> {
        let value = |name: &str| {
            let known = self.values.iter().find(|(other, _)| other == name);
            known.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let used = |(name, Read { origin, place }): (Arc<str>, Read)| Used {
            value: value(&name),
            name: name.to_string(),
            origin,
            place: place.map(|place| place.to_string()),
        };
        let read = self.trace.read().into_iter();
        read.filter(|(_, read)| read.origin != Origin::Magic).map(used).collect()
    }
}
