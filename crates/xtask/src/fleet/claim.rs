//! Which fleet owns which network of this machine, because several checkouts may each have a fleet here.
//!
//! The list is outside of any checkout, in `/run`, so that it ends with the machine's uptime as the networks do. It
//! also remembers the kernel settings as they were before the first fleet, and the last fleet puts them back.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::fleet::network::{Network, SLOTS};
use crate::say;

/// The list of claims on this machine.
const PATH: &str = "/run/converge-fleet.lock";

/// What the hosts need of the kernel: forwarding to reach the network, and enough watches for many systemds.
const SETTINGS: [(&str, u64); 2] =
    [("net/ipv4/ip_forward", 1), ("fs/inotify/max_user_instances", 8192)];

/// Who holds a network.
#[derive(Debug, Serialize, Deserialize)]
struct Claim {
    slot: u8,
    dir: PathBuf,
    pid: u32,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Claims {
    claims: Vec<Claim>,
    settings_before: BTreeMap<String, u64>,
}

/// Claims a network for the fleet in `dir` and brings it up. The same fleet gets the same one again.
pub fn take(dir: &Path) -> Result<Network> {
    edit(|claims| {
        // A claim without a bridge is one whose machine or owner went away half-way.
        claims.claims.retain(|claim| claim.dir == dir || Network::new(claim.slot).is_up());
        let slot = match claims.claims.iter().find(|claim| claim.dir == dir) {
            Some(own) => own.slot,
            None => {
                let slot = free_slot(claims)?;
                claims.claims.push(Claim { slot, dir: dir.to_owned(), pid: std::process::id() });
                slot
            }
        };
        for (name, at_least) in SETTINGS {
            let now = setting(name)?;
            if now < at_least {
                claims.settings_before.entry(name.to_owned()).or_insert(now);
                set(name, at_least)?;
            }
        }
        let network = Network::new(slot);
        network.up()?;
        Ok(network)
    })
}

/// Gives the network of the fleet in `dir` back, with whatever of it is still up.
pub fn release(dir: &Path) -> Result<()> {
    edit(|claims| {
        let Some(at) = claims.claims.iter().position(|claim| claim.dir == dir) else {
            return Ok(());
        };
        Network::new(claims.claims[at].slot).down()?;
        claims.claims.remove(at);
        if claims.claims.is_empty() {
            for (name, value) in std::mem::take(&mut claims.settings_before) {
                set(&name, value)?;
            }
        }
        Ok(())
    })
}

fn free_slot(claims: &Claims) -> Result<u8> {
    for slot in 0..SLOTS {
        let network = Network::new(slot);
        let holder = claims.claims.iter().find(|claim| claim.slot == slot);
        match holder {
            Some(claim) => {
                let how = if claim.dir.exists() { "belongs to" } else { "was left behind by" };
                let text = format!(
                    "{}/16 {how} the fleet in {} (started by process {})",
                    network.ipv4(0),
                    claim.dir.display(),
                    claim.pid
                );
                say::progress("fleet", &text);
            }
            None if network.is_up() || network.is_taken() => {
                say::progress(
                    "fleet",
                    &format!("{}/16 is in use on this machine by something else", network.ipv4(0)),
                );
            }
            None => return Ok(slot),
        }
    }
    bail!(
        "all {SLOTS} networks that fleets may use on this machine are in use; take one down with `cargo xtask fleet down` in its checkout"
    )
}

/// Reads, changes and writes the claims while nobody else does.
fn edit<T>(change: impl FnOnce(&mut Claims) -> Result<T>) -> Result<T> {
    let mut file = open()
        .with_context(|| format!("cannot open `{PATH}`; hosts can only be booted by root"))?;
    flock(&file, FlockOperation::LockExclusive).with_context(|| format!("cannot lock `{PATH}`"))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let mut claims: Claims = if text.is_empty() {
        Claims::default()
    } else {
        serde_json::from_str(&text).with_context(|| {
            format!("`{PATH}` is not a list of claims; remove it when no fleet runs")
        })?
    };
    let result = change(&mut claims);
    // Written after a failure too: what was claimed before it must be found by the one who cleans up.
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(serde_json::to_string_pretty(&claims)?.as_bytes())?;
    result
}

fn open() -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(PATH)
}

fn setting(name: &str) -> Result<u64> {
    let path = Path::new("/proc/sys").join(name);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    text.trim().parse().with_context(|| format!("`{}` holds no number", path.display()))
}

fn set(name: &str, value: u64) -> Result<()> {
    let path = Path::new("/proc/sys").join(name);
    fs::write(&path, value.to_string()).with_context(|| format!("cannot set `{}`", path.display()))
}
