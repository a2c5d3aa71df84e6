//! Reading the file system.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, Mode, OFlags, ioctl_getflags, openat};
use sha2::{Digest as _, Sha256};

use crate::blob::{Blob, Digest, INLINE_LIMIT};
use crate::checksum::Algorithm;
use crate::host::real::accounts::Accounts;
use crate::host::{Look, Node, NodeKind, Special};
use crate::stop::{Result, Stop};

/// A failure of the operating system, said with what was tried.
pub(crate) fn refused(what: &str, path: &Path, error: &io::Error) -> Stop {
    Stop::failed(format!("can't {what} `{}`: {}", path.display(), plain(error)))
}

/// The words of the operating system without Rust's "(os error 2)".
pub(crate) fn plain(error: &io::Error) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// What stands at a path; a part of it that is no directory means that nothing does.
pub(crate) fn look(path: &Path, accounts: &mut Accounts, selinux: bool) -> Result<Look> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Look::Absent);
        }
        Err(error) => return Err(refused("look at", path, &error)),
    };
    let kind = meta.file_type();
    let kind = if kind.is_file() {
        NodeKind::File
    } else if kind.is_dir() {
        NodeKind::Dir
    } else if kind.is_symlink() {
        NodeKind::Link(fs::read_link(path).map_err(|error| refused("read", path, &error))?)
    } else if kind.is_char_device() {
        NodeKind::Special(Special::CharDevice)
    } else if kind.is_block_device() {
        NodeKind::Special(Special::BlockDevice)
    } else if kind.is_fifo() {
        NodeKind::Special(Special::Fifo)
    } else {
        NodeKind::Special(Special::Socket)
    };
    Ok(Look::Is(Node {
        kind,
        mode: meta.mode() & 0o7777,
        owner: accounts.owner(meta.uid()),
        group: accounts.owning_group(meta.gid()),
        size: meta.len(),
        modified: time(meta.mtime(), meta.mtime_nsec()),
        accessed: time(meta.atime(), meta.atime_nsec()),
        changed: time(meta.ctime(), meta.ctime_nsec()),
        inode: meta.ino(),
        device: meta.dev(),
        links: meta.nlink(),
        blocks: meta.blocks(),
        block_size: meta.blksize(),
        stands_for: meta.rdev(),
        selinux: if selinux { context(path) } else { None },
    }))
}

/// The content of a regular file. Anything else is refused, since reading a pipe or a device may never end.
pub(crate) fn content(path: &Path) -> Result<Blob> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        let kind = fs::metadata(path)?;
        if !kind.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(kind.len() as usize + 1);
        File::open(path)?.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    match read() {
        Ok(Some(bytes)) => Ok(Blob::new(bytes)),
        Ok(None) => {
            Err(Stop::failed(format!("can't read `{}`: it is no regular file", path.display())))
        }
        Err(error) => Err(refused("read", path, &error)),
    }
}

/// The same, where the bytes of a large file are read for their digest only.
pub(crate) fn fingerprint(path: &Path) -> Result<Blob> {
    let size = fs::metadata(path).map_or(0, |meta| meta.len());
    if size <= INLINE_LIMIT {
        return content(path);
    }
    let read = || -> io::Result<Blob> {
        let (mut file, mut hash, mut size) = (File::open(path)?, Sha256::new(), 0);
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    hash.update(&buffer[..length]);
                    size += length as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Blob { digest: Digest(hash.finalize().into()), size, bytes: None })
    };
    read().map_err(|error| refused("read", path, &error))
}

/// A checksum of a regular file.
pub(crate) fn checksum(path: &Path, algorithm: Algorithm) -> Result<String> {
    let read = || File::open(path).and_then(|file| algorithm.of_reader(file));
    match fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            Err(Stop::failed(format!("can't read `{}`: it is no regular file", path.display())))
        }
        _ => read().map_err(|error| refused("read", path, &error)),
    }
}

/// The names in a directory, sorted.
pub(crate) fn list(path: &Path) -> Result<Vec<String>> {
    let read = || -> io::Result<Vec<String>> {
        fs::read_dir(path)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    };
    let mut names = read().map_err(|error| refused("list", path, &error))?;
    names.sort_unstable();
    Ok(names)
}

/// The inode flags of ioctl_iflags(2), for what can have them.
pub(crate) fn flags(path: &Path) -> Option<u32> {
    let meta = fs::symlink_metadata(path).ok()?;
    if !meta.is_file() && !meta.is_dir() {
        return None;
    }
    let how = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(CWD, path, how, Mode::empty()).ok()?;
    ioctl_getflags(file).ok().map(|flags| flags.bits())
}

/// The SELinux context of what stands at a path, as the kernel keeps it: with a zero byte at its end.
fn context(path: &Path) -> Option<String> {
    let mut buffer = [0_u8; 512];
    let length = rustix::fs::lgetxattr(path, "security.selinux", &mut buffer[..]).ok()?;
    let text = std::str::from_utf8(&buffer[..length]).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

fn time(seconds: i64, nanoseconds: i64) -> SystemTime {
    let nanoseconds = Duration::from_nanos(nanoseconds.unsigned_abs());
    match u64::try_from(seconds) {
        Ok(seconds) => UNIX_EPOCH + Duration::from_secs(seconds) + nanoseconds,
        Err(_) => UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()) + nanoseconds,
    }
}
