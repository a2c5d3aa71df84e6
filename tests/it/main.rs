//! The program as its users call it: one binary for all tests that start it.

#![allow(clippy::unwrap_used, missing_docs)]

mod aarch64;
mod at;
mod commands;
mod drift;
mod environments;
mod explain;
mod history;
mod listing;
mod refused;
mod repository;
mod resume;
mod revert;
mod rollout;
mod running;
mod saved;
mod schema;
mod shipped;
mod ssh;
mod sshd;
mod support;
mod usage;
mod vault;
