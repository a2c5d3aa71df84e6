//! Copies of files that are about to be replaced.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::change::file::attributes::{Wanted, to_file};
use crate::host::real::Real;
use crate::host::{Host, Node};

/// Copies a file beside itself, named as Ansible names backups: `path.PID.YYYY-MM-DD@HH:MM:SS~`.
pub(super) fn keep(path: &Path, node: &Node, real: &Real) -> io::Result<PathBuf> {
    let stamp = real.clock().stamp(SystemTime::now()).replace(' ', "@");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.{}~", process::id(), &stamp[..19]));
    let backup = PathBuf::from(name);
    let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut from = File::from(openat(CWD, path, read, Mode::empty())?);
    let write =
        OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut to = File::from(openat(CWD, &backup, write, Mode::RUSR | Mode::WUSR)?);
    let wanted = Wanted {
        mode: Some(node.mode),
        owner: node.owner.id,
        group: node.group.id,
        selinux: node.selinux.clone(),
        times: Some((node.accessed, node.modified)),
    };
    let copied =
        io::copy(&mut from, &mut to).and_then(|_| to_file(&to.into(), &wanted, Some(node)));
    if let Err(error) = copied {
        std::fs::remove_file(&backup)?;
        return Err(error);
    }
    Ok(backup)
}
