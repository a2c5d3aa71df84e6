//! The way to a host: connections, the helper put there, and sessions that carry requests.
//!
//! It knows no playbook and no inventory: what to connect to comes in as [`ssh::config::SshSettings`].

pub mod error;
mod process;
pub mod ssh;
