//! Drift: where hosts are no longer as they were left.
//!
//! A check plans, for each host, the commit that was applied to it last. What that plan would change is drift: the host moved. What
//! the project as it is now would change beyond that is pending: the code moved. A [`Report`] holds both as plain data with a stable
//! JSON form (`docs/drift.schema.json`); everything that is shown, measured or sent comes from it, and so does the exit code.

mod follow;
mod ignore;
mod items;
#[cfg(test)]
pub(crate) mod testing;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::git::Revision;

pub use ignore::{FILE as IGNORE_FILE, Rules};
pub use items::{beyond, items};
pub use verdict::{Counts, Verdict};

/// The version of a report's form: raised when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// What one check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// When it began, in milliseconds since 1970.
    pub taken_ms: i64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// When the check began that this one is compared with, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_ms: Option<i64>,
    /// When the last check began that reached every host and failed nowhere, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_ms: Option<i64>,
    /// The project's folder.
    pub project: String,
    /// The state of the project in git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The inventories, as they were named.
    pub inventory: Vec<String>,
    /// The playbooks, relative to the project.
    pub playbooks: Vec<String>,
    /// Each host, by name.
    pub hosts: Vec<Host>,
    /// What is not as it should be: by host, then in the order of the tasks.
    pub items: Vec<Item>,
    /// What drifted at the check that this one is compared with, and does no longer.
    pub recovered: Vec<Item>,
    /// What was seen on hosts that could not be reached now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<Item>,
    /// What the reader should know: rules that expired or match nothing, hosts whose commit is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A host that was to be checked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// What was applied to it last; none where nothing is known to have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// Why it could not be reached; none where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// When the check began that first could not reach it, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_ms: Option<i64>,
}

/// What was applied to a host last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The run.
    pub run: String,
    /// The commit; none outside of git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether files differed from the commit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dirty: bool,
    /// When the run began, in milliseconds since 1970.
    pub at_ms: i64,
}

/// One attribute of one thing of a host that is not as it should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// In which way.
    pub class: Class,
    /// The host.
    pub host: String,
    /// The thing: a path, `package nginx`, `nginx.service`, `task NAME` where nothing more is known.
    pub resource: String,
    /// Which of its attributes: `existence`, `content`, `mode`, `version`, …
    pub attribute: String,
    /// In words what it is, and what it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<String>,
    /// The content on the host and as it should be, as a unified diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// The first line of the host's file that differs, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The task that says how it should be.
    pub task: String,
    /// Where the task stands: `file:line:column`.
    pub place: String,
    /// When the check that saw it first began, in milliseconds since 1970.
    #[serde(default)]
    pub since_ms: i64,
    /// The rule that says to leave it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<Ignored>,
}

/// In which way something is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The host moved away from what was applied.
    Drift,
    /// A task of what was applied fails where it only looks.
    Failed,
    /// Only applying can tell.
    Unknown,
    /// The code moved since.
    Pending,
    /// A rule says to leave it alone.
    Ignored,
}

/// Why something is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The reason that the rule gives.
    pub reason: String,
    /// The last day on which it holds: `2027-01-31`.
    pub until: String,
}

impl Class {
    /// In one word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Ignored => "ignored",
        }
    }
}

impl Item {
    /// The attribute and what is to be said of it: `mode 0666 → 0644`, `content line 2`, `existence: missing`.
    pub fn words(&self) -> String {
        let line = self.line.map(|line| format!(" line {line}")).unwrap_or_default();
        let attribute = &self.attribute;
        match &self.fact {
            // Many a fact begins with what it is about.
            Some(fact) if fact.split(' ').next() == Some(attribute) => fact.clone(),
            Some(fact) => format!("{attribute}{line}: {fact}"),
            None => format!("{attribute}{line}"),
        }
    }

    /// What makes two items of two checks the same.
    fn key(&self) -> (&str, &str, &str) {
        (&self.host, &self.resource, &self.attribute)
    }

    /// Whether two items say the same of the same: only when they were seen first and what they are called may differ.
    fn says_the_same(&self, other: &Self) -> bool {
        // The first lines of a diff only say what its sides are called.
        let body = |item: &Self| -> Option<String> {
            let lines: Vec<&str> = item.diff.as_deref()?.lines().skip(2).collect();
            Some(lines.join("\n"))
        };
        self.key() == other.key() && self.fact == other.fact && body(self) == body(other)
    }
}

impl Report {
    /// The items of a kind.
    pub fn of(&self, class: Class) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.class == class)
    }

    /// Whether an item was not there at the check that this one is compared with.
    pub fn is_new(&self, item: &Item) -> bool {
        self.previous_ms.is_none_or(|before| item.since_ms > before)
    }

    /// Whether a host could not be reached.
    pub fn is_lost(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| host.name == name && host.unreachable.is_some())
    }

    /// Whether nothing is worth a message: nothing new drifted, fails or is out of reach, and nothing recovered.
    pub fn is_no_news(&self) -> bool {
        let loud =
            |item: &Item| matches!(item.class, Class::Drift | Class::Failed) && self.is_new(item);
        self.recovered.is_empty()
            && !self.items.iter().any(loud)
            && !self.hosts.iter().any(|host| self.is_newly_lost(host))
    }

    /// Whether a host was reached at the check that this one is compared with, and is not now.
    pub fn is_newly_lost(&self, host: &Host) -> bool {
        let before = self.previous_ms.unwrap_or(i64::MIN);
        host.lost_ms.is_some_and(|lost| lost > before)
    }

    /// Only what is new, and what recovered.
    #[must_use]
    pub fn news(&self) -> Self {
        let mut news = self.clone();
        news.items.retain(|item| self.is_new(item));
        news
    }
}
