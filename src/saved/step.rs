//! Steps as they stand in a file.

use converge_host::change::Change;
use converge_host::stop::Why;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::{HIDDEN, words};
use crate::redact::Redactor;
use crate::saved::PlanKey;
use crate::saved::seal::{canonical, tells_a_secret};

/// A step of a plan, as planning leaves it.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// The place of the task.
    pub place: &'a str,
    /// The host.
    pub host: &'a str,
    /// The label of the loop's item.
    pub item: Option<&'a str>,
    /// How many times the same came before.
    pub count: usize,
    /// What it would change.
    pub changes: &'a [Change],
    /// Why only applying can tell all of it.
    pub open: Option<&'a Why>,
    /// Nothing of it may be shown (`no_log`).
    pub hidden: bool,
}

/// A step of a plan, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    /// The place of the task.
    pub place: String,
    /// The host.
    pub host: String,
    /// The label of the loop's item; its keyed digest where it must not be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// How many times the same came before.
    pub count: usize,
    /// Why only applying can tell all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// What it would change, in order.
    pub changes: Vec<SealedChange>,
}

/// A change, as it stands in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedChange {
    /// In one line.
    pub words: String,
    /// All of it but contents; none where a secret is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Value>,
    /// The keyed digest of all of it, where a secret is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// A step as it stands in a file.
pub fn bind(step: &Step<'_>, key: &PlanKey, redactor: &Redactor) -> Bound {
    let text = |text: &str| redactor.redact(text).into_owned();
    let item = step.item.map(|item| {
        if step.hidden || redactor.redact(item) != item {
            return format!("sealed {}", key.digest("item", item.as_bytes()));
        }
        item.to_owned()
    });
    let open = step.open.map(|why| if step.hidden { HIDDEN.to_owned() } else { text(&why.0) });
    let changes = step.changes.iter().map(|change| {
        let canonical = canonical(change, key);
        if step.hidden || tells_a_secret(change, &canonical, redactor) {
            let words = if step.hidden { HIDDEN.to_owned() } else { text(&words(change)) };
            let sealed = key.digest("change", canonical.to_string().as_bytes());
            return SealedChange { words, change: None, sealed: Some(sealed) };
        }
        SealedChange { words: words(change), change: Some(canonical), sealed: None }
    });
    Bound {
        place: step.place.to_owned(),
        host: step.host.to_owned(),
        item,
        count: step.count,
        open,
        changes: changes.collect(),
    }
}

impl SealedChange {
    /// What it is about.
    pub(super) fn object(&self) -> String {
        let file = self.change.as_ref().and_then(|change| change.pointer("/File/path"));
        match file.and_then(Value::as_str) {
            Some(path) => path.to_owned(),
            None if self.words == HIDDEN => HIDDEN.to_owned(),
            None => {
                let words = self.words.get(2..).unwrap_or(&self.words);
                words.split(" (").next().unwrap_or(words).to_owned()
            }
        }
    }
}
