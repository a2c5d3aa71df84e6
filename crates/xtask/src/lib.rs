//! The project's own chores, as a library: what `cargo xtask` runs, and what tests and benchmarks borrow from it.
//!
//! Start with [`fleet::Fleet`], which boots real hosts on this machine. [`relay`] stands in front of a host when a
//! measurement needs the delay of a real network. The other modules are one command each.

pub mod bench;
pub mod compat_record;
pub mod demo;
pub mod fleet;
pub mod packages;
pub mod process;
pub mod record;
pub mod reference;
pub mod relay;
pub mod say;
pub mod size;
pub mod stack;
pub mod test;
pub mod toolchain;
