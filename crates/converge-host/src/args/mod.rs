//! How a module declares its arguments, once.
//!
//! `#[derive(Args)]` (crate `converge-macros`) turns a struct into a [`Spec`] and a reader. From the table come parsing with
//! Ansible's coercions, aliases, did-you-mean, the reference page and the schema. The controller checks arguments against the
//! same table before anything is sent.

mod bind;
mod coerce;
mod invalid;
mod spec;
mod value;

pub use bind::Bound;
pub use converge_macros::{Args, Choice};
pub use invalid::Invalid;
pub use spec::{Arg, Kind, Rule, Spec};
pub use value::{ArgValue, Args, Choice, Mode};
