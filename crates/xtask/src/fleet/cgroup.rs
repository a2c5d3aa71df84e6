//! A cgroup of its own for each host, because the systemds of two hosts must not share one tree.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// Makes the folders of a host's cgroup: one in each hierarchy that systemd manages services in.
///
/// They lie below this process's own cgroup, so limits that hold for it hold for the host.
pub fn make(name: &str) -> Result<Vec<PathBuf>> {
    let own =
        fs::read_to_string("/proc/self/cgroup").context("cannot read this process's cgroup")?;
    let mut made = Vec::new();
    for parent in parents(&own, Path::new("/sys/fs/cgroup")) {
        let dir = parent.join(name);
        match fs::create_dir(&dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error)
                    .with_context(|| format!("cannot make the cgroup `{}`", dir.display()));
            }
            _ => made.push(dir),
        }
    }
    if made.is_empty() {
        bail!("this machine has no cgroup hierarchy that systemd could use under `/sys/fs/cgroup`");
    }
    Ok(made)
}

/// Ends every process in the payload of these cgroups (or, with `all`, in the whole of them) and waits until they are empty.
pub fn kill(cgroups: &[PathBuf], all: bool, deadline: Instant) -> Result<()> {
    loop {
        let mut left = Vec::new();
        for cgroup in cgroups {
            // systemd-nspawn keeps itself in `supervisor` and what runs in the host in `payload`.
            processes(&if all { cgroup.clone() } else { cgroup.join("payload") }, &mut left);
        }
        if left.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            left.sort_unstable();
            left.dedup();
            let left: Vec<String> = left.into_iter().map(told).collect();
            bail!("processes that were killed do not end: {}", left.join(", "));
        }
        for pid in left {
            if let Some(pid) = Pid::from_raw(pid) {
                // One that ended in between is what was wanted.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        sleep(Duration::from_millis(10));
    }
}

/// A process by its number, name and state: `D` waits for a disk, `Z` for whoever started it; see proc_pid_stat(5).
fn told(pid: i32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let name = stat.split_once('(').and_then(|(_, rest)| rest.split(')').next()).unwrap_or("?");
    format!("{pid} {name} ({})", rest.split_whitespace().next().unwrap_or("gone"))
}

/// Removes the folders of an empty cgroup.
pub fn remove(cgroups: &[PathBuf]) -> Result<()> {
    for cgroup in cgroups {
        let deadline = Instant::now() + Duration::from_secs(10);
        // A process that was just killed keeps its cgroup busy until it is reaped.
        while let Err(error) = remove_tree(cgroup) {
            if Instant::now() > deadline {
                return Err(error)
                    .with_context(|| format!("cannot remove the cgroup `{}`", cgroup.display()));
            }
            sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

/// The folders of the cgroup that `own` (the text of /proc/PID/cgroup, see cgroups(7)) names, where systemd may manage.
fn parents(own: &str, mount: &Path) -> Vec<PathBuf> {
    let lines = own.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let unified_only = mount.join("cgroup.procs").exists();
    lines
        .filter_map(|(controllers, path)| {
            let hierarchy = match controllers {
                "" if unified_only => mount.to_owned(),
                "" => mount.join("unified"),
                "name=systemd" => mount.join("systemd"),
                _ => return None,
            };
            hierarchy.is_dir().then(|| hierarchy.join(path.trim_start_matches('/')))
        })
        .collect()
}

fn processes(cgroup: &Path, found: &mut Vec<i32>) {
    let Ok(entries) = fs::read_dir(cgroup) else { return };
    if let Ok(text) = fs::read_to_string(cgroup.join("cgroup.procs")) {
        // Zero stands for a process that this one cannot see.
        found.extend(
            text.lines().filter_map(|line| line.parse::<i32>().ok()).filter(|pid| *pid > 0),
        );
    }
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            processes(&entry.path(), found);
        }
    }
}

fn remove_tree(cgroup: &Path) -> std::io::Result<()> {
    let entries = match fs::read_dir(cgroup) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(cgroup)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use crate::fleet::cgroup::parents;

    #[test]
    fn finds_the_hierarchies_of_each_layout() {
        let hybrid = "9:name=systemd:/a\n8:pids:/x\n4:memory:/m\n0::/b\n";
        let unified = "0::/user.slice/session.scope\n";
        for (folders, own, expected) in [
            (&["systemd", "unified", "pids"][..], hybrid, &["systemd/a", "unified/b"][..]),
            (&["systemd"], hybrid, &["systemd/a"]),
            (&["cgroup.procs"], unified, &["user.slice/session.scope"]),
        ] {
            let mount = tempfile::tempdir().unwrap();
            for folder in folders {
                fs::create_dir(mount.path().join(folder)).unwrap();
            }
            let expected: Vec<_> = expected.iter().map(|path| mount.path().join(path)).collect();
            assert_eq!(parents(own, mount.path()), expected, "{folders:?}");
        }
    }
}
