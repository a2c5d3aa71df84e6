//! Reading the file system.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, ioctl_getflags, openat};
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

/// Opens a regular file; none where something else stands there. That is not even opened: reading a pipe may never end, and a
/// device may do something as soon as it is opened. What is read is what was looked at, wherever the path leads by then.
pub(crate) fn regular(path: &Path) -> io::Result<Option<File>> {
    let seen = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    if FileType::from_raw_mode(fstat(&seen)?.st_mode) != FileType::RegularFile {
        return Ok(None);
    }
    again(&seen, path).map(Some)
}

/// Opens what was looked at for reading. Where there is no proc(5) there is only its path to open it by.
fn again(seen: &OwnedFd, path: &Path) -> io::Result<File> {
    let by_number = format!("/proc/self/fd/{}", seen.as_raw_fd());
    match File::open(by_number) {
        Err(error) if error.kind() == ErrorKind::NotFound => File::open(path),
        other => other,
    }
}

/// The content of a regular file. Anything else is refused.
pub(crate) fn content(path: &Path) -> Result<Blob> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = regular(path)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(file.metadata()?.len() as usize + 1);
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    match read() {
        Ok(Some(bytes)) => Ok(Blob::new(bytes)),
        Ok(None) => Err(irregular(path)),
        Err(error) => Err(refused("read", path, &error)),
    }
}

fn irregular(path: &Path) -> Stop {
    Stop::failed(format!("can't read `{}`: it is no regular file", path.display()))
}

/// The same, where the bytes of a large file are read for their digest only.
pub(crate) fn fingerprint(path: &Path) -> Result<Blob> {
    let size = fs::metadata(path).map_or(0, |meta| meta.len());
    if size <= INLINE_LIMIT {
        return content(path);
    }
    let read = || -> io::Result<Option<Blob>> {
        let Some(mut file) = regular(path)? else { return Ok(None) };
        let (mut hash, mut size) = (Sha256::new(), 0);
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
        Ok(Some(Blob { digest: Digest(hash.finalize().into()), size, bytes: None }))
    };
    read().map_err(|error| refused("read", path, &error))?.ok_or_else(|| irregular(path))
}

/// A checksum of a regular file.
pub(crate) fn checksum(path: &Path, algorithm: Algorithm) -> Result<String> {
    let read = || regular(path)?.map(|file| algorithm.of_reader(file)).transpose();
    read().map_err(|error| refused("read", path, &error))?.ok_or_else(|| irregular(path))
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
    let how = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let seen = openat(CWD, path, how, Mode::empty()).ok()?;
    match FileType::from_raw_mode(fstat(&seen).ok()?.st_mode) {
        FileType::RegularFile | FileType::Directory => {}
        _ => return None,
    }
    ioctl_getflags(again(&seen, path).ok()?).ok().map(|flags| flags.bits())
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
