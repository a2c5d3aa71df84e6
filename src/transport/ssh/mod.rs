//! SSH: where a host is, whether it is who it claims to be, and a channel to run one command on it.

mod algorithms;
mod auth;
pub mod config;
pub mod connect;
mod host_key;
pub mod keys;
pub mod known_hosts;
mod proxy;
