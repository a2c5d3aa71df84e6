//! What is said of the machine that was measured on: enough to compare, and not which one it is.

use std::fs;

use anyhow::Result;

use crate::fleet::place::workspace;
use crate::process::Run;
use crate::reference::PACKAGES;

/// Today, as `2026-11-21`.
pub(crate) fn date() -> Result<String> {
    Ok(Run::new("date").args(["-u", "+%F"]).output()?.trim().to_owned())
}

/// The machine's kind, as `2-cores-linux-6.1`.
pub(crate) fn name() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let version: Vec<&str> = release.split(['.', '-']).take(2).collect();
    Ok(format!("{cores}-cores-linux-{}", version.join(".")))
}

/// A paragraph on what was measured, with which versions and how busy the machine was.
pub(crate) fn about(rounds: usize) -> Result<String> {
    let commit =
        Run::new("git").args(["describe", "--always", "--dirty"]).dir(workspace()).output()?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let ssh = String::from_utf8_lossy(&Run::new("ssh").arg("-V").finish()?.stderr).into_owned();
    let ssh = ssh.split([',', ' ']).next().unwrap_or_default().to_owned();
    let versions = PACKAGES.map(|(name, version)| format!("{name} {version}")).join(", ");
    Ok(format!(
        "{date}, {name}, load {load} at the end; {rounds} rounds, all tools in turn on the same hosts in each.\n\
         converge {commit}, {versions}, {ssh}.\n\n\
         What is measured is a run that finds everything done: from the start of the tool to its end, on this machine, with hosts\n\
         that are containers on it, each behind a relay that counts and delays. `ssh` is a shell script that ssh carries. converge\n\
         is `warm` where its helper is on the host, `cold` where it must be sent, and `plan` where it only plans. ansible has pipelining, one connection for a\n\
         run, and its default number of forks; mitogen is its strategy in the same ansible. Exchanges are the longest chain of\n\
         bytes that had to wait for an answer, with the handshakes of SSH. Peak memory is that of the largest process here, and on the\n\
         host that of converge's helper.\n\
         Before, each tool had to do the job from nothing on a fresh host; what a host must look like was looked at by a shell\n\
         script of its own, then and after each run.",
        date = date()?,
        name = name()?,
        load = load.join(" "),
        commit = commit.trim(),
    ))
}
