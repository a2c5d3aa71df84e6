//! A helper that only looks, for whoever may see everything on a host and change nothing.
//!
//! sudo starts it as root by one exact command line, so that sudoers(5) can allow that line and no other (`converge drift
//! --sudoers` prints it). Before it reads a word of whoever started it, it becomes that user again and keeps one right of root: to read
//! files and search folders, whatever their modes say. The kernel holds it to that, whatever it is asked; the programs that it
//! asks run without that right, too. It performs nothing, runs no command of a project, and starts no helper of anybody else.

use std::env;
use std::io::{self, BufRead, Read as _};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Gid, Uid, geteuid, getuid, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
    set_keep_capabilities, set_no_new_privs, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};

use crate::blob::Digest;
use crate::host::real::Real;
use crate::host::{Host as _, User};
use crate::stop::{Stop, Why};

/// The only argument of a helper that only looks.
pub const FLAG: &str = "--look";

/// The folder that such helpers are installed in, each under its digest. Nobody but root may write there.
pub const FOLDER: &str = "/usr/local/lib/converge";

/// Who nobody is, where root itself starts one.
const NOBODY: u32 = 65534;

/// The longest name of a user, with the end of its line.
const LONGEST: u64 = 256;

/// What is kept of root's rights.
const KEPT: CapabilitySet = CapabilitySet::DAC_READ_SEARCH;

/// Where a helper that only looks is installed.
pub fn place(digest: Digest) -> PathBuf {
    Path::new(FOLDER).join(digest.hex())
}

/// Gives up everything but reading, and then reads the line that names the user as whom things are to be seen: tasks of that
/// user are planned, and no right comes with it.
pub fn begin(input: &mut impl BufRead) -> io::Result<Real> {
    give_up()?;
    let mut line = String::new();
    input.take(LONGEST).read_line(&mut line)?;
    let name = line.strip_suffix('\n').unwrap_or_default();
    let machine = Real::new();
    let user: Option<User> = machine.user(name).ok().flatten();
    let user = user.ok_or_else(|| io::Error::other(format!("user `{name}` does not exist")))?;
    Ok(machine.looking(user))
}

/// The answer to whoever wants something done.
pub(crate) fn refusal() -> Stop {
    Stop::failed("nothing is done: this helper only looks")
}

/// Why it can't be told what a command of the project says that changes nothing.
pub(crate) fn not_run(module: &str) -> Why {
    Why(format!("`{module}`, which a helper that only looks does not run"))
}

/// Becomes whoever called sudo, with [`KEPT`] and nothing else. This process must have no other thread yet.
fn give_up() -> io::Result<()> {
    // Nothing that is started from here gains anything by being set-user-id.
    set_no_new_privs(true)?;
    if !geteuid().is_root() {
        // It sees what its user sees.
        return Ok(());
    }
    let (uid, gid) = (caller("SUDO_UID"), caller("SUDO_GID"));
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    set_keep_capabilities(true)?;
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    let sets =
        CapabilitySets { effective: KEPT, permitted: KEPT, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets)?;
    set_keep_capabilities(false)?;
    match clear_ambient_capability_set() {
        // Linux before 4.3 has none.
        Ok(()) | Err(Errno::INVAL) => {}
        Err(error) => return Err(error.into()),
    }
    // What it has read is nobody else's to look at, its user's neither.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    if capabilities(None)? != sets || getuid().is_root() || geteuid().is_root() {
        return Err(io::Error::other("the kernel did not take the rights of root away"));
    }
    Ok(())
}

/// The number that sudo says its caller has; nobody's, where that is root or nobody says.
fn caller(variable: &str) -> u32 {
    let number = env::var(variable).ok().and_then(|text| text.parse().ok());
    number.filter(|number| *number != 0 && *number != u32::MAX).unwrap_or(NOBODY)
}

#[cfg(test)]
mod tests {
    use super::{FOLDER, place};
    use crate::blob::Digest;

    #[test]
    fn it_is_installed_under_its_digest() {
        let place = place(Digest::of(b"x")).display().to_string();
        assert!(place.starts_with(&format!("{FOLDER}/2d711642")), "{place}");
        assert_eq!(place.len(), FOLDER.len() + 1 + 64);
    }
}
