//! converge: configuration of servers over SSH.

pub mod diagnostic;
pub mod redact;
pub mod source;
pub mod yaml;
