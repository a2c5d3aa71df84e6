//! Variables in layers: who wins, and where each came from.

mod layer;
mod stack;

pub use layer::{Layer, Level, Origin, Var};
pub use stack::{Definition, FoundKind, Vars};
