//! The helper that travels to managed hosts.

fn main() {}
