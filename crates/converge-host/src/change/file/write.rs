//! Putting a file, a link or a directory in its place.
//!
//! A file is written under a temporary name beside the place and then renamed, so that whoever looks sees the old one or the
//! new one, and a disk that is full leaves the old one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, fsync, linkat, mkdirat, openat, renameat, symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::change::file::attributes::{Wanted, to_file};
use crate::host::Node;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Something under a temporary name, which goes away again unless it is put in its place.
pub(super) struct Temporary {
    pub(super) path: PathBuf,
    file: Option<OwnedFd>,
}

/// The directory that a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

impl Temporary {
    /// A file with this content and these attributes, on disk, beside the place that it is for.
    pub(super) fn file(
        place: &Path,
        bytes: &[u8],
        wanted: &Wanted,
        old: Option<&Node>,
    ) -> io::Result<Self> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let private = Mode::RUSR | Mode::WUSR;
        let (path, file) = beside(place, |path| openat(CWD, path, flags, private))?;
        let mut temporary = Self { path, file: None };
        let mut file = File::from(file);
        file.write_all(bytes)?;
        let file = OwnedFd::from(file);
        to_file(&file, wanted, old)?;
        fsync(&file)?;
        temporary.file = Some(file);
        Ok(temporary)
    }

    /// A symbolic link.
    pub(super) fn link(place: &Path, target: &Path) -> io::Result<Self> {
        let (path, ()) = beside(place, |path| symlinkat(target, CWD, path))?;
        Ok(Self { path, file: None })
    }

    /// Another name of a file.
    pub(super) fn hard(place: &Path, target: &Path) -> io::Result<Self> {
        let (path, ()) = beside(place, |path| linkat(CWD, target, CWD, path, AtFlags::empty()))?;
        Ok(Self { path, file: None })
    }

    /// Takes the place of what is there. Two names of one file can't replace each other: the temporary one goes then.
    pub(super) fn put(self, place: &Path) -> io::Result<()> {
        renameat(CWD, &self.path, CWD, place)?;
        sync(parent(place))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = unlinkat(CWD, &self.path, AtFlags::empty());
    }
}

/// Writes into a file that can't be replaced. Whoever reads it meanwhile sees half of it.
pub(super) fn in_place(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(CWD, place, flags, Mode::empty())?);
    file.write_all(bytes)?;
    Ok(fsync(&file)?)
}

/// Makes a directory, which is private until it has its attributes.
pub(super) fn directory(place: &Path, wanted: &Wanted) -> io::Result<()> {
    mkdirat(CWD, place, Mode::RWXU)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(CWD, place, flags, Mode::empty())?;
    if let Err(error) = to_file(&opened, wanted, None) {
        // Half a directory is no directory.
        let _ = unlinkat(CWD, place, AtFlags::REMOVEDIR);
        return Err(error);
    }
    sync(parent(place))
}

/// Removes what is no directory.
pub(super) fn unlink(place: &Path) -> io::Result<()> {
    fs::remove_file(place)?;
    sync(parent(place))
}

/// Has a directory's entries written to disk.
fn sync(directory: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = match openat(CWD, directory, flags, Mode::empty()) {
        // A directory that one may write but not read can't be synced, and the file is in its place already.
        Err(Errno::ACCESS) => return Ok(()),
        other => other?,
    };
    match fsync(&opened) {
        // Some file systems have no such thing.
        Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::ROFS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes something under a name beside `place` that nobody has taken. The name is hidden and ends in no suffix that the
/// directory's readers look for.
fn beside<T>(
    place: &Path,
    mut make: impl FnMut(&Path) -> rustix::io::Result<T>,
) -> io::Result<(PathBuf, T)> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(50).collect();
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = parent(place).join(format!(".{name}.{}-{number}.converge", process::id()));
        match make(&path) {
            Err(Errno::EXIST) => {}
            other => return Ok((path, other?)),
        }
    }
}
