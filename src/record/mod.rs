//! What may be shown and kept of a plan or run: events in words, without secrets.
//!
//! A [`Recorder`] turns every event into a [`Record`] once. Hidden steps lose their content there and known secrets are
//! replaced, so nothing that draws or keeps records can print a secret. Records are plain data with a stable JSON form: the
//! terminal, the JSON document and the history all come from them.

mod change;
mod clean;
mod data;
mod diff;
mod head;
mod recorder;
mod step;
mod story;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing;
mod words;

pub use change::{ChangeRecord, Kind, TouchRecord};
pub use clean::clean;
pub use head::{Applied, EnvironmentHead, Head, NewItem, Override};
pub use recorder::Recorder;
pub use step::{Lost, PlayRecord, StepRecord, TaskRecord, Verdict};
pub use story::{Collector, Story, Totals};
pub use words::words;

/// What stands where `no_log` hides a text.
pub const HIDDEN: &str = "(hidden by no_log)";

/// One thing that happened, as it may be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A play begins; it has no tasks yet.
    Play(PlayRecord),
    /// A task begins; it has no steps yet.
    Task(TaskRecord),
    /// A host is through with a task (of this number), or with one item of its loop.
    Step(usize, StepRecord),
    /// A host could not be reached, or was lost.
    Lost(Lost),
    /// Something the user should know that belongs to no host.
    Warning(String),
}

/// Reads records as they come.
pub trait Reader: Send + Sync {
    /// Something happened.
    fn read(&self, record: &Record);
}
