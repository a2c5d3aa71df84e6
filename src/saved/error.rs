//! Why a plan can't be saved, or read.

use std::fmt;
use std::path::PathBuf;

use crate::saved::VERSION;

/// Why a plan can't be saved, or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SavedError {
    /// The file can't be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file can't be written.
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is a file of this name already.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It is no plan, or only a part of one.
    NoPlan {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It has another form.
    Version {
        /// The file.
        path: PathBuf,
        /// The version of its form.
        version: u64,
    },
    /// It was sealed with another key.
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// It is not as it was written.
    Tampered {
        /// The file.
        path: PathBuf,
    },
    /// The key that seals plans can't be had.
    NoKey {
        /// Why.
        why: String,
    },
}

impl SavedError {
    /// Whether it is the plan that is refused, and not only a file that can't be had.
    pub fn refuses(&self) -> bool {
        match self {
            Self::NoPlan { .. }
            | Self::Version { .. }
            | Self::OtherKey { .. }
            | Self::Tampered { .. } => true,
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::Exists { .. }
            | Self::NoKey { .. } => false,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("choose another name, or remove it".into()),
            Self::NoPlan { .. } | Self::Tampered { .. } => {
                Some("make a new plan: `converge plan -o FILE`".into())
            }
            Self::Version { .. } => {
                Some("apply it with the converge that made it, or make a new plan".into())
            }
            Self::OtherKey { .. } => Some(
                "apply it where it was made, or name the file of that key in CONVERGE_PLAN_KEY_FILE"
                    .into(),
            ),
            Self::NoKey { .. } => Some(
                "set `HOME` or `XDG_STATE_HOME`, or name a file of at least 32 bytes in CONVERGE_PLAN_KEY_FILE"
                    .into(),
            ),
            Self::Unreadable { .. } | Self::Unwritable { .. } => None,
        }
    }
}

impl fmt::Display for SavedError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, why } => {
                write!(formatter, "the plan `{}` can't be read: {why}", path.display())
            }
            Self::Unwritable { path, why } => {
                write!(formatter, "the plan `{}` can't be written: {why}", path.display())
            }
            Self::Exists { path } => {
                write!(formatter, "there is a file `{}` already", path.display())
            }
            Self::NoPlan { path, why } => {
                write!(formatter, "`{}` is no saved plan: {why}", path.display())
            }
            Self::Version { path, version } => write!(
                formatter,
                "the plan `{}` has the form {version}; this converge reads the form {VERSION}",
                path.display()
            ),
            Self::OtherKey { path } => {
                write!(formatter, "the plan `{}` was sealed with another key", path.display())
            }
            Self::Tampered { path } => write!(
                formatter,
                "the plan `{}` is not as it was written: its seal does not fit its content",
                path.display()
            ),
            Self::NoKey { why } => {
                write!(formatter, "the key that seals plans can't be had: {why}")
            }
        }
    }
}

impl std::error::Error for SavedError {}
