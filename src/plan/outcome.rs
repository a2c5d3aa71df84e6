//! What became of a task on a host, and what `register` keeps of it.

use std::time::Duration;

use converge_host::change::Change;
use converge_host::data::Map as Data;
use converge_host::stop::{Failure, Why};
use converge_host::wire::{Done, Reply};

use crate::event::Verdict;
use crate::value::{Map, Value};

/// What became of a task, or of one item of its loop, on one host.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// How it went.
    pub(crate) verdict: Verdict,
    /// What `register` keeps.
    pub(crate) value: Value,
    /// What it would change or has changed.
    pub(crate) changes: Vec<Change>,
    /// The return values as they came.
    pub(crate) results: Data,
    /// What the user should be told.
    pub(crate) warnings: Vec<String>,
    /// Whether it was only planned.
    pub(crate) planned: bool,
    /// It never ran because something before it failed; nothing of it is shown.
    pub(crate) void: bool,
    /// The changes have become others than those that were reviewed, and nothing was done.
    pub(crate) moved: bool,
    /// The host was lost.
    pub(crate) lost: Option<String>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// What a command returns that can't be known before it ran.
const COMMAND_RESULTS: [&str; 9] =
    ["rc", "stdout", "stdout_lines", "stderr", "stderr_lines", "start", "end", "delta", "msg"];

/// What other modules return that can't be known before something is made.
const OTHER_RESULTS: [&str; 41] = [
    "uid",
    "gid",
    "group",
    "groups",
    "home",
    "shell",
    "comment",
    "owner",
    "mode",
    "size",
    "checksum",
    "md5sum",
    "state",
    "status",
    "ssh_public_key",
    "ssh_key_file",
    "ssh_fingerprint",
    "backup_file",
    "path",
    "dest",
    "src",
    "url",
    "status_code",
    "content",
    "json",
    "location",
    "elapsed",
    "before",
    "after",
    "checksum_src",
    "checksum_dest",
    "fingerprint",
    "public_key",
    "serial_number",
    "notBefore",
    "notAfter",
    "certificate",
    "csr",
    "privatekey",
    "publickey",
    "dhparams",
];

impl Outcome {
    /// A result that the controller made itself.
    pub(crate) fn local(changed: bool, results: Map) -> Self {
        let data = results
            .iter()
            .filter_map(|(key, value)| Some((key.to_string(), value.to_data().ok()?)))
            .collect();
        let verdict = if changed { Verdict::Changed } else { Verdict::Ok };
        Self { results: data, ..Self::new(verdict, registered(results, changed.into(), false)) }
    }

    /// A task that is not for this host.
    pub(crate) fn skipped(condition: Option<String>) -> Self {
        let mut map = Map::new();
        map.insert("skipped".into(), true.into());
        map.insert("skip_reason".into(), "Conditional result was False".into());
        if let Some(condition) = &condition {
            map.insert("false_condition".into(), condition.as_str().into());
        }
        Self::new(Verdict::Skipped { condition }, registered(map, false.into(), false))
    }

