//! Which hosts there are, in which groups, with which variables.

mod address;
mod find;
mod ini;
mod literal;
mod load;
mod model;
mod pattern;
mod script;
mod vars;
mod words;
mod yaml;

pub use find::{default, find, names};
pub use load::Origin;
pub use model::{ALL, Group, Host, Inventory, LOCALHOST, Loop, UNGROUPED, Vars};
pub use pattern::{Pattern, Selection};
pub use vars::{Beside, Layer, Variable};

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
