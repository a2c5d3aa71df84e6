//! Why a module could not say what is to be done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::blob::Digest;
use crate::data::Map;

/// The result of reading a host and of planning.
pub type Result<T, E = Stop> = core::result::Result<T, E>;

/// What ends a module's planning early. The `?` operator carries it up; no module handles `Unknown` or `Need` itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The task fails.
    Failed(Failure),
    /// It depends on something that only applying can tell.
    Unknown(Why),
    /// The bytes of this content have to be sent first.
    Need(Digest),
}

/// A failed task: the message, and the results that Ansible would return beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What failed and why.
    pub msg: String,
    /// Further results (`rc`, `stderr`, …).
    pub results: Map,
}

/// The reason why something can't be known before applying: "package nginx may bring it".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Why(pub String);

impl Stop {
    /// A failure with a message.
    pub fn failed(msg: impl Into<String>) -> Self {
        Self::Failed(Failure { msg: msg.into(), results: Map::new() })
    }

    /// An unknown with its reason.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(Why(why.into()))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => formatter.write_str(&failure.msg),
            Self::Unknown(why) => write!(formatter, "unknown: {why}"),
            Self::Need(digest) => write!(formatter, "content {digest:?} is needed"),
        }
    }
}

impl std::error::Error for Stop {}
