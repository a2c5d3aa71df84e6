//! Draws plans and runs for people and programs.
//!
//! Everything here turns records into text; who writes it where is `cli`'s business. A plan or a finished run is drawn as a
//! whole ([`plan`]); a run is told while it happens ([`tell`]).

pub mod compare;
pub mod drift;
pub mod explain;
pub mod head;
pub mod json;
pub mod plan;
mod probes;
pub mod progress;
pub mod recap;
pub mod screen;
pub mod summary;
pub mod tell;
pub mod theme;

mod change;
mod diff;
mod environment;
pub(crate) mod hosts;
mod lost;
mod python;
