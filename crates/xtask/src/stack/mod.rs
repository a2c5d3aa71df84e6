//! What demo and tests of the shipped roles share: a host that stands for the world outside.

pub mod node;
mod vendors;
mod wheel;
pub mod world;