    /// A task that failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        let failure = Failure { msg: message.into(), results: Data::new() };
        Self::from_failure(&failure, Vec::new())
    }

    /// A task that can't be told before applying.
    pub(crate) fn unknown(why: &Why) -> Self {
        let value = Value::unknown(why.0.as_str());
        Self { planned: true, ..Self::new(Verdict::Unknown(why.clone()), value) }
    }

    /// What a host answered. `planned` says whether it was asked to plan.
    pub(crate) fn from_reply(reply: &Reply, planned: bool) -> Self {
        let outcome = match reply {
            Reply::Done(done) => Self::from_done(done, planned),
            Reply::Failed(failure, changes) => Self::from_failure(failure, changes.clone()),
            Reply::Unknown(why) => Self::unknown(why),
            Reply::Moved { now } => Self {
                changes: now.clone(),
                moved: true,
                ..Self::failed(
                    "the host is no longer as it was when the plan was made; nothing was done here",
                )
            },
            Reply::NotRun => Self { void: true, ..Self::failed("not run") },
            Reply::Lost(why) => Self { lost: Some(why.clone()), ..Self::failed(why.clone()) },
        };
        Self { planned, ..outcome }
    }

    /// The return value `failed`, and the verdict with it.
    pub(crate) fn set_failed(&mut self, failed: bool, message: &str) {
        self.set("failed", failed.into());
        match (&self.verdict, failed) {
            (Verdict::Failed { .. }, true) | (Verdict::Skipped { .. }, _) => {}
            (Verdict::Changed, true) => {
                self.set("changed", true.into());
                self.verdict = fail(message);
            }
            (Verdict::Failed { .. }, false) => {
                let changed = self.value.get("changed").is_some_and(Value::is_true);
                self.verdict = if changed { Verdict::Changed } else { Verdict::Ok };
            }
            (_, true) => self.verdict = fail(message),
            (_, false) => {}
        }
    }

    /// Says why it failed, in place of what was said before.
    pub(crate) fn explain(&mut self, message: &str) {
        self.set("msg", message.into());
        self.verdict = fail(message);
    }

    /// The return value `changed`, and the verdict with it.
    pub(crate) fn set_changed(&mut self, changed: &Value) {
        self.set("changed", changed.clone());
        if let (Verdict::Ok | Verdict::Changed, Value::Bool(changed)) = (&self.verdict, changed) {
            self.verdict = if *changed { Verdict::Changed } else { Verdict::Ok };
        }
    }

    /// Sets a return value.
    pub(crate) fn set(&mut self, key: &str, value: Value) {
        if let Ok(data) = value.to_data() {
            self.results.insert(key.to_owned(), data);
        }
        if let Value::Map(map) = &self.value {
            let mut map = map.as_ref().clone();
            map.insert(key.into(), value);
            self.value = map.into();
        }
    }

    /// Whether it failed.
    pub(crate) fn is_failed(&self) -> bool {
        matches!(self.verdict, Verdict::Failed { .. })
    }

    /// Whether it changed something.
    pub(crate) fn is_changed(&self) -> bool {
        matches!(self.verdict, Verdict::Changed)
    }

    fn new(verdict: Verdict, value: Value) -> Self {
        Self {
            verdict,
            value,
            changes: Vec::new(),
            results: Data::new(),
            warnings: Vec::new(),
            planned: false,
            void: false,
            moved: false,
            lost: None,
            took: Duration::ZERO,
        }
    }

    fn from_done(done: &Done, planned: bool) -> Self {
        let mut map: Map = done
            .results
            .iter()
            .map(|(key, value)| (key.as_str().into(), value.clone().into()))
            .collect();
        if let (Some(why), true) = (&done.open, planned) {
            for key in COMMAND_RESULTS.into_iter().chain(OTHER_RESULTS) {
                if !map.contains(key) {
                    map.insert(key.into(), Value::unknown(why.0.as_str()));
                }
            }
        }
        let verdict = if done.changed { Verdict::Changed } else { Verdict::Ok };
        Self {
            changes: done.changes.clone(),
            results: done.results.clone(),
            warnings: done.warnings.clone(),
            ..Self::new(verdict, registered(map, done.changed.into(), false))
        }
    }

    fn from_failure(failure: &Failure, changes: Vec<Change>) -> Self {
        let mut map: Map = failure
            .results
            .iter()
            .map(|(key, value)| (key.as_str().into(), value.clone().into()))
            .collect();
        map.insert("msg".into(), failure.msg.as_str().into());
        // A command that ran may have changed something, however it ended.
        let ran = changes.iter().any(|change| matches!(change, Change::Run(_)));
        let changed = map.get("changed").cloned().unwrap_or(ran.into());
        let mut results = failure.results.clone();
        if changed.is_true() {
            results.insert("changed".into(), true.into());
        }
        results.insert("msg".into(), failure.msg.as_str().into());
        Self { changes, results, ..Self::new(fail(&failure.msg), registered(map, changed, true)) }
    }
}

/// The summary of a loop, as `register` keeps it.
pub(crate) fn summary(items: &[Outcome]) -> Outcome {
    let results: Vec<Value> = items.iter().map(|item| item.value.clone()).collect();
    let failed = items.iter().any(Outcome::is_failed);
    let skipped = items.iter().all(|item| matches!(item.verdict, Verdict::Skipped { .. }));
    // A failure may have changed something before it failed.
    let changed = items
        .iter()
        .any(|item| item.is_changed() || item.value.get("changed").is_some_and(Value::is_true));
    // A change that `changed_when` leaves open makes the whole open, unless there is one that is sure.
    let open = |item: &&Outcome| matches!(item.value.get("changed"), Some(Value::Unknown(_)));
    let sure = items.iter().any(|item| item.is_changed() && !open(&item));
    let open = items.iter().find(open).and_then(|item| item.value.get("changed")).cloned();
    let unknown = items.iter().find_map(|item| match &item.verdict {
        Verdict::Unknown(why) => Some(why.clone()),
        _ => None,
    });
    let mut map = Map::new();
    map.insert("results".into(), Value::list(results));
    if items.is_empty() {
        map.insert("skipped_reason".into(), "No items in the list".into());
    }
    map.insert("skipped".into(), skipped.into());
    let message = if failed { "One or more items failed" } else { "All items completed" };
    map.insert("msg".into(), if skipped { "All items skipped".into() } else { message.into() });
    let verdict = match (failed, skipped, unknown) {
        (true, ..) => fail(message),
        (_, true, _) => Verdict::Skipped { condition: None },
        (_, _, _) if changed => Verdict::Changed,
        (_, _, Some(why)) => Verdict::Unknown(why),
        _ => Verdict::Ok,
    };
    let mut results = Data::new();
    if failed && changed {
        results.insert("changed".into(), true.into());
    }
    Outcome {
        results,
        planned: items.iter().any(|item| item.planned),
        void: items.iter().any(|item| item.void),
        moved: items.iter().any(|item| item.moved),
        lost: items.iter().find_map(|item| item.lost.clone()),
        took: items.iter().map(|item| item.took).sum(),
        ..Outcome::new(
            verdict,
            registered(map, open.filter(|_| !sure).unwrap_or(changed.into()), failed),
        )
    }
}

fn registered(mut map: Map, changed: Value, failed: bool) -> Value {
    map.insert("changed".into(), changed);
    map.insert("failed".into(), failed.into());
    map.into()
}

fn fail(message: &str) -> Verdict {
    Verdict::Failed { message: message.to_owned(), ignored: false, rescued: false }
}
