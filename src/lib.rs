//! converge: configuration of servers over SSH.

pub mod diagnostic;
pub mod inventory;
pub mod playbook;
pub mod project;
pub mod source;
pub mod yaml;
