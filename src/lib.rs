//! converge: configuration of servers over SSH.

mod actions;
pub mod cli;
pub mod diagnostic;
pub mod drift;
pub mod environment;
pub mod event;
pub mod git;
pub mod history;
pub mod inventory;
pub mod plan;
pub mod playbook;
pub mod project;
pub mod promotion;
pub mod record;
pub mod redact;
pub mod report;
pub mod run;
pub mod saved;
pub mod source;
pub mod target;
pub mod template;
mod tls;
pub mod transport;
pub mod value;
pub mod vars;
pub mod vault;
pub mod yaml;
