//! How this machine reaches the network, so that its hosts can reach it the same way.
//!
//! Read anew whenever a host starts or a root is built, and never kept in a cached root.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fleet::layer::{Access, Layer};
use crate::fleet::sources;
use crate::process::{self, Run};

/// The Debian release that hosts run.
pub const RELEASE: &str = "bookworm";

/// The settings of apt that say how to fetch, and not what to do with it; see apt.conf(5).
const APT_SETTINGS: [&str; 5] = [
    "Acquire::http::",
    "Acquire::https::",
    "Acquire::Check-",
    "Acquire::Retries",
    "Acquire::ForceIPv",
];

/// This machine's way to the network.
#[derive(Debug)]
pub struct Machine {
    /// Its apt sources for the hosts' release, as the text of a `.sources` file.
    pub sources: String,
    keys: Vec<PathBuf>,
    apt_settings: String,
    resolv_conf: String,
}

impl Machine {
    /// Reads the machine's configuration.
    pub fn read() -> Result<Self> {
        let os_release =
            fs::read_to_string("/etc/os-release").context("cannot read `/etc/os-release`")?;
        let codename = os_release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
        let own = codename.unwrap_or(RELEASE).trim_matches('"');
        let (sources, keys) = sources::read(Path::new("/etc/apt"), own, RELEASE)?;
        let dump = Run::new("apt-config").arg("dump").output()?;
        let apt_settings = dump
            .lines()
            .filter(|line| APT_SETTINGS.iter().any(|setting| line.starts_with(setting)))
            .map(|line| format!("{line}\n"))
            .collect();
        Ok(Self { sources, keys, apt_settings, resolv_conf: resolv_conf()? })
    }

    /// apt's settings for fetching, one `name "value";` each.
    pub fn apt_settings(&self) -> impl Iterator<Item = &str> {
        self.apt_settings.lines()
    }

    /// Writes what any host needs: name servers, certificates and proxies.
    pub fn write_network(&self, layer: &Layer) -> Result<()> {
        layer.file("etc/resolv.conf", &self.resolv_conf, Access::root(0o644))?;
        let bundle = Path::new("/etc/ssl/certs/ca-certificates.crt");
        if bundle.exists() {
            // The machine's own bundle has the certificates of a company's proxy, if there is one.
            layer.file("etc/ssl/certs/ca-certificates.crt", read(bundle)?, Access::root(0o644))?;
        }
        for (path, name) in files("/usr/local/share/ca-certificates") {
            layer.file(
                &format!("usr/local/share/ca-certificates/{name}"),
                read(&path)?,
                Access::root(0o644),
            )?;
        }
        let proxies = process::proxies();
        if !proxies.is_empty() {
            let text: String =
                proxies.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
            layer.file("etc/environment", text, Access::root(0o644))?;
        }
        Ok(())
    }

    /// Writes what a host with apt needs to install packages.
    pub fn write_apt(&self, layer: &Layer) -> Result<()> {
        // Who refreshes package lists that are an hour old goes by the time of this folder, and a host that was just
        // made would pass for one whose lists are fresh, while it has none.
        layer.old_folder("var/lib/apt/lists", Access::root(0o755))?;
        layer.file("etc/apt/sources.list.d/debian.sources", &self.sources, Access::root(0o644))?;
        if !self.apt_settings.is_empty() {
            layer.file("etc/apt/apt.conf.d/90network", &self.apt_settings, Access::root(0o644))?;
        }
        for (path, name) in files("/etc/apt/auth.conf.d") {
            layer.file(
                &format!("etc/apt/auth.conf.d/{name}"),
                read(&path)?,
                Access::root(0o600),
            )?;
        }
        for key in &self.keys {
            let path = key.to_string_lossy();
            let path = path.trim_start_matches('/');
            if !layer.has_below(path) && !layer.dir().join(path).exists() {
                layer.file(path, read(key)?, Access::root(0o644))?;
            }
        }
        Ok(())
    }
}

/// The machine's name servers, or those behind a resolver that only listens on the machine itself.
fn resolv_conf() -> Result<String> {
    let text = fs::read_to_string("/etc/resolv.conf").context("cannot read `/etc/resolv.conf`")?;
    let is_local =
        text.lines().any(|line| line.starts_with("nameserver") && line.contains(" 127."));
    let behind = fs::read_to_string("/run/systemd/resolve/resolv.conf");
    Ok(match behind {
        Ok(behind) if is_local => behind,
        _ => text,
    })
}

fn files(dir: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    files.filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?))).collect()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}
