//! converge: configuration of servers over SSH.

pub mod diagnostic;
pub mod event;
pub mod inventory;
pub mod playbook;
pub mod project;
pub mod redact;
pub mod source;
pub mod target;
pub mod value;
pub mod yaml;
