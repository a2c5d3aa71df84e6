//! SSH: where a host is, whether it is who it claims to be, and a channel to run one command on it.

pub mod config;
