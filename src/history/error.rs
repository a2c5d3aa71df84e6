//! Why the history can't be used.

use std::fmt;

use crate::history::database::Fault;

/// Why the history can't be used. None of these stops a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// Neither `XDG_STATE_HOME` nor a home folder says where it would be.
    NoFolder,
    /// The file or its folder can't be made or written, or the server can't be reached.
    Unwritable {
        /// The file, or the server.
        place: String,
        /// Why.
        why: String,
    },
    /// A newer converge wrote it.
    Newer {
        /// The file, or the server.
        place: String,
        /// The version of its form.
        version: i64,
        /// The newest version that this converge knows.
        known: i64,
    },
    /// It is no history, or is damaged.
    Damaged {
        /// The file, or the server.
        place: String,
        /// Why.
        why: String,
    },
    /// Another process holds it for too long.
    Busy {
        /// The file, or the server.
        place: String,
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
    pub(super) fn new(place: &str, fault: Fault) -> Self {
        let place = place.to_owned();
        match fault {
            Fault::Busy => Self::Busy { place },
            Fault::Unusable(why) => Self::Unwritable { place, why },
            Fault::Damaged(why) => Self::Damaged { place, why },
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoFolder => Some("set `HOME` or `XDG_STATE_HOME`".into()),
            Self::Newer { .. } => Some("use the newer converge".into()),
            Self::Damaged { place, .. } if !place.contains("://") => {
                Some(format!("move `{place}` out of the way; a new one is begun then"))
            }
            Self::NoSuchRun { .. } => Some("`converge history` lists the runs".into()),
            Self::Ambiguous { matches, .. } => Some(format!("it may be {}", matches.join(", "))),
            Self::Damaged { .. } | Self::Unwritable { .. } | Self::Busy { .. } => None,
        }
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => formatter.write_str("there is no folder for the history"),
            Self::Unwritable { place, why } => {
                write!(formatter, "the history `{}` can't be written: {why}", place)
            }
            Self::Newer { place, version, known } => write!(
                formatter,
                "the history `{}` was written by a newer converge (its version is {version}, this one knows up to {known})",
                place
            ),
            Self::Damaged { place, why } => {
                write!(formatter, "the history `{}` is damaged: {why}", place)
            }
            Self::Busy { place } => {
                write!(formatter, "another process holds the history `{}`", place)
            }
            Self::NoSuchRun { id } => write!(formatter, "there is no run `{id}`"),
            Self::Ambiguous { id, .. } => write!(formatter, "several runs begin with `{id}`"),
        }
    }
}

impl std::error::Error for HistoryError {}
