//! converge on real hosts over real SSH. What is true of a host is looked up without converge: by OpenSSH and curl.
//!
//! The tests need hosts, so they are ignored unless asked for, as `cargo xtask test` does.

#![allow(clippy::unwrap_used, missing_docs)]

mod hosts;
mod site;
mod system_modules;
mod writefree;
