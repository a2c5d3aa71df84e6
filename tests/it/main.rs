//! The program as its users call it: one binary for all tests that start it.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

mod commands;
mod history;
mod listing;
mod running;
mod usage;
