//! What happens while planning and while running, as plain data.
//!
//! Planning and running tell the same story: plays, their tasks, and for each host what a task found or did. `report` draws
//! it, `history` keeps it; neither can influence it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use converge_host::change::Change;
use converge_host::data::{Data, Map};
use converge_host::stop::Why;
use serde::{Deserialize, Serialize};

/// One thing that happened, in the order in which Ansible's linear strategy would make it happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A play begins.
    Play(PlayInfo),
    /// A task begins: the first host reached it.
    Task(Arc<TaskInfo>),
    /// A host, or one item of a loop on a host, is through with a task.
    Step(Step),
    /// A host could not be reached, or was lost.
    Unreachable {
        /// The number of the task that it was needed for.
        task: usize,
        /// Its name.
        host: String,
        /// Why.
        message: String,
        /// What to do about it.
        help: Vec<String>,
        /// Whether the task said that it does not matter (`ignore_unreachable`).
        ignored: bool,
    },
    /// Something the user should know that belongs to no host.
    Warning(String),
}

/// A play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayInfo {
    /// Its name, or its host pattern.
    pub name: String,
    /// The hosts it runs on, in order.
    pub hosts: Vec<String>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    /// Counts the tasks of a run in the order in which they are reached.
    pub number: usize,
    /// As Ansible shows it: `role : name`, or the name of the module.
    pub name: String,
    /// The short name of the module.
    pub module: String,
    /// `file:line:column`.
    pub place: String,
    /// Whether it is a handler.
    pub handler: bool,
}

/// What a task found or did on one host.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which task.
    pub task: Arc<TaskInfo>,
    /// Which host.
    pub host: String,
    /// The host it really ran on, where it was delegated.
    pub delegated: Option<String>,
    /// As which user it ran, where that was another than the one who logged in.
    pub user: Option<String>,
    /// The label of the loop's item; none outside of loops and for the summary of a loop.
    pub item: Option<String>,
    /// How it went.
    pub verdict: Verdict,
    /// What it would change or has changed.
    pub changes: Vec<Change>,
    /// The return values.
    pub results: Map,
    /// What the user should be told.
    pub warnings: Vec<String>,
    /// Neither changes nor results may be shown (`no_log`).
    pub hidden: bool,
    /// Whether content may be shown (`diff: false` forbids it).
    pub diff: bool,
    /// Whether it was only planned; while planning, a step that is not was run because it changes nothing.
    pub planned: bool,
    /// Whether it was run while planning, because it changes nothing.
    pub probed: bool,
    /// How long it took.
    pub took: Duration,
}

/// How a task went on a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// Something would change, or has changed.
    Changed,
    /// Not for this host.
    Skipped {
        /// The condition that did not hold.
        condition: Option<String>,
    },
    /// It would fail, or failed.
    Failed {
        /// Why.
        message: String,
        /// Whether the task said that it does not matter (`ignore_errors`).
        ignored: bool,
        /// Whether a `rescue` takes over.
        rescued: bool,
    },
    /// It may change something: that depends on what only applying can tell.
    Unknown(Why),
}

/// What happened on one host, counted as Ansible's recap counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Tasks that went well, changed or not.
    pub ok: usize,
    /// Tasks that changed something.
    pub changed: usize,
    /// 1 where the host could not be reached.
    pub unreachable: usize,
    /// Tasks that failed for good.
    pub failed: usize,
    /// Tasks that were skipped.
    pub skipped: usize,
    /// Tasks whose failure was rescued.
    pub rescued: usize,
    /// Tasks whose failure was ignored.
    pub ignored: usize,
    /// Tasks that could not be seen through; only while planning.
    pub unknown: usize,
}

/// Hears events.
pub trait Listener: Send + Sync {
    /// Something happened.
    fn hear(&self, event: &Event);
}

/// Counts by host.
pub type Recap = BTreeMap<String, Counts>;

impl Event {
    /// Adds what happened to the counts. Steps of single items of a loop are left out: its summary counts.
    pub fn count(&self, recap: &mut Recap) {
        match self {
            Self::Play(play) => {
                for host in &play.hosts {
                    recap.entry(host.clone()).or_default();
                }
            }
            Self::Unreachable { host, ignored, .. } => {
                let counts = recap.entry(host.clone()).or_default();
                if *ignored {
                    counts.ok += 1;
                    counts.ignored += 1;
                } else {
                    counts.unreachable = 1;
                }
            }
            Self::Step(step) if step.item.is_none() => {
                step.count(recap.entry(step.host.clone()).or_default());
            }
            Self::Step(_) | Self::Task(_) | Self::Warning(_) => {}
        }
    }
}

impl Step {
    /// Whether a failure came after something was changed, which the task then says of itself.
    fn changed_before_it_failed(&self) -> bool {
        self.results.get("changed") == Some(&Data::Bool(true))
    }

    fn count(&self, counts: &mut Counts) {
        match &self.verdict {
            // What tells the play itself what to do is no work on a host.
            Verdict::Ok | Verdict::Skipped { .. } if self.task.module == "meta" => {}
            Verdict::Ok => counts.ok += 1,
            Verdict::Changed => {
                counts.ok += 1;
                counts.changed += 1;
            }
            Verdict::Skipped { .. } => counts.skipped += 1,
            Verdict::Failed { ignored: true, .. } => {
                counts.ok += 1;
                counts.ignored += 1;
                counts.changed += usize::from(self.changed_before_it_failed());
            }
            Verdict::Failed { rescued: true, .. } => counts.rescued += 1,
            Verdict::Failed { .. } => counts.failed += 1,
            Verdict::Unknown(_) => counts.unknown += 1,
        }
    }
}
