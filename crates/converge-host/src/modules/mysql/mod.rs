//! The modules of `community.mysql`.
//!
//! All of them speak to the server by the host's `mysql` or `mariadb`: statements and passwords go through its input and
//! environment, never through its words, where everybody on the host could read them.

pub(super) mod db;
mod grants;
mod login;
mod sql;
pub(super) mod user;
