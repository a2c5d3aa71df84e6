//! What stands at a path.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::stop::Why;

/// The answer to "what is there?".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Look {
    /// Nothing.
    Absent,
    /// This.
    Is(Node),
    /// Nothing now; something planned may bring it.
    Unknown(Why),
}

/// A file, directory, link or special file without its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits, with setuid, setgid and sticky.
    pub mode: u32,
    /// The owner.
    pub owner: Principal,
    /// The group.
    pub group: Principal,
    /// Size in bytes.
    pub size: u64,
    /// When its content changed last.
    pub modified: SystemTime,
    /// When it was read last.
    pub accessed: SystemTime,
    /// When its inode changed last.
    pub changed: SystemTime,
    /// Inode number; 0 for what is only planned.
    pub inode: u64,
    /// Device number; 0 for what is only planned.
    pub device: u64,
    /// Number of hard links.
    pub links: u64,
    /// Blocks of 512 bytes that it takes on disk.
    pub blocks: u64,
    /// The size of reads and writes that suits its file system, in bytes.
    pub block_size: u64,
    /// The device that a device file stands for; 0 for anything else.
    pub stands_for: u64,
    /// The SELinux context, where the file system has one.
    pub selinux: Option<String>,
}

/// The kinds of things at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link and its target as written.
    Link(PathBuf),
    /// Anything else.
    Special(Special),
}

/// Special files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Special {
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}

/// An owner or group: by number, by name, or both. What is only planned may not have a number yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Principal {
    /// The name; the number in digits where no account has it.
    pub name: String,
    /// The number.
    pub id: Option<u32>,
}

impl PartialEq for Principal {
    /// Numbers decide where both are known, names otherwise.
    fn eq(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (Some(own), Some(others)) => own == others,
            _ => self.name == other.name,
        }
    }
}
