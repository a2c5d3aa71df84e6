//! YAML as Ansible reads it: a tree whose every node knows its place.

mod node;

pub use node::{Kind, Node, Style, Tag};
