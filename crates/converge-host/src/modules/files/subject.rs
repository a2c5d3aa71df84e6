//! A path that a module is about, and what stands there.

use std::path::{Path, PathBuf};

use crate::change::{Before, Change, Changes, FileChange, FileKind, FileState};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::files::Attributes;
use crate::stop::{Result, Stop};

/// A path and what stands there.
pub(crate) struct Subject<'h> {
    host: &'h dyn Host,
    /// The path, absolute.
    pub(crate) path: PathBuf,
    /// What stands there; a link is not followed.
    pub(crate) look: Look,
}

/// A relative path is one below the home of the user, where commands run too.
pub(crate) fn absolute(path: &Path, host: &dyn Host) -> PathBuf {
    Path::new(&host.identity().home).join(path)
}

impl<'h> Subject<'h> {
    /// Looks at a path.
    pub(crate) fn at(path: &Path, host: &'h dyn Host) -> Result<Self> {
        let path = absolute(path, host);
        let look = host.look(&path)?;
        Ok(Self { host, path, look })
    }

    /// Looks at a path and follows symbolic links, also to where nothing is.
    pub(crate) fn followed(path: &Path, host: &'h dyn Host) -> Result<Self> {
        let (path, look) = host.resolve(&absolute(path, host))?;
        Ok(Self { host, path, look })
    }

    /// What stands there, if anything does.
    pub(crate) fn node(&self) -> Option<&Node> {
        match &self.look {
            Look::Is(node) => Some(node),
            Look::Absent | Look::Unknown(_) => None,
        }
    }

    /// What sort of thing stands there.
    pub(crate) fn kind(&self) -> Option<&NodeKind> {
        self.node().map(|node| &node.kind)
    }

    /// The same as a pre-image, a file's content left out.
    pub(crate) fn before(&self) -> Before {
        match &self.look {
            Look::Absent => Before::Absent,
            Look::Unknown(why) => Before::Unknown(why.clone()),
            Look::Is(node) => Before::Is(state(node)),
        }
    }

    /// The same as a pre-image, with a file's content.
    pub(crate) fn before_with_content(&self) -> Result<Before> {
        let mut before = self.before();
        if let Before::Is(state) = &mut before
            && state.kind == FileKind::Untouched
        {
            state.kind = FileKind::File(self.host.fingerprint(&self.path)?);
        }
        Ok(before)
    }

    /// What would be made there for any program: by the umask, owned by the user.
    pub(crate) fn fresh(&self, kind: FileKind) -> Result<FileState> {
        fresh(self.host, &self.path, kind)
    }

    /// Something of this kind there, with the attributes of what stands there now.
    pub(crate) fn after(&self, kind: FileKind) -> Result<FileState> {
        match &self.look {
            Look::Absent => self.fresh(kind),
            // What comes to be there brings its own attributes.
            Look::Unknown(_) => Ok(FileState::of(kind)),
            Look::Is(node) => {
                let now = state(node);
                let same =
                    now.kind.is_file() == kind.is_file() && (now.kind == kind || kind.is_file());
                if same { Ok(FileState { kind, ..now }) } else { self.fresh(kind) }
            }
        }
    }

    /// Asks for what is missing of the attributes of what stands there.
    pub(crate) fn give(&self, attributes: &Attributes, changes: &mut Changes) -> Result<()> {
        let before = self.before();
        let Before::Is(now) = &before else { return Ok(()) };
        let mut after = now.clone();
        attributes.onto(&self.path, &mut after, self.host)?;
        if after != *now {
            let change = FileChange::new(&self.path, before, Some(after));
            changes.push(Change::File(change));
        }
        Ok(())
    }

    /// Fails where the directory that it is to be made in is missing.
    pub(crate) fn need_folder(&self) -> Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        match self.host.resolve(folder)?.1 {
            Look::Is(Node { kind: NodeKind::Dir, .. }) | Look::Unknown(_) => Ok(()),
            Look::Is(_) => Err(Stop::failed(format!(
                "can't make `{}`: `{}` is no directory",
                self.path.display(),
                folder.display()
            ))),
            Look::Absent => Err(Stop::failed(format!(
                "can't make `{}`: there is no directory `{}`",
                self.path.display(),
                folder.display()
            ))),
        }
    }
}

/// What is managed of what stands at a path, a file's content left out.
fn state(node: &Node) -> FileState {
    FileState {
        kind: match &node.kind {
            NodeKind::File => FileKind::Untouched,
            NodeKind::Dir => FileKind::Dir,
            NodeKind::Link(target) => FileKind::Link(target.clone()),
            NodeKind::Special(special) => FileKind::Special(*special),
        },
        mode: (!matches!(node.kind, NodeKind::Link(_))).then_some(node.mode),
        owner: Some(node.owner.clone()),
        group: Some(node.group.clone()),
        selinux: node.selinux.clone(),
        flags: None,
        times: None,
    }
}

/// What would be made at a path by the umask, owned by the user. A directory with setgid hands its group down.
pub(super) fn fresh(host: &dyn Host, path: &Path, kind: FileKind) -> Result<FileState> {
    let user = host.identity();
    let mut group = user.group.clone();
    let mut mode = match kind {
        FileKind::Link(_) => None,
        FileKind::Dir => Some(0o777 & !host.umask()),
        _ => Some(0o666 & !host.umask()),
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    if let Look::Is(folder) = host.resolve(folder)?.1
        && folder.mode & 0o2000 != 0
    {
        group = folder.group;
        if kind == FileKind::Dir {
            mode = mode.map(|mode| mode | 0o2000);
        }
    }
    Ok(FileState {
        kind,
        mode,
        owner: Some(user.principal()),
        group: Some(group),
        selinux: None,
        flags: None,
        times: None,
    })
}
