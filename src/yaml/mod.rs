//! YAML as Ansible reads it: a tree whose every node knows its place.

mod bignum;
mod guard;
mod mapping;
mod node;
mod parse;
mod part;
mod problem;
mod scalar;
mod tag;

pub use node::{Kind, Node, Style, Tag};
pub use parse::{parse, parse_all};
pub use scalar::scalar;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
