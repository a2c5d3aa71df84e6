//! What demo and tests of the shipped roles share: a host that stands for the world outside.

pub mod node;
pub mod rclone;
mod vendors;
mod wheel;
pub mod world;
