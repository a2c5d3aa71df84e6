//! What was planned and applied, kept in one SQLite file in the user's state folder.
//!
//! The history never decides about a run: where the file can't be opened or written, the caller warns and goes on. Only
//! records are kept, so what `no_log` hides and known secrets never reach the file.

mod applied;
mod drift;
mod error;
mod folder;
mod forget;
mod hosts;
mod id;
mod read;
mod schema;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod undo;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::event::Counts;
use crate::record::{Head, Story};

pub use drift::Past;
pub use error::HistoryError;
pub use folder::folder;
pub use undo::{Keeper, Undo};
pub use write::Writer;

/// The name of the file.
pub const FILE: &str = "history.sqlite";

/// The history. Cheap to clone.
#[derive(Clone)]
pub struct History {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

/// What a run was meant to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Shown, and not applied.
    Plan,
    /// `--check`.
    Check,
    /// Applied.
    Apply,
}

/// One run in the list of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Its name: sorts by time.
    pub id: String,
    /// When it began, in milliseconds since 1970.
    pub started_ms: i64,
    /// When it ended; none where it did not come to its end.
    pub ended_ms: Option<i64>,
    /// What it was meant to do.
    pub mode: Mode,
    /// What it was about.
    #[serde(flatten)]
    pub head: Head,
    /// The version of converge.
    pub converge: String,
    /// How it ended, in one word; none where it did not come to its end.
    pub outcome: Option<String>,
    /// The exit code.
    pub exit_code: Option<u8>,
    /// The sum over all hosts.
    pub counts: Counts,
    /// How many hosts.
    pub hosts: usize,
}

/// A run with everything that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The run.
    #[serde(flatten)]
    pub summary: Summary,
    /// What happened.
    #[serde(flatten)]
    pub story: Story,
}

impl History {
    /// Opens the history in a folder, and makes both where they are missing: the folder for this user only, the file likewise.
    pub fn open(folder: &Path) -> Result<Self, HistoryError> {
        let path = folder.join(FILE);
        folder::make(folder, &path).map_err(|error| HistoryError::Unwritable {
            path: path.clone(),
            why: error.to_string(),
        })?;
        Self::connect(path)
    }

    /// Opens the history in a folder, if there is one.
    pub fn existing(folder: &Path) -> Result<Option<Self>, HistoryError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        Self::connect(path).map(Some)
    }

    fn connect(path: PathBuf) -> Result<Self, HistoryError> {
        let mut connection =
            Connection::open(&path).map_err(|error| HistoryError::new(&path, &error))?;
        schema::prepare(&mut connection, &path)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self) -> impl Fn(rusqlite::Error) -> HistoryError + '_ {
        |error| HistoryError::new(&self.path, &error)
    }
}

impl Mode {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Check => "check",
            Self::Apply => "apply",
        }
    }

    fn from_word(word: &str) -> Self {
        [Self::Check, Self::Apply]
            .into_iter()
            .find(|mode| mode.word() == word)
            .unwrap_or(Self::Plan)
    }
}

/// Milliseconds since 1970.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
