//! What was planned and applied, kept in one SQLite file in the user's state folder, or by a server of PostgreSQL that several share.
//!
//! The history never decides about a run: where the file can't be opened or written, the caller warns and goes on. Only
//! records are kept, so what `no_log` hides and known secrets never reach the file.

mod applied;
mod database;
mod drift;
mod error;
mod folder;
mod forget;
mod hosts;
mod id;
mod partial;
mod read;
mod rollouts;
mod schema;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod undo;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::event::Counts;
use crate::history::database::{Answer, Database, PostgreSql, Sqlite, atomically};
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
    database: Arc<Mutex<Box<dyn Database>>>,
    /// How messages call it: a file, or a server without its password.
    place: String,
}

/// Where the history is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Where {
    /// The folder of the file.
    pub folder: Option<PathBuf>,
    /// The server of PostgreSQL that has it in place of a file, by its URL, which may hold a password.
    pub server: Option<String>,
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
    /// Opens the history; makes a file and its folder where they are missing, for this user only.
    pub fn open(at: &Where) -> Result<Self, HistoryError> {
        if let Some(url) = &at.server {
            return Self::connect(url);
        }
        let folder = at.folder.as_deref().ok_or(HistoryError::NoFolder)?;
        let path = folder.join(FILE);
        folder::make(folder, &path).map_err(|error| HistoryError::Unwritable {
            place: path.display().to_string(),
            why: error.to_string(),
        })?;
        Self::file(&path)
    }

    /// Opens the history, if there is one.
    pub fn existing(at: &Where) -> Result<Option<Self>, HistoryError> {
        if at.server.is_some() {
            return Self::open(at).map(Some);
        }
        let path = at.folder.as_deref().ok_or(HistoryError::NoFolder)?.join(FILE);
        if path.exists() { Self::file(&path).map(Some) } else { Ok(None) }
    }

    fn file(path: &Path) -> Result<Self, HistoryError> {
        let place = path.display().to_string();
        let file = Sqlite::open(path).map_err(|fault| HistoryError::new(&place, fault))?;
        Self::prepared(Box::new(file), place)
    }

    fn connect(url: &str) -> Result<Self, HistoryError> {
        let place = database::shown(url);
        let server = PostgreSql::connect(url).map_err(|fault| HistoryError::new(&place, fault))?;
        Self::prepared(Box::new(server), place)
    }

    fn prepared(mut database: Box<dyn Database>, place: String) -> Result<Self, HistoryError> {
        schema::prepare(database.as_mut(), &place)?;
        Ok(Self { database: Arc::new(Mutex::new(database)), place })
    }

    /// Asks the tables.
    fn ask<T>(&self, run: impl FnOnce(&mut dyn Database) -> Answer<T>) -> Result<T, HistoryError> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        run(database.as_mut()).map_err(|fault| HistoryError::new(&self.place, fault))
    }

    /// Does several things, all of them or none.
    fn change<T>(
        &self,
        run: impl FnOnce(&mut dyn Database) -> Answer<T>,
    ) -> Result<T, HistoryError> {
        self.ask(|database| atomically(database, run))
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
