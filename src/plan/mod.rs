//! Binds tasks to hosts: variables, templates, conditions, arguments. Pure: nothing here talks to a host.

pub(crate) mod call;
pub(crate) mod endpoint;
pub(crate) mod escalation;
pub(crate) mod eval;
pub mod explain;
pub(crate) mod files;
pub(crate) mod given;
pub(crate) mod halt;
pub mod options;
pub(crate) mod outcome;
pub(crate) mod synced;
