//! What makes one host different from the next: the layer right below its upper one.
//!
//! It is written before the first boot and stays when the upper layer is thrown away, so a host keeps its keys.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fleet::host::Kind;
use crate::fleet::layer::{Access, Layer};
use crate::fleet::machine::Machine;
use crate::process::Run;

/// The users that the fleet's key opens: name of the home folder, numeric owner.
const HOMES: [(&str, u32); 3] = [("root", 0), ("home/admin", 1000), ("home/deploy", 1001)];

/// The kinds of host key that are made. RSA is left out because making one takes long.
const KEY_TYPES: [&str; 2] = ["ed25519", "ecdsa"];

/// What a seed is made for.
#[derive(Debug)]
pub struct Seed<'a> {
    /// The host's name.
    pub name: &'a str,
    /// The host's kind.
    pub kind: Kind,
    /// The public key that opens it.
    pub public_key: &'a str,
    /// This machine's addresses on the bridge, known to the host as `controller`.
    pub controller: [String; 2],
}

impl Seed<'_> {
    /// Writes the layer into the new folder `dir`, to be laid over the layers `below`.
    pub fn write(&self, dir: PathBuf, below: &[PathBuf], machine: &Machine) -> Result<()> {
        let layer = Layer::create(dir, below)?;
        let name = self.name;
        let [ipv4, ipv6] = &self.controller;
        let hosts = format!(
            "127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n{ipv4} controller\n{ipv6} controller\n"
        );
        layer.file("etc/hostname", format!("{name}\n"), Access::root(0o644))?;
        layer.file("etc/hosts", hosts, Access::root(0o644))?;
        layer.file("etc/machine-id", machine_id()?, Access::root(0o444))?;
        for (home, owner) in HOMES {
            layer.folder(&format!("{home}/.ssh"), Access { owner, mode: 0o700 })?;
            let key = Access { owner, mode: 0o600 };
            layer.file(&format!("{home}/.ssh/authorized_keys"), self.public_key, key)?;
        }
        machine.write_network(&layer)?;
        if self.kind != Kind::Centos {
            machine.write_apt(&layer)?;
        }
        self.host_keys(&layer)
    }

    fn host_keys(&self, layer: &Layer) -> Result<()> {
        for kind in KEY_TYPES {
            let made = tempfile::tempdir()?;
            let path = made.path().join("key");
            keygen(kind, self.name, &path)?;
            let public = path.with_extension("pub");
            layer.file(
                &format!("etc/ssh/ssh_host_{kind}_key"),
                fs::read(&path)?,
                Access::root(0o600),
            )?;
            layer.file(
                &format!("etc/ssh/ssh_host_{kind}_key.pub"),
                fs::read(&public)?,
                Access::root(0o644),
            )?;
        }
        Ok(())
    }
}

/// The public host keys in the seed `dir`, each as OpenSSH writes it but for the comment.
pub fn host_keys(dir: &Path) -> Result<Vec<String>> {
    KEY_TYPES
        .iter()
        .map(|kind| {
            let path = dir.join(format!("etc/ssh/ssh_host_{kind}_key.pub"));
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            Ok(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        })
        .collect()
}

/// Makes a key pair without a passphrase at `path` and `path`.pub.
pub fn keygen(kind: &str, comment: &str, path: &Path) -> Result<()> {
    Run::new("ssh-keygen").args(["-q", "-t", kind, "-N", "", "-C", comment, "-f"]).arg(path).run()
}

/// A random machine id, see machine-id(5): 32 hexadecimal digits.
fn machine_id() -> Result<String> {
    let uuid =
        fs::read_to_string("/proc/sys/kernel/random/uuid").context("cannot read a random uuid")?;
    Ok(uuid.trim().replace('-', "") + "\n")
}
