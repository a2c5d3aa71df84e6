//! A change that goes over the hosts of an environment: canaries first, then batches, with checks between them.

mod batches;
mod checks;
mod command;
mod state;
mod walk;

pub(crate) use command::{promote, rollout};
pub(super) use state::State;
