//! `state: link` and `state: hard`.

use std::path::{Path, PathBuf};

use crate::change::{Before, Change, Changes, FileChange, FileKind, FileState};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::file::File;
use crate::modules::files::{Attributes, Subject, absolute};
use crate::stop::{Result, Stop};

impl File {
    pub(super) fn link(
        &self,
        now: &Subject<'_>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let target = match (&self.src, now.kind()) {
            (Some(src), _) => src.clone(),
            (None, Some(NodeKind::Link(target))) => target.clone(),
            (None, _) => return Err(self.refuse(now, "`src` must say what the new link points to")),
        };
        changes.set("src", target.display().to_string());
        self.may_link(now, &target, host)?;
        let same = now.kind() == Some(&NodeKind::Link(target.clone()));
        // What is asked of the link is asked of what it points to, unless links are not to be followed.
        let (own, others) = if self.follow {
            (Attributes::default(), Some(&self.attributes))
        } else {
            (self.attributes.without_mode(), None)
        };
        if same {
            now.give(&own, changes)?;
        } else {
            let before = now.before_with_content()?;
            let mut after = now.fresh(FileKind::Link(target.clone()))?;
            if let (Some(node), true) = (now.node(), matches!(now.kind(), Some(NodeKind::Link(_))))
            {
                after.owner = Some(node.owner.clone());
                after.group = Some(node.group.clone());
            }
            own.onto(&now.path, &mut after, host)?;
            changes.push(Change::File(FileChange::new(&now.path, before, Some(after))));
        }
        if let Some(attributes) = others {
            let target = Subject::followed(&beside(&now.path, &target), host)?;
            match target.look {
                Look::Absent => changes.warn(
                    "the link points to nothing, so no attributes can be set; `follow: false` sets those of the link",
                ),
                _ => target.give(attributes, changes)?,
            }
        }
        Ok(())
    }

    /// Fails where the link would point to nothing, or take the place of something, and nobody said that this is meant.
    fn may_link(&self, now: &Subject<'_>, target: &Path, host: &dyn Host) -> Result<()> {
        let is_dir = now.kind() == Some(&NodeKind::Dir);
        // In the place of a directory, a relative target is read from inside, as Ansible reads it.
        let place = if is_dir { now.path.join(target) } else { beside(&now.path, target) };
        if !self.force && self.src.is_some() && host.resolve(&place)?.1 == Look::Absent {
            let why = format!(
                "`{}` does not exist; `force: true` makes a link to it all the same",
                place.display()
            );
            return Err(self.refuse(now, &why));
        }
        match now.kind() {
            None | Some(NodeKind::Link(_)) => Ok(()),
            Some(NodeKind::Dir) if self.force && !host.list(&now.path)?.is_empty() => {
                Err(self.refuse(now, "a directory that is not empty is not replaced by a link"))
            }
            Some(_) if self.force => Ok(()),
            Some(NodeKind::Dir) => {
                Err(self
                    .refuse(now, "a directory is there; `force: true` replaces it if it is empty"))
            }
            Some(_) => {
                Err(self.refuse(now, "a file is there; `force: true` replaces it by the link"))
            }
        }
    }

    pub(super) fn hard<'h>(
        &self,
        mut now: Subject<'h>,
        host: &'h dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let Some(src) = &self.src else {
            return match now.kind() {
                Some(NodeKind::File) => now.give(&self.attributes, changes),
                _ => Err(self.refuse(&now, "`src` must say which file gets another name")),
            };
        };
        if now.kind() == Some(&NodeKind::Dir)
            && let Some(name) = src.file_name()
        {
            now = Subject::at(&self.path.join(name), host)?;
            changes.set("dest", now.path.display().to_string());
        }
        changes.set("src", src.display().to_string());
        let source = absolute(src, host);
        let (source, origin) = match host.resolve(&source)? {
            (_, Look::Absent) => {
                let why = format!("`{}` does not exist", src.display());
                return Err(self.refuse(&now, &why));
            }
            (at, Look::Is(node)) => (at, Some(node)),
            (at, Look::Unknown(_)) => (at, None),
        };
        let linked = |node: &Node| {
            origin.as_ref().is_some_and(|origin| {
                let planned = node.inode == 0 && node.links > 1;
                (node.inode, node.device) == (origin.inode, origin.device)
                    && (node.inode != 0 || planned)
            })
        };
        match now.node() {
            Some(node) if linked(node) => return now.give(&self.attributes, changes),
            Some(Node { kind: NodeKind::Dir, .. }) => {
                return Err(self.refuse(&now, "a directory is there"));
            }
            Some(Node { kind: NodeKind::File, .. }) if !self.force => {
                return Err(self.refuse(&now, "another file is there; `force: true` replaces it"));
            }
            _ => {}
        }
        now.need_folder()?;
        let before = match &now.look {
            Look::Unknown(why) => Before::Unknown(why.clone()),
            _ => now.before_with_content()?,
        };
        let mut after = match origin {
            Some(node) => FileState {
                mode: Some(node.mode),
                owner: Some(node.owner),
                group: Some(node.group),
                selinux: node.selinux,
                ..FileState::of(FileKind::Hard(source.clone()))
            },
            None => FileState::of(FileKind::Hard(source.clone())),
        };
        self.attributes.onto(&now.path, &mut after, host)?;
        if source == now.path {
            return Err(Stop::failed(format!(
                "`{}` can't be a hard link to itself",
                source.display()
            )));
        }
        changes.push(Change::File(FileChange::new(&now.path, before, Some(after))));
        Ok(())
    }
}

/// A target as a link at `path` means it.
fn beside(path: &Path, target: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).join(target)
}
