//! Time passing until something holds.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Waits for something; never counts as changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitChange {
    /// For what.
    pub until: WaitFor,
    /// Before the first look.
    pub delay: Duration,
    /// Between two looks.
    pub sleep: Duration,
    /// How long at most.
    pub timeout: Duration,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
    /// Says what failed when the time is over.
    pub msg: Option<String>,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WaitFor {
    /// Only time.
    Time,
    /// A port that accepts connections, and text that matches this pattern from it.
    Port(String, u16, Option<String>),
    /// A port that accepts none.
    NoPort(String, u16),
    /// A port without open connections, other than from these addresses.
    Drained(String, u16, Vec<String>),
    /// A path that exists, and text in it that matches this pattern.
    Path(PathBuf, Option<String>),
    /// A path that does not exist.
    NoPath(PathBuf),
}
