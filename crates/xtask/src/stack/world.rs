//! A host that stands for the world outside: what hosts would fetch from a mirror, from repositories of git and from an authority.

use std::fs;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::fleet::host::Host;
use crate::fleet::place::{Place, workspace};
use crate::process::Run;
use crate::say;
use crate::stack::{node, vendors};

/// What makes the supplies, serves them, and what adds an authority and a mirror of sources, each on a Debian host.
const SUPPLIES: &str = include_str!("supplies.sh");
const SERVE: &str = include_str!("serve.sh");
const AUTHORITY: &str = include_str!("authority.sh");
const SOURCE: &str = include_str!("source.sh");

/// Where the application lies that stands for Mastodon.
const SOCIAL: &str = "tests/fleet/social";

/// The world outside.
#[derive(Debug)]
pub struct World<'a> {
    host: &'a Host,
    variables: Value,
}

impl<'a> World<'a> {
    /// Makes a bare Debian host the world outside.
    pub fn start(chore: &str, place: &Place, host: &'a Host) -> Result<Self> {
        let tarball = node::tarball(chore, place)?;
        let name = tarball.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        ssh(host, "mkdir -p /srv/supplies /srv/social").run()?;
        let supplies = supplies(chore, place, host)?;
        copy(&[&supplies], &format!("{}:/srv/supplies.tar", host.name), host)?;
        copy(&[&tarball.path], &format!("{}:/srv/supplies/{name}", host.name), host)?;
        ssh(host, "bash -eu -s").input(SERVE).run()?;
        let told = |what: &str| -> Result<String> {
            let told = ssh(host, &format!("cat /srv/supplies/told/{what}")).output()?;
            Ok(told.trim().to_owned())
        };
        let url = format!("http://[{}]:8000", host.ipv6);
        let ruby = told("ruby")?;
        let variables = json!({
            "acme": format!("https://[{}]:14000/dir", host.ipv6),
            "node": {
                "url": format!("{url}/{name}"),
                "version": tarball.version,
                "checksum": tarball.checksum,
            },
            "ruby": {
                "url": format!("{url}/ruby-{ruby}.tar.gz"),
                "version": ruby,
                "checksum": format!("sha256:{}", told("ruby-checksum")?),
            },
            "rbenv": {"url": format!("{url}/rbenv.git"), "revision": told("rbenv")?},
            "ruby_build": {"url": format!("{url}/ruby-build.git"), "revision": told("ruby-build")?},
            "social": {"url": format!("{url}/social.git")},
        });
        Ok(Self { host, variables })
    }

    /// Adds an authority that speaks ACME, for which any name leads to `web`. Gives the certificate that its own server is known by.
    pub fn authority(&self, web: Ipv6Addr) -> Result<String> {
        let own = self.host.ipv6;
        ssh(self.host, &format!("OWN={own} WEB={web} bash -eu -s")).input(AUTHORITY).run()?;
        self.host.ssh_ok("cat /srv/pebble/ca.pem")
    }

    /// Adds a mirror of the source of a Ruby. Gives its address, the version, and the revision of ruby-build that knows it.
    pub fn mirror(&self) -> Result<(String, String, String)> {
        let printed = ssh(self.host, "bash -eu -s").input(SOURCE).output()?;
        let told = printed.lines().last().and_then(|line| line.strip_prefix("== "));
        let told = told.and_then(|told| told.split_once(' '));
        let (version, revision) = told.with_context(|| format!("no Ruby, but:\n{printed}"))?;
        let url = format!("http://[{}]:8000/mirror", self.host.ipv6);
        Ok((url, version.to_owned(), revision.to_owned()))
    }

    /// Adds the repositories of vendors: nginx.org, the PostgreSQL project, NodeSource and Grafana. Gives the variables of roles that
    /// install from them. The key `other.asc` beside `vendor.asc` is somebody else's.
    pub fn vendors(&self, chore: &str, place: &Place) -> Result<Value> {
        vendors::serve(chore, place, self.host, &format!("http://[{}]:8000", self.host.ipv6))
    }

    /// What `inventory/demo` calls `world`.
    pub fn variables(&self) -> &Value {
        &self.variables
    }

    /// The certificate that those which the authority gives are known by.
    pub fn root(&self) -> Result<String> {
        self.host.ssh_ok("curl -sSk https://[::1]:15000/roots/0")
    }
}

/// An archive of the supplies: the cached one, or else it is made on the host.
fn supplies(chore: &str, place: &Place, host: &Host) -> Result<PathBuf> {
    let social = workspace().join(SOCIAL);
    let path = place.dir().join(format!("supplies-{}.tar", recipe(&social)?));
    if !path.exists() {
        say::progress(chore, "making what the world outside has (kept for the next time)");
        let versions = ["v1", "v2"].map(|version| social.join(version));
        let versions: Vec<&Path> = versions.iter().map(PathBuf::as_path).collect();
        copy(&versions, &format!("{}:/srv/social/", host.name), host)?;
        ssh(host, "bash -eu -s").input(SUPPLIES).run()?;
        let made = tempfile::Builder::new().prefix("supplies-").tempdir_in(place.dir())?;
        let made = made.path().join("tar");
        let from = format!("{}:/srv/supplies.tar", host.name);
        copy(&[Path::new(&from)], &made.to_string_lossy(), host)?;
        fs::rename(&made, &path)?;
    }
    Ok(path)
}

/// A short name for what the supplies are made of.
fn recipe(social: &Path) -> Result<String> {
    let mut files = vec![social.to_owned()];
    let mut digest = Sha256::new_with_prefix(SUPPLIES);
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path)?.collect::<std::io::Result<Vec<_>>>()?;
            files.extend(entries.iter().map(fs::DirEntry::path));
            files.sort();
        } else {
            digest.update(path.to_string_lossy().as_bytes());
            digest.update(fs::read(&path)?);
        }
    }
    Ok(digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn ssh(host: &Host, command: &str) -> Run {
    Run::new("ssh").arg("-F").arg(&host.ssh_config).args(["--", &host.name, command])
}

/// Copies files and folders; what has a colon in it lies on the host.
pub(super) fn copy(from: &[&Path], to: &str, host: &Host) -> Result<()> {
    let command = Run::new("scp").args(["-q", "-r", "-F"]).arg(&host.ssh_config).arg("--");
    command
        .args(from)
        .arg(to)
        .run()
        .with_context(|| format!("cannot copy to or from `{}`", host.name))
}
