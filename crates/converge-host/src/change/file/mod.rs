//! Files, directories, links: made, changed, removed.
//!
//! One kind of change serves them all: what stood at the path before, and what shall stand there after.

mod attributes;
mod backup;
mod describe;
mod label;
mod made;
mod perform;
mod remove;
mod signed;
mod write;

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use made::Maker;
pub use signed::{Moment, Part, Signed};

pub(crate) use label::allowed as label_allowed;

use crate::blob::Blob;
use crate::change::{Change, Description, Effect, Touch};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Principal, Special};
use crate::stop::{Result, Why};

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
    /// How much is in a directory that is removed, at any depth. Where there is more by then, it stays.
    pub contents: u64,
    /// What makes the content of a file that is [`FileKind::Open`].
    pub maker: Option<Box<Maker>>,
    /// Whether nothing of the content may be shown.
    pub private: bool,
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
    /// The SELinux context; none leaves it or lets the policy decide, which also decides on parts that are empty.
    pub selinux: Option<String>,
    /// Inode flags as ioctl_iflags(2) numbers them, where the change is about them.
    pub flags: Option<u32>,
    /// Access and modification time, where the change is about them.
    pub times: Option<(SystemTime, SystemTime)>,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FileKind {
    /// A regular file and its content.
    File(Blob),
    /// A regular file with a content that the change neither looks at nor touches.
    Untouched,
    /// A regular file with a content that only performing can tell.
    Open(Why),
    /// A directory.
    Dir,
    /// A symbolic link and its target as written.
    Link(PathBuf),
    /// A hard link to another path.
    Hard(PathBuf),
    /// A device, pipe or socket.
    Special(Special),
}

impl FileChange {
    /// A change of what stands at a path, with no backup, no validation, and nothing else special.
    pub fn new(path: impl Into<PathBuf>, before: Before, after: Option<FileState>) -> Self {
        Self {
            path: path.into(),
            before,
            after,
            backup: false,
            validate: None,
            unsafe_writes: false,
            contents: 0,
            maker: None,
            private: false,
        }
    }

    /// What stands there then, with what the change leaves as it is.
    fn outcome(&self) -> Option<FileState> {
        let mut after = self.after.clone()?;
        if let Before::Is(before) = &self.before {
            if after.kind == FileKind::Untouched {
                after.kind = before.kind.clone();
            }
            // A link has no permission bits of its own, whatever was there before it.
            if !matches!(after.kind, FileKind::Link(_)) {
                after.mode = after.mode.or(before.mode);
            }
            after.owner = after.owner.or_else(|| before.owner.clone());
            after.group = after.group.or_else(|| before.group.clone());
            after.selinux = after.selinux.or_else(|| before.selinux.clone());
            after.flags = after.flags.or(before.flags);
        }
        Some(after)
    }
}

impl Before {
    /// What it was, where something was there.
    pub fn kind(&self) -> Option<&FileKind> {
        match self {
            Self::Is(state) => Some(&state.kind),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

impl FileState {
    /// Something with nothing said about it but what it is.
    pub fn of(kind: FileKind) -> Self {
        Self { kind, mode: None, owner: None, group: None, selinux: None, flags: None, times: None }
    }
}

impl FileKind {
    /// Whether it is a regular file, whatever is known of its content.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File(_) | Self::Untouched | Self::Open(_) | Self::Hard(_))
    }
}

impl Effect for FileChange {
    fn describe(&self) -> Description {
        describe::describe(self)
    }

    fn touches(&self) -> Vec<Touch> {
        describe::touches(self)
    }

    fn tells(&self) -> Option<Why> {
        match self.after.as_ref().map(|after| &after.kind) {
            Some(FileKind::Open(why)) => Some(why.clone()),
            _ => None,
        }
    }

    fn expect(&self, expected: &mut Expected) {
        let mut outcome = self.outcome();
        if let Some(state) = &mut outcome
            && state.kind == FileKind::Untouched
            && let Some(Some(planned)) = expected.files.get(&self.path)
        {
            state.kind = planned.kind.clone();
        }
        // Whatever was below a path that was no directory, or is none any more, can't be seen there again.
        let was_dir = match &self.before {
            Before::Is(state) => state.kind == FileKind::Dir,
            Before::Unknown(_) => true,
            Before::Absent => false,
        };
        let is_dir = outcome.as_ref().is_some_and(|state| state.kind == FileKind::Dir);
        if !(was_dir && is_dir) {
            expected.clear(&self.path);
        }
        expected.settle(self.path.clone(), outcome);
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        perform::perform(self, real)
    }

    fn invert(&self) -> Option<Change> {
        let before = match self.outcome() {
            Some(state) => Before::Is(state),
            None => Before::Absent,
        };
        let after = match &self.before {
            Before::Absent => None,
            Before::Unknown(_) => return None,
            Before::Is(state) => Some(state.clone()),
        };
        // What was made can't be told from what somebody put there since.
        if self.maker.is_some() {
            return None;
        }
        let replaces = before == Before::Absent;
        match after.as_ref().map(|state| &state.kind) {
            // The bytes must still be known, and a directory must have been empty.
            Some(FileKind::File(blob)) if blob.bytes.is_none() => return None,
            Some(FileKind::Untouched | FileKind::Special(_)) if replaces => return None,
            Some(FileKind::Dir) if replaces && self.contents > 0 => return None,
            _ => {}
        }
        Some(Change::File(Self {
            backup: false,
            contents: 0,
            ..Self::new(&self.path, before, after)
        }))
    }
}

#[cfg(test)]
mod tests;
