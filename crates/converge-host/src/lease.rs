//! The lease: one run at a time changes a host.
//!
//! It is taken right before the first change, so plans and runs with nothing to do need none, and it is a lock that the kernel
//! keeps (flock(2)) for as long as the helper lives: whoever crashed, was killed or lost the connection holds nothing any more,
//! and nobody has to guess whether they are dead. The file only says who holds it. Every user of the host that changes it has a
//! lease of their own; whoever becomes root shares root's.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use crate::host::User;
use crate::wire::{Holder, helper_folder};

/// Where root's lease is; it is gone with the next boot, as all who held it.
const OF_ROOT: &str = "/run/converge";

/// The name of the file.
const FILE: &str = "lease";

/// The lease of one user on this machine.
#[derive(Debug, Default)]
pub struct Lease {
    /// On whose behalf changes are made; none where nobody said, and no lease is needed.
    holder: Option<Holder>,
    /// The locked file, once the lease is taken.
    taken: Option<File>,
}

/// What came of asking for the lease.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// Changes may be made.
    Ours,
    /// Somebody else makes changes.
    Theirs(Holder),
    /// The file can't be kept here, and why; nobody is kept away then.
    Nowhere(String),
}

impl Lease {
    /// From now on changes are made on behalf of this run.
    pub fn of(&mut self, holder: Holder) {
        if self.holder.as_ref() != Some(&holder) {
            *self = Self { holder: Some(holder), taken: None };
        }
    }

    /// Takes the lease, where it is not taken yet.
    pub fn take(&mut self, user: &User) -> Asked {
        let folder = match user.uid {
            Some(0) => PathBuf::from(OF_ROOT),
            _ => helper_folder(&user.home),
        };
        self.take_in(&folder)
    }

    fn take_in(&mut self, folder: &Path) -> Asked {
        let Some(holder) = self.holder.as_ref().filter(|_| self.taken.is_none()) else {
            return Asked::Ours;
        };
        let opened = open(folder).and_then(|mut file| {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    note(&mut file, holder)?;
                    Ok((Asked::Ours, Some(file)))
                }
                Err(Errno::WOULDBLOCK) => Ok((theirs(&mut file, holder)?, None)),
                Err(error) => Err(error.into()),
            }
        });
        match opened {
            Ok((asked, file)) => {
                self.taken = file;
                asked
            }
            Err(error) => Asked::Nowhere(format!("{}: {error}", folder.join(FILE).display())),
        }
    }
}

/// The file, made where it is not there; never through a link.
fn open(folder: &Path) -> std::io::Result<File> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(folder.join(FILE))
}

/// Writes down who holds it.
fn note(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}\n{}\n{}", holder.run, holder.who, holder.since)
}

/// Who holds it, unless that is another helper of the same run: one machine may have several names in an inventory.
fn theirs(file: &mut File, own: &Holder) -> std::io::Result<Asked> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mut lines = text.lines().map(ToOwned::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    let holder = Holder { run: next(), who: next(), since: next() };
    Ok(if holder.run == own.run { Asked::Ours } else { Asked::Theirs(holder) })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Asked, FILE, Lease};
    use crate::wire::Holder;

    fn holder(run: &str) -> Holder {
        Holder { run: run.into(), who: "ann@desk".into(), since: "now".into() }
    }

    fn lease(run: &str) -> Lease {
        let mut lease = Lease::default();
        lease.of(holder(run));
        lease
    }

    #[test]
    fn one_run_at_a_time_has_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("made");
        let mut first = lease("a");
        assert_eq!(first.take_in(&folder), Asked::Ours);
        assert_eq!(first.take_in(&folder), Asked::Ours, "it is kept");
        first.of(holder("a"));
        assert_eq!(lease("b").take_in(&folder), Asked::Theirs(holder("a")));
        assert_eq!(lease("a").take_in(&folder), Asked::Ours, "the same run by another name");
        drop(first);
        assert_eq!(lease("b").take_in(&folder), Asked::Ours, "who is gone holds nothing");
        assert_eq!(Lease::default().take_in(&folder), Asked::Ours, "nobody said who");
    }

    #[test]
    fn links_are_not_followed_and_a_missing_home_keeps_nobody_away() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, root.path().join(FILE)).unwrap();
        assert!(matches!(lease("a").take_in(root.path()), Asked::Nowhere(_)));
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        assert!(matches!(lease("a").take_in(&root.path().join("no/where")), Asked::Nowhere(_)));
    }
}
