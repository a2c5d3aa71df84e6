//! Removing a directory with all that is in it.
//!
//! Every step is relative to an open directory and follows no symbolic link, so that nobody who may write below the directory
//! can make us remove something elsewhere while we are at it.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

const OPEN_DIR: OFlags =
    OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::RDONLY);

/// Removes a directory and everything below it.
pub(super) fn tree(path: &Path) -> io::Result<()> {
    let parent = super::write::parent(path);
    let Some(name) = path.file_name() else {
        return Err(io::Error::other("it has no name of its own"));
    };
    let parent = openat(CWD, parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    below(parent.as_fd(), &CString::new(name.as_encoded_bytes())?)
}

/// How much is in a directory, at any depth.
pub(super) fn count(path: &Path) -> io::Result<u64> {
    let mut all = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        all += 1;
        if entry.file_type()?.is_dir() {
            all += count(&entry.path())?;
        }
    }
    Ok(all)
}

fn below(parent: BorrowedFd<'_>, name: &CString) -> io::Result<()> {
    let dir = openat(parent, name, OPEN_DIR, Mode::empty())?;
    let mut entries = Vec::new();
    for entry in Dir::read_from(&dir)? {
        let entry = entry?;
        let name = entry.file_name().to_owned();
        if name.as_bytes() != b"." && name.as_bytes() != b".." {
            entries.push((name, entry.file_type()));
        }
    }
    for (name, kind) in entries {
        if kind == FileType::Directory {
            below(dir.as_fd(), &name)?;
            continue;
        }
        match unlinkat(&dir, &name, AtFlags::empty()) {
            // A file system that does not tell the type of its entries.
            Err(Errno::ISDIR) => below(dir.as_fd(), &name)?,
            Err(Errno::NOENT) | Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{count, tree};

    #[test]
    fn a_tree_goes_and_what_its_links_point_to_stays() {
        let root = tempfile::tempdir().unwrap();
        let (keep, go) = (root.path().join("keep"), root.path().join("go"));
        fs::create_dir_all(go.join("a/b")).unwrap();
        fs::create_dir(&keep).unwrap();
        fs::write(keep.join("file"), "x").unwrap();
        fs::write(go.join("a/b/file"), "x").unwrap();
        symlink(&keep, go.join("a/link")).unwrap();
        assert_eq!(count(&go).unwrap(), 4);
        tree(&go).unwrap();
        assert!(!go.exists() && keep.join("file").exists());
        symlink(&keep, &go).unwrap();
        assert!(tree(&go).is_err(), "a link is no directory");
        assert!(keep.join("file").exists());
    }
}
