//! Permission bits, owner, group, SELinux context and times.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, CWD, Gid, IFlags, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, chmodat,
    chownat, fchmod, fchown, fsetxattr, fstat, ioctl_getflags, ioctl_setflags, lsetxattr, openat,
    utimensat,
};
use rustix::io::Errno;

use crate::change::file::FileState;
use crate::change::file::label::is_whole;
use crate::host::real::Real;
use crate::host::{Host, Node, NodeKind, Principal};
use crate::stop::{Result, Stop};

/// The attributes of a state with the numbers that the kernel takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub(super) mode: Option<u32>,
    pub(super) owner: Option<u32>,
    pub(super) group: Option<u32>,
    /// A whole context; what is left to the policy is given afterwards.
    pub(super) selinux: Option<String>,
    pub(super) times: Option<(SystemTime, SystemTime)>,
}

impl Wanted {
    /// Looks up the numbers of names that were not known when the change was planned.
    pub(super) fn of(state: &FileState, real: &Real) -> Result<Self> {
        let user = |one: &Principal| match one.id {
            Some(id) => Ok(id),
            None => real.user(&one.name)?.and_then(|user| user.uid).ok_or_else(|| {
                Stop::failed(format!("there is no user `{}`, who should own a file", one.name))
            }),
        };
        let group = |one: &Principal| match one.id {
            Some(id) => Ok(id),
            None => real.group(&one.name)?.and_then(|group| group.gid).ok_or_else(|| {
                Stop::failed(format!("there is no group `{}`, which should own a file", one.name))
            }),
        };
        Ok(Self {
            mode: state.mode,
            owner: state.owner.as_ref().map(user).transpose()?,
            group: state.group.as_ref().map(group).transpose()?,
            selinux: state.selinux.clone().filter(|context| is_whole(context)),
            times: state.times,
        })
    }

    /// Whether nothing is wanted.
    pub(super) fn is_nothing(&self) -> bool {
        self.mode.is_none()
            && self.owner.is_none()
            && self.group.is_none()
            && self.selinux.is_none()
            && self.times.is_none()
    }

    /// The same without what the node has already.
    pub(super) fn unlike(mut self, node: &Node) -> Self {
        let same_owner = self.owner == node.owner.id;
        let same_group = self.group == node.group.id;
        self.owner = self.owner.filter(|_| !same_owner);
        self.group = self.group.filter(|_| !same_group);
        // A change of the owner clears setuid and setgid, so the mode has to be set again.
        let chowned = self.owner.is_some() || self.group.is_some();
        self.mode = self.mode.filter(|mode| *mode != node.mode || chowned && mode & 0o6000 != 0);
        self.selinux = self.selinux.filter(|context| Some(context) != node.selinux.as_ref());
        self
    }
}

/// Sets inode flags. A file that they make immutable can't be changed any more, so they come last.
pub(super) fn set_flags(path: &Path, flags: u32) -> io::Result<()> {
    let how = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(CWD, path, how, Mode::empty())?;
    if ioctl_getflags(&file)?.bits() != flags {
        ioctl_setflags(&file, IFlags::from_bits_retain(flags))?;
    }
    Ok(())
}

/// Gives a file that is still private its attributes. `kept` is the owner and group that it merely keeps: a user who may not
/// give files away can't keep those of others either.
pub(super) fn to_file(file: &OwnedFd, wanted: &Wanted, kept: Option<&Node>) -> io::Result<()> {
    if let Some(context) = &wanted.selinux {
        fsetxattr(file, "security.selinux", &zero_ended(context), XattrFlags::empty())?;
    }
    let now = fstat(file)?;
    let owner = wanted.owner.filter(|owner| *owner != now.st_uid);
    let group = wanted.group.filter(|group| *group != now.st_gid);
    let refused =
        |error, keeps: bool| if keeps && error == Errno::PERM { Ok(()) } else { Err(error) };
    if let Some(owner) = owner {
        fchown(file, Some(Uid::from_raw(owner)), None).or_else(|error| {
            refused(error, kept.is_some_and(|node| node.owner.id == Some(owner)))
        })?;
    }
    if let Some(group) = group {
        fchown(file, None, Some(Gid::from_raw(group))).or_else(|error| {
            refused(error, kept.is_some_and(|node| node.group.id == Some(group)))
        })?;
    }
    if let Some(mode) = wanted.mode {
        fchmod(file, Mode::from_raw_mode(mode))?;
    }
    if let Some(times) = wanted.times {
        rustix::fs::futimens(file, &timestamps(times))?;
    }
    Ok(())
}

/// Changes the attributes of what stands at a path. A symbolic link is not followed, also not one that somebody puts there in
/// the meantime.
pub(super) fn to_path(path: &Path, kind: &NodeKind, wanted: &Wanted) -> io::Result<()> {
    let node = openat(CWD, path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let is_link = fstat(&node)?.st_mode & 0o170_000 == 0o120_000;
    if is_link != matches!(kind, NodeKind::Link(_)) {
        return Err(io::Error::other("it was replaced while it was changed"));
    }
    if wanted.owner.is_some() || wanted.group.is_some() {
        let (owner, group) = (wanted.owner.map(Uid::from_raw), wanted.group.map(Gid::from_raw));
        chownat(&node, "", owner, group, AtFlags::EMPTY_PATH)?;
    }
    if let (Some(mode), false) = (wanted.mode, is_link) {
        // An `O_PATH` file takes no `fchmod`; its name below /proc stands for the file itself.
        let itself = format!("/proc/self/fd/{}", node.as_fd().as_raw_fd());
        match chmodat(CWD, &itself, Mode::from_raw_mode(mode), AtFlags::empty()) {
            Err(Errno::NOENT) => chmodat(CWD, path, Mode::from_raw_mode(mode), AtFlags::empty())?,
            other => other?,
        }
    }
    if let Some(context) = &wanted.selinux {
        lsetxattr(path, "security.selinux", &zero_ended(context), XattrFlags::empty())?;
    }
    if let Some(times) = wanted.times {
        utimensat(CWD, path, &timestamps(times), AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

fn zero_ended(context: &str) -> Vec<u8> {
    [context.as_bytes(), b"\0"].concat()
}

fn timestamps((access, modification): (SystemTime, SystemTime)) -> Timestamps {
    Timestamps { last_access: timespec(access), last_modification: timespec(modification) }
}

fn timespec(time: SystemTime) -> Timespec {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Timespec {
            tv_sec: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: since.subsec_nanos().into(),
        },
        Err(before) => {
            let before = before.duration();
            let (seconds, nanoseconds) = (before.as_secs(), i64::from(before.subsec_nanos()));
            let borrow = i64::from(nanoseconds > 0);
            let seconds = -i64::try_from(seconds).unwrap_or(i64::MAX) - borrow;
            Timespec { tv_sec: seconds, tv_nsec: (borrow * 1_000_000_000 - nanoseconds) as _ }
        }
    }
}
