//! The files with which hosts are reached: key, known hosts, ssh configuration and inventory.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::fleet::host::{Host, Kind};
use crate::fleet::place::Place;
use crate::fleet::registry::Registry;
use crate::fleet::seed::{host_keys, keygen};

/// The public key of the fleet. The pair is made by the first call.
pub fn public_key(place: &Place) -> Result<String> {
    let key = place.ssh_key();
    let public = key.with_extension("pub");
    if !key.exists() {
        keygen("ed25519", "converge-fleet", &key)?;
    }
    fs::read_to_string(&public).with_context(|| format!("cannot read `{}`", public.display()))
}

/// Writes all of these files anew, for the hosts that are running.
pub fn write(place: &Place, registry: &Registry) -> Result<()> {
    let mut known_hosts = String::new();
    for host in &registry.hosts {
        for key in host_keys(&place.host(&host.name).join("seed"))? {
            writeln!(known_hosts, "{},{},{} {key}", host.name, host.ipv4, host.ipv6)?;
        }
    }
    let inventory = place.inventory();
    if let Some(dir) = inventory.parent() {
        fs::create_dir_all(dir)?;
    }
    for (path, text) in [
        (place.known_hosts(), known_hosts),
        (place.ssh_config(), ssh_config(place, registry)?),
        (inventory, inventory_text(place, &registry.hosts)?),
    ] {
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

/// An ssh_config(5) with each host by its name, and by `NAME-v6` over IPv6.
fn ssh_config(place: &Place, registry: &Registry) -> Result<String> {
    let mut text = String::new();
    for host in &registry.hosts {
        for (name, address) in [
            (host.name.clone(), host.ipv4.to_string()),
            (format!("{}-v6", host.name), host.ipv6.to_string()),
        ] {
            writeln!(text, "Host {name}\n  HostName {address}\n")?;
        }
    }
    // The exchange of keys that OpenSSH prefers takes a tenth of a second on both sides, and connections here leave no machine.
    writeln!(
        text,
        "Host *\n  User root\n  IdentityFile \"{}\"\n  IdentitiesOnly yes\n  UserKnownHostsFile \"{}\"\n  \
         GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  BatchMode yes\n  ConnectTimeout 20\n  \
         KexAlgorithms curve25519-sha256",
        place.ssh_key().display(),
        place.known_hosts().display()
    )?;
    Ok(text)
}

/// Writes an inventory of only these hosts, and gives its path.
pub fn write_inventory(place: &Place, name: &str, hosts: &[Host]) -> Result<PathBuf> {
    let dir = place.dir().join("inventories");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
    let path = dir.join(format!("{name}.yml"));
    fs::write(&path, inventory_text(place, hosts)?)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}

/// An inventory with one group for each kind, and all of them as `web`, which is what `playbooks/site.yml` is for.
///
/// Its strings are quoted as JSON, which YAML reads alike.
fn inventory_text(place: &Place, hosts: &[Host]) -> Result<String> {
    let quoted = |text: &str| serde_json::to_string(text);
    let mut text = String::from(
        "# Written by `cargo xtask fleet` for the hosts that are running.\nall:\n  vars:\n    ansible_user: root\n",
    );
    let key = place.ssh_key().display().to_string();
    writeln!(text, "    ansible_ssh_private_key_file: {}", quoted(&key)?)?;
    let options = format!(
        "-o UserKnownHostsFile=\"{}\" -o StrictHostKeyChecking=yes",
        place.known_hosts().display()
    );
    writeln!(text, "    ansible_ssh_common_args: {}", quoted(&options)?)?;
    if hosts.is_empty() {
        return Ok(text);
    }
    text.push_str("  children:\n");
    for kind in Kind::ALL {
        let mut hosts = hosts.iter().filter(|host| host.kind == kind).peekable();
        if hosts.peek().is_some() {
            writeln!(text, "    {}:", kind.name())?;
            if kind == Kind::Centos {
                // For ansible-core only, which does not look where dnf has its Python.
                text.push_str("      vars:\n        ansible_python_interpreter: /usr/libexec/platform-python\n");
            }
            text.push_str("      hosts:\n");
        }
        for host in hosts {
            writeln!(
                text,
                "        {}:\n          ansible_host: {}",
                quoted(&host.name)?,
                host.ipv4
            )?;
        }
    }
    text.push_str("    web:\n      children:\n");
    for kind in Kind::ALL.into_iter().filter(|kind| hosts.iter().any(|host| host.kind == *kind)) {
        writeln!(text, "        {}:", kind.name())?;
    }
    Ok(text)
}
