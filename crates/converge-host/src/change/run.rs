//! Commands whose effect can't be told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::host::Command;

/// A command that the project asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunChange {
    /// The command. Its first word may be a shell.
    pub command: Command,
    /// As the user wrote it, for messages and for the `cmd` result.
    pub shown: String,
    /// A path that it is known to make.
    pub creates: Option<PathBuf>,
    /// A path that it is known to remove.
    pub removes: Option<PathBuf>,
    /// Cut white space from the ends of standard output and error lines, as Ansible does.
    pub strip: bool,
}
