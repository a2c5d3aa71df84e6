//! The lease: one run at a time changes a host.
//!
//! It is taken right before the first change, so plans and runs with nothing to do need none, and it is a lock that the kernel
//! keeps (flock(2)) for as long as the helper lives: whoever crashed, was killed or lost the connection holds nothing any more,
//! and nobody has to guess whether they are dead. The file only says who holds it. Every user of the host that changes it has a
//! lease of their own; whoever becomes root shares root's. Who is to be kept away for longer is kept by a [`Hold`].

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use crate::hold::{self, Hold};
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
    /// Somebody keeps others away.
    Held(Hold),
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

    /// Takes the lease, where it is not taken yet. Whom others are kept away for, or who shall end that, is `heeding` no hold.
    pub fn take(&mut self, user: &User, heeding: bool) -> Asked {
        let holds = if heeding { hold::files(user) } else { Vec::new() };
        self.take_in(&folder(user), &holds)
    }

    fn take_in(&mut self, folder: &Path, holds: &[PathBuf]) -> Asked {
        let Some(holder) = self.holder.as_ref() else { return Asked::Ours };
        // Also of who has the lease: a hold may have come with it.
        if let Some(hold) = holds.iter().find_map(|file| held(file, holder)) {
            return Asked::Held(hold);
        }
        if self.taken.is_some() {
            return Asked::Ours;
        }
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

fn folder(user: &User) -> PathBuf {
    match user.uid {
        Some(0) => PathBuf::from(OF_ROOT),
        _ => helper_folder(&user.home),
    }
}

/// The file that says who holds the lease of a user.
pub fn file(user: &User) -> PathBuf {
    folder(user).join(FILE)
}

/// Who keeps a holder away by this file, if anybody does.
fn held(file: &Path, holder: &Holder) -> Option<Hold> {
    let text = std::fs::read_to_string(file).ok()?;
    let written = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()?;
    let hold = Hold::read(&text);
    (hold.keeps_away(&holder.who) && hold.holds(written, SystemTime::now())).then_some(hold)
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
    let holder = holder(&text);
    Ok(if holder.run == own.run { Asked::Ours } else { Asked::Theirs(holder) })
}

/// Who holds it, as the file says.
pub fn holder(text: &str) -> Holder {
    let mut lines = text.lines().map(ToOwned::to_owned);
    let mut next = || lines.next().unwrap_or_default();
    Holder { run: next(), who: next(), since: next() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Asked, FILE, Lease};
    use crate::hold::Hold;
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
        let take = |lease: &mut Lease| lease.take_in(&folder, &[]);
        assert_eq!(take(&mut first), Asked::Ours);
        assert_eq!(take(&mut first), Asked::Ours, "it is kept");
        first.of(holder("a"));
        assert_eq!(take(&mut lease("b")), Asked::Theirs(holder("a")));
        assert_eq!(take(&mut lease("a")), Asked::Ours, "the same run by another name");
        drop(first);
        assert_eq!(take(&mut lease("b")), Asked::Ours, "who is gone holds nothing");
        assert_eq!(take(&mut Lease::default()), Asked::Ours, "nobody said who");
    }

    #[test]
    fn a_hold_keeps_others_away_until_it_runs_out() {
        let root = tempfile::tempdir().unwrap();
        let holds = [root.path().join("own"), root.path().join("hold")];
        let hold = |who: &str, lasts| {
            let holder = Holder { who: who.into(), ..holder("x") };
            Hold { holder, reason: "a new disk".into(), lasts }
        };
        let write = |hold: &Hold| std::fs::write(&holds[1], hold.text()).unwrap();
        let mut ours = lease("a");
        assert_eq!(ours.take_in(root.path(), &holds), Asked::Ours);
        let bobs = hold("bob@desk", None);
        write(&bobs);
        assert_eq!(ours.take_in(root.path(), &holds), Asked::Held(bobs.clone()));
        assert_eq!(ours.take_in(root.path(), &[]), Asked::Ours, "who ends it does not heed it");
        write(&hold("ann@desk", None));
        assert_eq!(ours.take_in(root.path(), &holds), Asked::Ours, "it is for us");
        write(&hold("bob@desk", Some(std::time::Duration::ZERO)));
        assert_eq!(ours.take_in(root.path(), &holds), Asked::Ours, "it has run out");
    }

    #[test]
    fn links_are_not_followed_and_a_missing_home_keeps_nobody_away() {
        let root = tempfile::tempdir().unwrap();
        let victim = root.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        symlink(&victim, root.path().join(FILE)).unwrap();
        assert!(matches!(lease("a").take_in(root.path(), &[]), Asked::Nowhere(_)));
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        let nowhere = root.path().join("no/where");
        assert!(matches!(lease("a").take_in(&nowhere, &[]), Asked::Nowhere(_)));
    }
}
