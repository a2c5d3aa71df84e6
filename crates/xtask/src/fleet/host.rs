//! What is known of one running host.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::process::Output;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use crate::process::Run;

/// How many seconds one command on a host may take.
const PATIENCE: &str = "900";

/// What a host looks like from inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Debian 12 without Python.
    Debian,
    /// Looks like CentOS 7 to who configures it: os-release, rpm, yum and a package repository; no apt.
    Centos,
    /// Debian 12 with Python 3, for running ansible-core against as a reference.
    Python,
}

impl Kind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 3] = [Self::Debian, Self::Centos, Self::Python];

    /// The kind's name: also its inventory group, and the stem of its hosts' names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Centos => "centos",
            Self::Python => "python",
        }
    }
}

/// One host of a fleet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Host {
    /// Its name: what `ssh -F ssh_config NAME` takes, and its host name inside.
    pub name: String,
    /// What it looks like from inside.
    pub kind: Kind,
    /// Its IPv4 address.
    pub ipv4: Ipv4Addr,
    /// Its IPv6 address.
    pub ipv6: Ipv6Addr,
    /// The private key that opens it for `root`, `admin` and `deploy`.
    pub ssh_key: PathBuf,
    /// The file with its host keys.
    pub known_hosts: PathBuf,
    /// The client configuration that knows it.
    pub ssh_config: PathBuf,
    /// The upper layer of its root: exactly what was written since it was made.
    pub upper: PathBuf,
    /// The read-only layers below, the highest first.
    pub layers: Vec<PathBuf>,
    /// Its root folder as mounted on this machine.
    pub root: PathBuf,
    /// The number that its addresses are made of.
    pub index: u16,
    /// The cgroup folders made for it.
    pub cgroups: Vec<PathBuf>,
    /// The process that runs it, and when that started (clock ticks after boot, as /proc/PID/stat says).
    pub process: Option<Process>,
    /// The process that will take it down; none when it stays until `fleet down`.
    pub owner: Option<Process>,
}

impl Host {
    /// Runs a command on the host as root, through the machine's own ssh.
    ///
    /// As with ssh itself, the words are joined by blanks and read by the shell of the host. It fails, with the exit status 124, where it
    /// takes longer than anything here does: a mirror that leaves a connection open and says nothing would be waited for without end.
    pub fn ssh(&self, command: &str) -> Result<Output> {
        Run::new("timeout")
            .args([PATIENCE, "ssh", "-F"])
            .arg(&self.ssh_config)
            .args(["--", &self.name, command])
            .finish()
    }

    /// Runs a command on the host as root; it must succeed. Gives what it printed to stdout.
    pub fn ssh_ok(&self, command: &str) -> Result<String> {
        let output = self.ssh(command)?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            bail!("`{command}` failed on `{}` ({}):\n{stdout}{stderr}", self.name, output.status);
        }
        Ok(stdout)
    }
}

/// A process, named so that its number cannot come to mean another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks after boot.
    pub started: u64,
}

impl Process {
    /// The process with this number, if there is one that has not ended.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may itself hold blanks and parentheses; see proc_pid_stat(5).
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ended = matches!(*fields.first()?, "Z" | "X");
        let started = fields.get(19)?.parse().ok()?;
        (!ended).then_some(Self { pid, started })
    }

    /// This very process.
    pub fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Whether it still runs.
    pub fn alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::Command;

    use crate::fleet::host::Process;

    #[test]
    fn a_process_is_alive_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(process.alive());
        assert!(
            !Process { started: process.started + 1, ..process }.alive(),
            "a number used again is another process"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!process.alive());
    }
}
