//! What may run on a managed host.
//!
//! This crate is the only code that travels: it reads a host, plans changes and performs them. It is synchronous, small, and
//! knows no YAML, no templates and no network. The controller links it too, for the types of the wire, for the argument
//! declarations of the modules, and to run scenarios in memory.
//!
//! In reading order: [`data`] and [`blob`] are what is said over the wire; [`args`] is how a module declares its arguments;
//! [`host`] is what a module may read; [`change`] is what it may ask for; [`modules`] are the modules; [`wire`] is the
//! protocol.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answer;
pub mod args;
mod base64;
#[cfg(any(test, feature = "far"))]
mod bcrypt;
pub mod r#become;
pub mod blob;
pub mod boot;
pub mod change;
pub mod checksum;
pub mod clock;
pub mod crypt;
pub mod data;
mod der;
mod doubt;
mod expand;
mod fnmatch;
pub mod hold;
pub mod host;
mod json;
pub mod lease;
pub mod look;
pub mod modules;
mod openpgp;
mod pattern;
pub mod python_re;
pub mod serve;
pub mod stop;
pub mod wire;
mod words;
pub mod worker;
