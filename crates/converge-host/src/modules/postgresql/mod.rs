//! The modules of `community.postgresql`.
//!
//! All of them speak to the server by the host's `psql`: statements and passwords go through its input and environment, never
//! through its words, where everybody on the host could read them.

pub(super) mod db;
pub(super) mod ext;
pub(super) mod hba;
mod hba_rule;
mod login;
mod password;
pub(super) mod ping;
pub(super) mod privs;
pub(super) mod query;
mod query_args;
pub(super) mod slot;
mod sql;
pub(super) mod user;
