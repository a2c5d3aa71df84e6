//! `converge.toml`: what the environments of a project are, and what each of them asks for before it is applied.
//!
//! Every key is optional, and a project without the file has no environments. `docs/converge.schema.json` describes the file,
//! docs/environments.md what it is for.

mod model;
mod read;
mod rollout;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod time;

pub use model::{Environment, Records, Settings};
pub use rollout::{Canary, Check, OnStop, Probe, Rollout, Size};
pub use time::{duration, told};

/// The name of the file, at the project's root.
pub const FILE: &str = "converge.toml";
