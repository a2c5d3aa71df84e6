//! converge: configuration of servers over SSH.

pub mod diagnostic;
pub mod event;
pub mod redact;
pub mod source;
pub mod target;
pub mod template;
pub mod value;
pub mod vars;
pub mod yaml;
