//! converge: configuration of servers over SSH.

pub mod diagnostic;
pub mod source;
pub mod yaml;
