//! Promotion by identity: what passed one environment may be applied to the next, and nothing else.
//!
//! A pass is a line in git's notes about a commit (`git::notes`). It says that the commit was applied to an environment, that nothing
//! failed, and that a second plan was empty. It is sealed with the key that plans are sealed with, and it names the digest of what the
//! commit holds, which whoever relies on it makes anew from git's objects. docs/environments.md describes the line.

mod changes;
mod digest;
mod judge;
mod pass;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use changes::{Item, items};
pub use digest::digest;
pub use judge::{Lack, SKEW, Wanted, judge};
pub use pass::{FORM, Pass, Seal, read};
