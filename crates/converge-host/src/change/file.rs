//! Files, directories, links: made, changed, removed.
//!
//! One kind of change serves them all: what stood at the path before, and what shall stand there after.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::host::{Principal, Special};
use crate::stop::Why;

/// A change of what stands at a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileChange {
    /// Where.
    pub path: PathBuf,
    /// What stood there when the change was planned: its pre-image.
    pub before: Before,
    /// What shall stand there; none removes it, a directory with all that is in it.
    pub after: Option<FileState>,
    /// Keep a copy of the old file beside it, named as Ansible names backups.
    pub backup: bool,
    /// A command that must accept the new file before it takes the place of the old one; `%s` is the file.
    pub validate: Option<String>,
    /// Write in place where replacing the file is refused (a bind mount, say).
    pub unsafe_writes: bool,
}

/// The pre-image of a [`FileChange`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Before {
    /// Nothing.
    Absent,
    /// This.
    Is(FileState),
    /// Nothing now, but something planned may bring it.
    Unknown(Why),
}

/// What stands at a path, with what converge manages of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileState {
    /// What it is.
    pub kind: FileKind,
    /// Permission bits; none leaves them as they are or as the umask makes them.
    pub mode: Option<u32>,
    /// The owner; none leaves it.
    pub owner: Option<Principal>,
    /// The group; none leaves it.
    pub group: Option<Principal>,
    /// The SELinux context; none leaves it or lets the policy decide.
    pub selinux: Option<String>,
    /// Access and modification time, where the change is about them.
    pub times: Option<(SystemTime, SystemTime)>,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FileKind {
    /// A regular file and its content.
    File(Blob),
    /// A directory.
    Dir,
    /// A symbolic link and its target as written.
    Link(PathBuf),
    /// A hard link to another path.
    Hard(PathBuf),
    /// A device, pipe or socket.
    Special(Special),
}
