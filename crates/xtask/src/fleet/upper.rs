//! Reading what was done to a host off the upper layer of its root, to compare what two engines did.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::fleet::host::Host;

/// What a path is, after what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A regular file, with the SHA-256 of its content as hexadecimal digits.
    File {
        /// Mode bits and owners.
        access: Access,
        /// SHA-256 of the content.
        sha256: String,
    },
    /// A folder.
    Folder {
        /// Mode bits and owners.
        access: Access,
        /// Whether everything that it had below was removed with it.
        replaced: bool,
    },
    /// A symbolic link, and where it points. Its mode bits mean nothing.
    Link {
        /// Where it points.
        target: PathBuf,
        /// Numeric owner and group.
        owner: (u32, u32),
    },
    /// A socket, pipe or device.
    Special {
        /// Mode bits and owners.
        access: Access,
    },
    /// Something that was there and is no more.
    Removed,
}

/// Mode bits and owners of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Mode bits, as chmod takes them.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
}

/// Paths that change on any running host, or with any package manager, whatever was asked of it.
#[derive(Clone, Debug)]
pub struct Noise {
    trees: Vec<PathBuf>,
    names: Vec<&'static str>,
}

/// A path at which two hosts differ. Nothing on one side means that nothing was done to it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path, from the root without a leading slash.
    pub path: PathBuf,
    /// What it is on the first host.
    pub first: Option<Entry>,
    /// What it is on the second host.
    pub second: Option<Entry>,
}

impl Default for Noise {
    fn default() -> Self {
        let trees = [
            "dev",
            "proc",
            "run",
            "sys",
            "tmp",
            "etc/machine-id",
            "etc/.pwd.lock",
            "etc/ld.so.cache",
            "var/cache",
            "var/lib/apt",
            "var/lib/dbus/machine-id",
            "var/lib/dnf",
            "var/lib/dpkg/lock",
            "var/lib/dpkg/lock-frontend",
            "var/lib/dpkg/status-old",
            "var/lib/dpkg/triggers",
            "var/lib/rpm",
            "var/lib/systemd",
            "var/log",
            "var/tmp",
            "root/.ansible",
            "root/.bash_history",
        ];
        Self { trees: trees.into_iter().map(PathBuf::from).collect(), names: vec!["__pycache__"] }
    }
}

impl Noise {
    /// Also leaves out this path and all below it, written from the root without a leading slash.
    #[must_use]
    pub fn and(mut self, tree: impl Into<PathBuf>) -> Self {
        self.trees.push(tree.into());
        self
    }

    fn has(&self, path: &Path) -> bool {
        self.trees.iter().any(|tree| path.starts_with(tree))
            || path.file_name().is_some_and(|name| self.names.iter().any(|noise| name == *noise))
    }
}

/// What was done to the root of `host` since it was made, by path, without what is noise.
///
/// Paths that were written but are as they were before do not count.
pub fn contents(host: &Host, noise: &Noise) -> Result<BTreeMap<PathBuf, Entry>> {
    layer_contents(&host.upper, &host.layers, noise)
}

/// The paths at which two hosts differ in what was done to them.
///
/// What one host had from the start that the other was given, as a Python, is no difference.
pub fn upper_diff(first: &Host, second: &Host, noise: &Noise) -> Result<Vec<Difference>> {
    let mut differences = compare(&contents(first, noise)?, &contents(second, noise)?);
    let now = |host: &Host, path: &Path| entry(&host.root.join(path)).ok();
    differences.retain(|one| now(first, &one.path) != now(second, &one.path));
    Ok(differences)
}

/// The paths at which two such lists differ.
pub fn compare(
    first: &BTreeMap<PathBuf, Entry>,
    second: &BTreeMap<PathBuf, Entry>,
) -> Vec<Difference> {
    let mut paths: Vec<&PathBuf> = first.keys().chain(second.keys()).collect();
    paths.sort();
    paths.dedup();
    let difference = |path: &PathBuf| Difference {
        path: path.clone(),
        first: first.get(path).cloned(),
        second: second.get(path).cloned(),
    };
    paths.into_iter().map(difference).filter(|one| one.first != one.second).collect()
}

/// As [`contents`], for an upper layer and the layers below it (the highest first).
pub fn layer_contents(
    upper: &Path,
    below: &[PathBuf],
    noise: &Noise,
) -> Result<BTreeMap<PathBuf, Entry>> {
    let mut found = BTreeMap::new();
    walk(upper, Path::new(""), noise, &mut |path, entry| {
        let before = below_entry(below, &path)?;
        let untouched = match &entry {
            Entry::Removed => before.is_none(),
            entry => before.as_ref() == Some(entry),
        };
        if !untouched {
            found.insert(path, entry);
        }
        Ok(())
    })?;
    Ok(found)
}

fn walk(
    upper: &Path,
    dir: &Path,
    noise: &Noise,
    visit: &mut impl FnMut(PathBuf, Entry) -> Result<()>,
) -> Result<()> {
    let whole = upper.join(dir);
    for listed in
        fs::read_dir(&whole).with_context(|| format!("cannot list `{}`", whole.display()))?
    {
        let path = dir.join(listed?.file_name());
        if noise.has(&path) {
            continue;
        }
        let entry = entry(&upper.join(&path))?;
        let is_folder = matches!(entry, Entry::Folder { .. });
        visit(path.clone(), entry)?;
        if is_folder {
            walk(upper, &path, noise, visit)?;
        }
    }
    Ok(())
}

