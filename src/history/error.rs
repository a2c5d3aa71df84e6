//! Why the history can't be used.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the history can't be used. None of these stops a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// Neither `XDG_STATE_HOME` nor a home folder says where it would be.
    NoFolder,
    /// The file or its folder can't be made or written.
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A newer converge wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its form.
        version: i64,
        /// The newest version that this converge knows.
        known: i64,
    },
    /// It is no history, or is damaged.
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another process holds it for too long.
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// No run has this name.
    NoSuchRun {
        /// As given.
        id: String,
    },
    /// Several runs have names that begin like this.
    Ambiguous {
        /// As given.
        id: String,
        /// Their names.
        matches: Vec<String>,
    },
}

impl HistoryError {
    pub(crate) fn new(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(
                ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure,
            ) => Self::Unwritable { path, why: error.to_string() },
            _ => Self::Damaged { path, why: error.to_string() },
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoFolder => Some("set `HOME` or `XDG_STATE_HOME`".into()),
            Self::Newer { .. } => Some("use the newer converge".into()),
            Self::Damaged { path, .. } => {
                Some(format!("move `{}` out of the way; a new one is begun then", path.display()))
            }
            Self::NoSuchRun { .. } => Some("`converge history` lists the runs".into()),
            Self::Ambiguous { matches, .. } => Some(format!("it may be {}", matches.join(", "))),
            Self::Unwritable { .. } | Self::Busy { .. } => None,
        }
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => formatter.write_str("there is no folder for the history"),
            Self::Unwritable { path, why } => {
                write!(formatter, "the history `{}` can't be written: {why}", path.display())
            }
            Self::Newer { path, version, known } => write!(
                formatter,
                "the history `{}` was written by a newer converge (its version is {version}, this one knows up to {known})",
                path.display()
            ),
            Self::Damaged { path, why } => {
                write!(formatter, "the history `{}` is damaged: {why}", path.display())
            }
            Self::Busy { path } => {
                write!(formatter, "another process holds the history `{}`", path.display())
            }
            Self::NoSuchRun { id } => write!(formatter, "there is no run `{id}`"),
            Self::Ambiguous { id, .. } => write!(formatter, "several runs begin with `{id}`"),
        }
    }
}

impl std::error::Error for HistoryError {}
