//! Paths as they will be.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use crate::blob::Blob;
use crate::change::{FileKind, FileState};
use crate::host::expected::{Pending, Reach};
use crate::host::overlay::{Overlay, is_file};
use crate::host::{Host, Look, Node, NodeKind};
use crate::stop::{Result, Stop, Why};

/// Where packages put no files (hier(7), and every distribution's policy).
const NOT_OF_PACKAGES: &[&str] = &[
    "/home",
    "/root",
    "/tmp",
    "/srv",
    "/usr/local",
    "/run",
    "/var/run",
    "/var/tmp",
    // The sources of packages are the administrator's; a package that brings its own is one of these sources already.
    "/etc/apt/sources.list.d",
];

/// Where a service that starts makes its files.
const OF_SERVICES: &[&str] = &["/run", "/var", "/tmp"];

/// Where the kernel shows itself.
const OF_KERNEL: &[&str] = &["/proc", "/sys"];

/// More links than this on one path are a circle.
const LINKS: usize = 40;

impl Overlay<'_> {
    /// The true path of what a path names: symbolic links are followed, except at its last part.
    pub(crate) fn place(&self, path: &Path) -> Result<PathBuf> {
        let mut ahead: VecDeque<OsString> = parts(path);
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            if part == ".." {
                at.pop();
                continue;
            }
            let next = at.join(&part);
            if ahead.is_empty() {
                return Ok(next);
            }
            if let Look::Is(Node { kind: NodeKind::Link(target), .. }) = self.entry(&next)? {
                links += 1;
                if links > LINKS {
                    let path = path.display();
                    return Err(Stop::failed(format!(
                        "too many levels of symbolic links at `{path}`"
                    )));
                }
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                for part in parts(&target).into_iter().rev() {
                    ahead.push_front(part);
                }
            } else {
                at = next;
            }
        }
        Ok(at)
    }

    /// What stands at a true path.
    pub(super) fn entry(&self, place: &Path) -> Result<Look> {
        let expected = self.expected;
        if let Some(doubt) = expected.doubtful.get(place) {
            return Ok(Look::Unknown(doubt.why.clone()));
        }
        if let Some(why) = self.rewritten(place) {
            return Ok(Look::Unknown(why));
        }
        match expected.files.get(place) {
            Some(Some(state)) => return self.node(place, state).map(Look::Is),
            Some(None) => return Ok(self.absent(place)),
            None => {}
        }
        // What is below something that may come or go may do so, too.
        if let Some(doubt) = place.ancestors().skip(1).find_map(|at| expected.doubtful.get(at)) {
            return Ok(Look::Unknown(doubt.why.clone()));
        }
        match self.cleared(place) {
            Some(_) => Ok(self.absent(place)),
            None => match self.base.look(place)? {
                Look::Absent => Ok(self.absent(place)),
                other => Ok(other),
            },
        }
    }

    /// The names in a directory.
    pub(super) fn names(&self, path: &Path) -> Result<Vec<String>> {
        let place = match self.resolve(path)? {
            (at, Look::Is(Node { kind: NodeKind::Dir, .. })) => self.place(&at)?,
            (_, Look::Unknown(why)) => return Err(Stop::Unknown(why)),
            _ => {
                let path = path.display();
                return Err(Stop::failed(format!("can't list `{path}`: it is no directory")));
            }
        };
        if let Some(why) = self.rewritten(&place.join("*")) {
            return Err(Stop::Unknown(why));
        }
        let mut below = self.expected.doubtful.range(place.clone()..);
        if let Some((_, doubt)) = below.next().filter(|(path, _)| path.starts_with(&place)) {
            return Err(Stop::Unknown(doubt.why.clone()));
        }
        let since = self.expected.settled.get(&place).copied().unwrap_or(0);
        if let Look::Unknown(why) = self.brought(&place.join("*"), since) {
            return Err(Stop::Unknown(why));
        }
        let mut names = BTreeSet::new();
        let hidden = self.expected.cleared.contains(&place) || self.cleared(&place).is_some();
        if !hidden && let Look::Is(Node { kind: NodeKind::Dir, .. }) = self.base.look(&place)? {
            names.extend(self.base.list(&place)?);
        }
        for (below, state) in self.expected.files.range(place.clone()..) {
            if !below.starts_with(&place) {
                break;
            }
            if below.parent() != Some(&place) {
                continue;
            }
            let Some(name) = below.file_name() else { continue };
            let name = name.to_string_lossy().into_owned();
            match state {
                Some(_) => names.insert(name),
                None => names.remove(&name),
            };
        }
        Ok(names.into_iter().collect())
    }

    /// The content of a file, by `real` where it stays what it is.
    pub(super) fn read(&self, path: &Path, real: &dyn Fn(&Path) -> Result<Blob>) -> Result<Blob> {
        if self.expected.is_empty() {
            return real(path);
        }
        let (at, look) = self.resolve(path)?;
        if let Look::Unknown(why) = look {
            return Err(Stop::Unknown(why));
        }
        let place = self.place(&at)?;
        if !is_file(&look) {
            let why = if look == Look::Absent {
                "there is no such file"
            } else {
                "it is no regular file"
            };
            return Err(Stop::failed(format!("can't read `{}`: {why}", path.display())));
        }
        match self.expected.files.get(&place) {
            Some(Some(FileState { kind: FileKind::File(blob), .. })) => {
                let bytes = self.fetch(blob)?;
                Ok(Blob { bytes: Some(bytes), ..blob.clone() })
            }
            Some(Some(FileState { kind: FileKind::Open(why), .. })) => {
                Err(Stop::Unknown(why.clone()))
            }
            Some(Some(FileState { kind: FileKind::Hard(target), .. })) => self.read(target, real),
            Some(_) => match self.base.look(&place)? {
                look if is_file(&look) => real(&place),
                // Only its attributes are planned; its content comes with something else.
                _ => Err(match self.brought(&place, 0) {
                    Look::Unknown(why) => Stop::Unknown(why),
                    _ => Stop::failed(format!(
                        "can't read `{}`: there is no such file",
                        path.display()
                    )),
                }),
            },
            None => real(&place),
        }
    }

    /// Nothing stands here; something planned may bring it.
    fn absent(&self, place: &Path) -> Look {
        let settled = place.ancestors().find_map(|at| {
            let since = self.expected.settled.get(at)?;
            (at == place || self.expected.cleared.contains(at)).then_some(*since)
        });
        self.brought(place, settled.unwrap_or(0))
    }

    /// Whether something that was planned after the first `since` may bring a path.
    fn brought(&self, place: &Path, since: usize) -> Look {
        let below = |folders: &[&str]| folders.iter().any(|folder| place.starts_with(folder));
        // A directory that is made as planned is ours: neither packages nor services put anything there.
        let ours = place.parent().is_some_and(|parent| {
            parent.ancestors().any(|at| {
                let made = matches!(self.expected.files.get(at), Some(Some(_)));
                made && self.expected.cleared.contains(at)
            })
        });
        let may = |reach: &Reach| match reach {
            Reach::Anything => true,
            Reach::Package => !ours && !below(NOT_OF_PACKAGES),
            Reach::Service => !ours && below(OF_SERVICES),
            Reach::Kernel => below(OF_KERNEL),
            Reach::Below(folder) => place != folder && place.starts_with(folder),
        };
        let mut bringers = self.expected.pending.iter().skip(since).filter(|one| may(&one.reach));
        let Some(first) = bringers.clone().next() else { return Look::Absent };
        if first.reach != Reach::Package {
            return Look::Unknown(first.why.clone());
        }
        // What is called alike is the likeliest to bring it.
        let path = place.to_string_lossy();
        let other = |one: &&Pending| one.reach != Reach::Package || one.why.may_bring(&path);
        Look::Unknown(match bringers.find(other) {
            Some(one) => one.why.clone(),
            None if self.is_in_an_own_folder(place) => first.why.clone(),
            None => Why("a package that is planned".into()),
        })
    }

    /// Whether the folder that a path is in is there without any package.
    fn is_in_an_own_folder(&self, place: &Path) -> bool {
        let Some(folder) = place.parent() else { return true };
        self.expected.files.contains_key(folder)
            || matches!(self.base.look(folder), Ok(Look::Is(_)))
    }

    /// Why what stands below a folder can't be told: something planned rewrites all of it, and nothing planned since settles
    /// the path.
    fn rewritten(&self, place: &Path) -> Option<Why> {
        let settled = self.expected.settled.get(place).copied();
        let may = |(at, one): &(usize, &Pending)| match &one.reach {
            Reach::Below(folder) => {
                place != folder
                    && place.starts_with(folder)
                    && settled.is_none_or(|since| since <= *at)
            }
            _ => false,
        };
        let mut pending = self.expected.pending.iter().enumerate();
        pending.find(may).map(|(_, one)| one.why.clone())
    }

    /// The nearest path above that hides what is really there.
    fn cleared<'p>(&self, place: &'p Path) -> Option<&'p Path> {
        place.ancestors().skip(1).find(|at| self.expected.cleared.contains(*at))
    }

    /// A planned state as what one would see.
    fn node(&self, place: &Path, state: &FileState) -> Result<Node> {
        let shape = match &state.kind {
            FileKind::Hard(target) => {
                let (_, look) = self.resolve(target)?;
                match look {
                    Look::Is(node) => Some(node),
                    _ => None,
                }
            }
            _ => match self.base.look(place)? {
                Look::Is(node) if same_kind(&state.kind, &node.kind) => Some(node),
                _ => None,
            },
        };
        let kind = match &state.kind {
            FileKind::File(_) | FileKind::Untouched | FileKind::Open(_) | FileKind::Hard(_) => {
                NodeKind::File
            }
            FileKind::Dir => NodeKind::Dir,
            FileKind::Link(target) => NodeKind::Link(target.clone()),
            FileKind::Special(special) => NodeKind::Special(*special),
        };
        let user = self.identity();
        let mut node = shape.unwrap_or_else(|| Node {
            mode: match kind {
                NodeKind::Dir => 0o777 & !self.umask(),
                NodeKind::Link(_) => 0o777,
                _ => 0o666 & !self.umask(),
            },
            kind: kind.clone(),
            owner: user.principal(),
            group: user.group.clone(),
            size: 0,
            modified: SystemTime::now(),
            accessed: SystemTime::now(),
            changed: SystemTime::now(),
            inode: 0,
            device: 0,
            links: 1,
            blocks: 0,
            block_size: 4096,
            stands_for: 0,
            selinux: None,
        });
        match &state.kind {
            FileKind::File(blob) => {
                node.size = blob.size;
                node.blocks = blob.size.div_ceil(4096) * 8;
            }
            FileKind::Link(target) => node.size = target.as_os_str().len() as u64,
            // Nothing of the old content stays, and nothing is known of the new one.
            FileKind::Open(_) => (node.size, node.blocks, node.inode) = (0, 0, 0),
            _ => {}
        }
        if let FileKind::Hard(_) = state.kind {
            node.links = node.links.max(2);
        }
        node.kind = kind;
        node.mode = state.mode.unwrap_or(node.mode);
        node.owner = state.owner.clone().unwrap_or(node.owner);
        node.group = state.group.clone().unwrap_or(node.group);
        node.selinux = state.selinux.clone().or(node.selinux);
        if let Some((accessed, modified)) = state.times {
            (node.accessed, node.modified) = (accessed, modified);
        }
        Ok(node)
    }
}

fn same_kind(planned: &FileKind, real: &NodeKind) -> bool {
    match real {
        NodeKind::File => planned.is_file(),
        NodeKind::Dir => *planned == FileKind::Dir,
        NodeKind::Link(_) => matches!(planned, FileKind::Link(_)),
        NodeKind::Special(special) => *planned == FileKind::Special(*special),
    }
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}
