//! What is in an archive, beside what is there.

use std::path::{Path, PathBuf};

use crate::change::{FileKind, FileState};
use crate::host::{Host, Look, Node, NodeKind, Principal};
use crate::modules::unarchive::zip::crc32;
use crate::stop::{Result, Stop, Why};

/// Something in an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Relative to where it is unpacked.
    pub(super) path: String,
    /// What it is.
    pub(super) kind: MemberKind,
    /// Permission bits.
    pub(super) mode: u32,
    /// The owner's number, where the archive tells it.
    pub(super) owner: Option<u32>,
    /// The group's number.
    pub(super) group: Option<u32>,
}

/// What something in an archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    /// A file, and its size and CRC-32 where they are told.
    File(Option<(u64, Option<u32>)>),
    /// A folder.
    Dir,
    /// A link and where it leads.
    Link(PathBuf),
    /// Anything else.
    Other,
}

impl Member {
    /// Whether what is there is what it would be unpacked to, as far as can be told without reading a tar again.
    pub(super) fn is_there(
        &self,
        path: &Path,
        from: &str,
        ownership: bool,
        host: &dyn Host,
    ) -> Result<bool> {
        let node = match (&self.kind, host.look(path)?) {
            // A link to a folder is as good as the folder.
            (MemberKind::Dir, Look::Is(Node { kind: NodeKind::Link(_), .. })) => {
                match host.resolve(path)?.1 {
                    Look::Is(node) => node,
                    _ => return Ok(false),
                }
            }
            (_, Look::Is(node)) => node,
            _ => return Ok(false),
        };
        // What is planned has no number yet, and may be what comes of this very archive.
        if node.kind == NodeKind::File && node.inode == 0 {
            match host.fingerprint(path) {
                Err(Stop::Unknown(why)) => return Ok(why == inside(from)),
                other => drop(other?),
            }
        }
        Ok(match (&self.kind, &node.kind) {
            (MemberKind::Dir, NodeKind::Dir) => true,
            (MemberKind::Link(target), NodeKind::Link(there)) => target == there,
            (MemberKind::Other, _) | (MemberKind::File(None), NodeKind::File) => true,
            (MemberKind::File(Some((size, crc))), NodeKind::File) => {
                let owned = !ownership
                    || (self.owner.is_none_or(|id| node.owner.id == Some(id))
                        && self.group.is_none_or(|id| node.group.id == Some(id)));
                node.size == *size && owned && self.same(path, *crc, host)?
            }
            _ => false,
        })
    }

    fn same(&self, path: &Path, crc: Option<u32>, host: &dyn Host) -> Result<bool> {
        match crc {
            Some(crc) => Ok(crc32(&host.fetch(&host.content(path)?)?) == crc),
            None => Ok(true),
        }
    }

    /// What it is once it is unpacked.
    pub(super) fn state(&self, from: &str, host: &dyn Host) -> Option<FileState> {
        let kind = match &self.kind {
            MemberKind::File(_) => FileKind::Open(inside(from)),
            MemberKind::Dir => FileKind::Dir,
            MemberKind::Link(target) => FileKind::Link(target.clone()),
            MemberKind::Other => return None,
        };
        let user = host.identity();
        let root = user.uid == Some(0);
        let mask = if root { 0 } else { host.umask() };
        let mode = (!matches!(kind, FileKind::Link(_))).then_some(self.mode & !mask);
        let named = |id: Option<u32>, own: Principal, find: &dyn Fn(u32) -> Option<String>| match id
            .filter(|_| root)
        {
            Some(id) => {
                let name = find(id).unwrap_or_else(|| id.to_string());
                Some(Principal { name, id: Some(id) })
            }
            None => Some(own),
        };
        Some(FileState {
            mode,
            owner: named(self.owner, user.principal(), &|id| {
                host.user_by_id(id).ok().flatten().map(|user| user.name)
            }),
            group: named(self.group, user.group.clone(), &|id| {
                host.group_by_id(id).ok().flatten().map(|group| group.name)
            }),
            ..FileState::of(kind)
        })
    }
}

/// Why a content can't be told: it is in this archive.
fn inside(from: &str) -> Why {
    Why(format!("what is in {from}"))
}
