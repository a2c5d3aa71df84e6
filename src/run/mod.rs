//! Walks a playbook over its hosts.

mod gate;
