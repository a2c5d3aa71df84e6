//! Plays, tasks and steps as they may be shown.

use serde::{Deserialize, Serialize};

use crate::record::ChangeRecord;

/// A play and what happened in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlayRecord {
    /// Its name, or its host pattern.
    pub name: String,
    /// The hosts it runs on, in order.
    pub hosts: Vec<String>,
    /// Its tasks in the order in which they were reached, handlers among them.
    #[serde(default)]
    pub tasks: Vec<TaskRecord>,
}

/// A task and what it found or did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// Counts the tasks of a run.
    pub number: usize,
    /// `role : name`, or the name of the module.
    pub name: String,
    /// The short name of the module.
    pub module: String,
    /// `file:line:column`.
    pub place: String,
    /// Whether it is a handler.
    pub handler: bool,
    /// What happened, in order.
    #[serde(default)]
    pub steps: Vec<StepRecord>,
}

/// What a task found or did on one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Which host.
    pub host: String,
    /// The host it really ran on, where it was delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated: Option<String>,
    /// The label of the loop's item; none outside of loops and for the summary of a loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How it went.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What it would change or has changed; without words where it is hidden.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeRecord>,
    /// Whether changes and results are hidden (`no_log`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// Return values worth showing: those of failures and of tasks that only show something, all where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the user should be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Whether it was only planned.
    pub planned: bool,
    /// Whether it was run while planning, because it changes nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub probed: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// How a task went on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Something would change, or has changed.
    Changed,
    /// Not for this host.
    Skipped {
        /// The condition that did not hold.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        condition: Option<String>,
    },
    /// It would fail, or failed.
    Failed {
        /// Why.
        message: String,
        /// Whether the task said that it does not matter.
        ignored: bool,
        /// Whether a `rescue` takes over.
        rescued: bool,
    },
    /// It may change something: that depends on what only applying can tell.
    Unknown {
        /// On what.
        why: String,
    },
}

/// A host that could not be reached, or was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The number of the task that it was needed for.
    #[serde(default)]
    pub task: usize,
    /// Its name.
    pub host: String,
    /// Why.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub help: Vec<String>,
    /// Whether the task said that it does not matter.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ignored: bool,
}

impl TaskRecord {
    /// How messages call it: handlers are said to be handlers.
    pub fn title(&self) -> String {
        if self.handler { format!("handler {}", self.name) } else { self.name.clone() }
    }
}

impl StepRecord {
    /// Whether it failed and nothing makes up for it.
    pub fn failed_for_good(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { ignored: false, rescued: false, .. })
    }
}

fn is_false(truth: &bool) -> bool {
    !truth
}