/// What a path was before anything was done, as the highest layer that says anything about it has it.
fn below_entry(below: &[PathBuf], path: &Path) -> Result<Option<Entry>> {
    for layer in below {
        let whole = layer.join(path);
        if whole.symlink_metadata().is_err() {
            continue;
        }
        return Ok(match entry(&whole)? {
            Entry::Removed => None,
            Entry::Folder { access, .. } => Some(Entry::Folder { access, replaced: false }),
            entry => Some(entry),
        });
    }
    Ok(None)
}

fn entry(path: &Path) -> Result<Entry> {
    let read = || -> std::io::Result<Entry> {
        let metadata = path.symlink_metadata()?;
        let kind = metadata.file_type();
        Ok(if kind.is_dir() {
            Entry::Folder { access: access(&metadata), replaced: is_opaque(path) }
        } else if kind.is_symlink() {
            Entry::Link { target: fs::read_link(path)?, owner: (metadata.uid(), metadata.gid()) }
        } else if kind.is_file() {
            Entry::File { access: access(&metadata), sha256: sha256(&fs::read(path)?) }
        } else if kind.is_char_device() && metadata.rdev() == 0 {
            // A whiteout; see the kernel's documentation of overlayfs.
            Entry::Removed
        } else {
            Entry::Special { access: access(&metadata) }
        })
    };
    read().with_context(|| format!("cannot read `{}`", path.display()))
}

fn access(metadata: &Metadata) -> Access {
    Access { mode: metadata.mode() & 0o7777, uid: metadata.uid(), gid: metadata.gid() }
}

/// Whether the overlay shows nothing of the layers below in this folder.
fn is_opaque(path: &Path) -> bool {
    let mut value = [0_u8; 1];
    rustix::fs::lgetxattr(path, "trusted.overlay.opaque", &mut value[..])
        .is_ok_and(|len| len == 1 && value == *b"y")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o} {}:{}", self.mode, self.uid, self.gid)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { access, sha256 } => {
                write!(f, "file {access} {}", &sha256[..sha256.len().min(12)])
            }
            Self::Folder { access, replaced: false } => write!(f, "folder {access}"),
            Self::Folder { access, replaced: true } => write!(f, "folder {access}, replaced"),
            Self::Link { target, owner: (uid, gid) } => {
                write!(f, "link {uid}:{gid} to {}", target.display())
            }
            Self::Special { access } => write!(f, "special {access}"),
            Self::Removed => f.write_str("removed"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |entry: &Option<Entry>| {
            entry.as_ref().map_or_else(|| "untouched".to_owned(), Entry::to_string)
        };
        let path = String::from_utf8_lossy(self.path.as_os_str().as_bytes());
        write!(f, "/{path}: {} | {}", side(&self.first), side(&self.second))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use crate::fleet::upper::{Noise, compare, layer_contents};

    fn write(dir: &Path, path: &str, text: &str) {
        fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
        fs::write(dir.join(path), text).unwrap();
    }

    #[test]
    fn what_was_written_but_is_the_same_does_not_count() {
        let (upper, below) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for dir in [upper.path(), below.path()] {
            write(dir, "etc/same", "same");
        }
        write(upper.path(), "etc/new", "new");
        write(below.path(), "etc/mode", "text");
        write(upper.path(), "etc/mode", "text");
        fs::set_permissions(upper.path().join("etc/mode"), Permissions::from_mode(0o640)).unwrap();
        symlink("same", upper.path().join("etc/link")).unwrap();
        write(upper.path(), "var/log/messages", "noise");
        write(upper.path(), "srv/app/__pycache__/x", "noise");
        let noise = Noise::default().and("srv/other");
        let found = layer_contents(upper.path(), &[below.path().to_owned()], &noise).unwrap();
        let listed: Vec<String> =
            found.iter().map(|(path, entry)| format!("{} {entry}", path.display())).collect();
        let start = |prefix: &str| listed.iter().filter(|line| line.starts_with(prefix)).count();
        assert_eq!(
            start("etc/link link ") + start("etc/mode file 0640") + start("etc/new file"),
            3,
            "{listed:?}"
        );
        assert_eq!(
            listed
                .iter()
                .filter(|line| line.contains("noise") || line.contains("same file"))
                .count(),
            0,
            "{listed:?}"
        );
        assert!(
            !listed.iter().any(|line| line.contains("__pycache__") || line.starts_with("var/log")),
            "{listed:?}"
        );
    }

    #[test]
    fn two_hosts_differ_where_one_was_touched_otherwise() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(one.path(), "a", "1");
        write(two.path(), "a", "1");
        write(one.path(), "b", "1");
        write(two.path(), "b", "2");
        write(two.path(), "c", "3");
        let list = |dir: &Path| layer_contents(dir, &[], &Noise::default()).unwrap();
        let found = compare(&list(one.path()), &list(two.path()));
        let paths: Vec<_> = found.iter().map(|one| one.path.to_str().unwrap()).collect();
        assert_eq!(paths, ["b", "c"]);
        assert!(found[1].to_string().starts_with("/c: untouched | file "), "{}", found[1]);
    }
}
