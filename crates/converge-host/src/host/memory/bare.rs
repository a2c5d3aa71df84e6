//! A machine with nothing on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crate::blob::Blob;
use crate::clock::Clock;
use crate::data::Map;
use crate::host::{
    Command, Existence, Group, Host, Installed, Look, Manager, Node, NodeKind, Output, Scope, Unit,
    User,
};
use crate::stop::{Result, Stop, Why};

/// A root directory, and root, whom everything happens as.
pub(super) struct Bare {
    pub(super) root: User,
}

impl Host for Bare {
    fn identity(&self) -> &User {
        &self.root
    }

    fn clock(&self) -> Clock {
        Clock::default()
    }

    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn umask(&self) -> u32 {
        0o022
    }

    fn look(&self, path: &Path) -> Result<Look> {
        if path != Path::new("/") {
            return Ok(Look::Absent);
        }
        Ok(Look::Is(Node {
            kind: NodeKind::Dir,
            mode: 0o755,
            owner: self.root.principal(),
            group: self.root.group.clone(),
            size: 4096,
            modified: UNIX_EPOCH,
            accessed: UNIX_EPOCH,
            changed: UNIX_EPOCH,
            inode: 2,
            device: 1,
            links: 2,
            blocks: 8,
            block_size: 4096,
            stands_for: 0,
            selinux: None,
        }))
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        Err(Stop::failed(format!("can't read `{}`: there is no such file", path.display())))
    }

    fn list(&self, _path: &Path) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn user(&self, _name: &str) -> Result<Option<User>> {
        Ok(None)
    }

    fn user_by_id(&self, _id: u32) -> Result<Option<User>> {
        Ok(None)
    }

    fn group(&self, _name: &str) -> Result<Option<Group>> {
        Ok(None)
    }

    fn group_by_id(&self, _id: u32) -> Result<Option<Group>> {
        Ok(None)
    }

    fn groups(&self) -> Result<Vec<Group>> {
        Ok(Vec::new())
    }

    fn installed(&self, _manager: Manager) -> Result<Arc<Installed>> {
        Ok(Arc::default())
    }

    fn unit(&self, name: &str, _scope: Scope) -> Result<Unit> {
        Ok(Unit {
            name: name.to_owned(),
            exists: Existence::No,
            active: false,
            file_state: String::new(),
            needs_reload: false,
            properties: Map::new(),
        })
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        Err(Stop::failed(format!("there is nothing to run `{}` on", command.shown())))
    }

    fn program(&self, _name: &str) -> Result<Option<PathBuf>> {
        Ok(None)
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        blob.bytes.clone().ok_or(Stop::Need(blob.digest))
    }

    fn unsettled(&self) -> Option<Why> {
        None
    }
}
