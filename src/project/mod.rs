//! The project on disk: where it begins, what its `ansible.cfg` says, and the one place through which its files are read.

mod config;
mod files;
pub mod glob;
mod inputs;
mod loader;
mod root;
mod vars;

pub use config::{Become, Config, VaultSettings};
pub use files::{Disk, FileKind, Files, Memory};
pub use inputs::Inputs;
pub use loader::Loader;
pub use root::{ROOT_MARKS, find};
pub use vars::var_files;
