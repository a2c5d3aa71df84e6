//! Mounting a stack of layers as one folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::Run;

/// Whether the upper layer of a mount has to outlive a crash of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlives {
    /// It is used again later.
    Crashes,
    /// It is thrown away anyhow: package managers, which wait for the disk after each file, wait for nothing.
    Nothing,
}

/// Mounts `layers` (the highest first) with `upper` above them at `root`. The folders `upper`, `work` and `root` are
/// made if they are missing; `work` belongs to the kernel and must lie beside `upper`.
pub fn mount(
    layers: &[PathBuf],
    upper: &Path,
    work: &Path,
    root: &Path,
    outlives: Outlives,
) -> Result<()> {
    for dir in [upper, work, root] {
        fs::create_dir_all(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    }
    forget_volatile(work)?;
    let lower: Vec<String> = layers.iter().map(|layer| layer.display().to_string()).collect();
    // Without metacopy a changed file is in the upper layer with its content; without index an upper layer may be used
    // again above rebuilt layers.
    let options = format!(
        "lowerdir={},upperdir={},workdir={},metacopy=off,index=off",
        lower.join(":"),
        upper.display(),
        work.display()
    );
    let lay = |options: &str| {
        Run::new("mount").args(["-t", "overlay", "-o", options, "overlay"]).arg(root).run()
    };
    let mounted = match outlives {
        Outlives::Crashes => lay(&options),
        // Kernels before 5.10 do not know the option.
        Outlives::Nothing => lay(&format!("{options},volatile")).or_else(|_| lay(&options)),
    };
    mounted
        .context("cannot lay the root's layers over each other; if the file system here cannot carry overlays, set CONVERGE_FLEET_DIR to a folder on one that can")
}

/// Removes what a volatile mount leaves to be refused by the next: after a crash of the machine its upper layer could not be trusted.
fn forget_volatile(work: &Path) -> Result<()> {
    match fs::remove_dir_all(work.join("work/incompat")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot clear `{}`", work.display()))
        }
        _ => Ok(()),
    }
}

/// Unmounts `root` if it is mounted, waiting a while for those who still look into it.
pub fn unmount(root: &Path) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_mounted(root)? {
        match Run::new("umount").arg(root).run() {
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => sleep(Duration::from_millis(50)),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Unmounts whatever is mounted in `dir` or below it, the last mounted first.
pub fn unmount_below(dir: &Path) -> Result<()> {
    let mounted = mount_points()?;
    mounted.iter().rev().filter(|point| point.starts_with(dir)).try_for_each(|point| unmount(point))
}

fn is_mounted(root: &Path) -> Result<bool> {
    Ok(mount_points()?.iter().any(|point| point == root))
}

/// The folders that something is mounted on, in the order in which it was; see proc_pid_mounts(5) and fstab(5).
fn mount_points() -> Result<Vec<PathBuf>> {
    let mounts =
        fs::read_to_string("/proc/self/mounts").context("cannot read the list of mounts")?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    // A blank is written as an octal escape there.
    Ok(points.map(|point| PathBuf::from(point.replace("\\040", " "))).collect())
}
