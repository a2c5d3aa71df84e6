//! `state: directory`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::change::Changes;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::file::File;
use crate::modules::files::{Subject, make_folders};
use crate::stop::Result;

impl File {
    pub(super) fn directory(
        &self,
        now: Subject<'_>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let now = self.followed(now, host)?;
        changes.set("path", self.shown(&now));
        match &now.look {
            Look::Absent | Look::Unknown(_) => {
                let mut made = BTreeSet::new();
                make_folders(&now.path, &self.attributes, &mut made, host, changes)?;
                Ok(())
            }
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                now.give(&self.attributes, changes)?;
                if self.recurse {
                    self.below(&now.path, &mut BTreeSet::new(), host, changes)?;
                }
                Ok(())
            }
            Look::Is(Node { kind: NodeKind::Link(_), .. }) => {
                Err(self.refuse(&now, "a link is there already, not a directory"))
            }
            Look::Is(_) => Err(self.refuse(&now, "a file is there already, not a directory")),
        }
    }

    /// Gives everything below a directory the attributes. Links are given them too, and followed like the path itself.
    fn below(
        &self,
        folder: &Path,
        seen: &mut BTreeSet<PathBuf>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        if !seen.insert(folder.to_path_buf()) {
            return Ok(());
        }
        for name in host.list(folder)? {
            let entry = Subject::at(&folder.join(name), host)?;
            let is_link = matches!(entry.kind(), Some(NodeKind::Link(_)));
            if !is_link {
                self.one(&entry, seen, host, changes)?;
                continue;
            }
            entry.give(&self.attributes, changes)?;
            if self.follow {
                let target = Subject::followed(&entry.path, host)?;
                if !seen.contains(&target.path) {
                    self.one(&target, seen, host, changes)?;
                }
            }
        }
        Ok(())
    }

    fn one(
        &self,
        entry: &Subject<'_>,
        seen: &mut BTreeSet<PathBuf>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        if entry.kind() == Some(&NodeKind::Dir) {
            if !seen.contains(&entry.path) {
                entry.give(&self.attributes, changes)?;
            }
            return self.below(&entry.path, seen, host, changes);
        }
        // A file may be reached by a link and by itself.
        if seen.insert(entry.path.clone()) {
            entry.give(&self.attributes, changes)?;
        }
        Ok(())
    }
}
