//! converge on real hosts over real SSH. What is true of a host is looked up without converge: by OpenSSH, and in the upper layer
//! of the host's root, which holds exactly what was done to it.
//!
//! The tests need hosts, so they are ignored unless asked for, as `cargo xtask test` does.

#![allow(clippy::unwrap_used, missing_docs)]

mod browser;
mod hosts;
mod plan;
mod project;
mod site;
mod terminal;

mod apply;
mod ask;
mod become_user;
mod connect;
mod drift;
mod drift_watch;
mod environments;
mod history;
mod input;
mod keys_and_trees;
mod language;
mod lease;
mod look;
mod modules;
mod old_kernel;
mod packages;
mod promotion;
mod record;
mod reference;
mod saved;
mod selinux;
mod stack;
mod system_modules;
mod trouble;
mod unproved;
mod web;
mod writefree;
