//! The ordinary integration tests, in one binary.
#![allow(clippy::unwrap_used)]

mod ssh;
mod support;
