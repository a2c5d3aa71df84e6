//! Booting a root as a host with its own systemd, and taking it down to the last trace.

use std::fs::{self, File};
use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::fleet::cgroup;
use crate::fleet::host::{Host, Process};
use crate::fleet::network::Network;
use crate::fleet::overlay::{self, Outlives};

/// Enters the cgroups given before `--`, then runs what comes after it, again whenever it ends with status 133: so
/// systemd-nspawn with --keep-unit says that the host rebooted.
const KEEPER: &str = r#"
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 1; shift; done
shift
while :; do
  "$@"
  status=$?
  [ $status -eq 133 ] || exit $status
done
"#;

/// Boots the host, whose layers and cgroups are ready: mounts its root, plugs it in and starts its systemd.
///
/// Returns at once. The host's `process` is set.
pub fn start(host: &mut Host, network: Network) -> Result<()> {
    let work = beside(host, "work")?;
    overlay::mount(&host.layers, &host.upper, &work, &host.root, Outlives::Nothing)?;
    network.attach(host.index, &host.name)?;
    host.cgroups = cgroup::make(&network.namespace(&host.name))?;
    let console = beside(host, "console.log")?;
    let log =
        File::create(&console).with_context(|| format!("cannot write `{}`", console.display()))?;
    // A session of its own, because the host must not end with the terminal that it was started from.
    let child = Command::new("setsid")
        .args(["sh", "-c", KEEPER, "converge-fleet"])
        .args(&host.cgroups)
        .args([
            "--",
            "systemd-nspawn",
            "--quiet",
            "--boot",
            "--register=no",
            "--keep-unit",
            "--console=pipe",
            // A firewall, and what the kernel can be told of the network, are the host's own: its network is.
            "--capability=CAP_NET_ADMIN",
        ])
        .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "network")
        .args(["--resolv-conf=off", "--timezone=off", "--link-journal=no"])
        .arg(format!("--machine={}", network.namespace(&host.name)))
        .arg(format!("--hostname={}", host.name))
        .arg(format!("--network-namespace-path={}", network.namespace_path(&host.name).display()))
        .arg("--directory")
        .arg(&host.root)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start systemd-nspawn")?;
    host.process = Process::of(child.id());
    // Nobody waits for it here: it outlives this program, and `stop` reaps it if it does not.
    reap_later(child);
    if host.process.is_none() {
        bail!("`{}` ended at once:\n{}", host.name, console_tail(host));
    }
    Ok(())
}

/// Waits until the host's systemd has started everything and root can log in over IPv4 and IPv6.
pub fn wait_ready(host: &Host, deadline: Instant) -> Result<()> {
    for address in [SocketAddr::from((host.ipv4, 22)), SocketAddr::from((host.ipv6, 22))] {
        while !greets(address) {
            check(host, deadline, &format!("sshd does not answer on {address}"))?;
            sleep(Duration::from_millis(50));
        }
    }
    loop {
        let output = host.ssh("systemctl is-system-running --wait")?;
        let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match state.as_str() {
            "running" => return Ok(()),
            "degraded" => {
                let failed = host.ssh_ok("systemctl --failed --no-legend --plain")?;
                bail!("on `{}` these units failed to start:\n{failed}", host.name);
            }
            _ => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                check(host, deadline, &format!("systemd says `{state}` ({})", stderr.trim()))?;
                sleep(Duration::from_millis(200));
            }
        }
    }
}

/// Ends the host's processes and removes its mount, namespace and cgroups. Doing it twice is fine.
pub fn stop(host: &Host, network: Network) -> Result<()> {
    // A process that waits for a busy disk ends when that has answered.
    let soon = Instant::now() + Duration::from_secs(90);
    // The payload first: systemd-nspawn then cleans up after itself and ends, and its keeper with it.
    cgroup::kill(&host.cgroups, false, soon)?;
    let patience = Instant::now() + Duration::from_secs(5);
    while host.process.is_some_and(Process::alive) && Instant::now() < patience {
        sleep(Duration::from_millis(10));
    }
    cgroup::kill(&host.cgroups, true, soon + Duration::from_secs(20))?;
    overlay::unmount(&host.root)?;
    network.detach(host.index, &host.name)?;
    cgroup::remove(&host.cgroups)
}

/// The end of what the host's systemd wrote to its console.
pub fn console_tail(host: &Host) -> String {
    let text = beside(host, "console.log").and_then(|path| Ok(fs::read(path)?)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn check(host: &Host, deadline: Instant, what: &str) -> Result<()> {
    if !host.process.is_some_and(Process::alive) {
        bail!("`{}` ended while it booted; its console says:\n{}", host.name, console_tail(host));
    }
    if Instant::now() > deadline {
        bail!("`{}` is not up: {what}; its console says:\n{}", host.name, console_tail(host));
    }
    Ok(())
}

/// Whether an SSH server greets at this address; see RFC 4253 section 4.2.
fn greets(address: SocketAddr) -> bool {
    let second = Duration::from_secs(1);
    let greeting = || {
        let mut stream = TcpStream::connect_timeout(&address, second).ok()?;
        stream.set_read_timeout(Some(second)).ok()?;
        let mut start = [0; 4];
        stream.read_exact(&mut start).ok()?;
        Some(start)
    };
    greeting() == Some(*b"SSH-")
}

fn beside(host: &Host, name: &str) -> Result<std::path::PathBuf> {
    let dir = host.upper.parent().map(Path::to_owned);
    Ok(dir.with_context(|| format!("`{}` has no folder", host.name))?.join(name))
}

/// Reaps the child when it ends, if this program still runs then.
fn reap_later(mut child: std::process::Child) {
    std::thread::spawn(move || {
        // Its exit status tells nothing that the console does not.
        drop(child.wait());
    });
}
