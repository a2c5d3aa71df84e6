//! The files of Debian packages, brought into the shape of a package for the CentOS-like root.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fleet::repository::base::upstream;
use crate::fleet::repository::products::Product;
use crate::process::{self, Run};

/// Documentation, which only makes packages larger, and what other Debian tools look for.
const NEVER: [&str; 6] = [
    "usr/share/doc",
    "usr/share/man",
    "usr/share/lintian",
    "usr/share/bug",
    "usr/share/doc-base",
    "usr/share/apport",
];

/// A folder with the files of a package.
#[derive(Debug)]
pub(crate) struct Payload {
    /// The folder.
    pub(crate) dir: PathBuf,
    /// The version of the main package, as upstream counts.
    pub(crate) version: String,
    /// The services that its units describe.
    pub(crate) units: Vec<String>,
    /// Each file or link, from the root without a leading slash.
    files: Vec<String>,
    /// Each folder that the root does not have.
    folders: Vec<String>,
}

impl Payload {
    /// Downloads the packages of `product` by the root's own apt, and unpacks them into the new folder `dir`.
    pub(crate) fn fetch(root: &Path, dir: &Path, product: &Product) -> Result<Self> {
        let (name, debian) = (product.name, product.debian);
        let cache = format!("/var/cache/fleet/{name}");
        // The dependencies that the root already has are left out by apt itself.
        let download = format!(
            "mkdir -p {cache}/partial\n\
             apt-get -qq install --yes --no-install-recommends --download-only -o Dir::Cache::archives={cache} -- {debian}\n\
             dpkg-deb --show --showformat='${{Version}}' {cache}/{debian}_*.deb\n"
        );
        let printed = process::chroot(root, &download)?;
        let version = upstream(printed.lines().last().context("apt downloaded nothing")?.trim());
        fs::create_dir(dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
        for entry in fs::read_dir(root.join(cache.trim_start_matches('/')))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                Run::new("dpkg-deb").arg("--extract").args([path.as_path(), dir]).run()?;
            }
        }
        shape(dir, product)?;
        let mut payload = Self {
            dir: dir.to_owned(),
            version,
            units: Vec::new(),
            files: Vec::new(),
            folders: Vec::new(),
        };
        payload.list(root, "")?;
        payload.files.sort();
        payload.folders.sort();
        let units =
            payload.files.iter().filter_map(|file| file.strip_prefix("usr/lib/systemd/system/"));
        payload.units = units
            .filter(|unit| unit.ends_with(".service") && !unit.contains(['@', '/']))
            .map(str::to_owned)
            .collect();
        Ok(payload)
    }

    /// The lines of the list of files in a spec.
    pub(crate) fn files(&self, product: &Product) -> Vec<String> {
        let mut lines = Vec::new();
        for folder in &self.folders {
            let owner = product.user.filter(|_| product.owned.contains(&folder.as_str()));
            let access =
                owner.map_or_else(String::new, |user| format!("%attr(0750, {user}, {user}) "));
            lines.push(format!("%dir {access}\"/{folder}\""));
        }
        for file in &self.files {
            let config = if file.starts_with("etc/") { "%config(noreplace) " } else { "" };
            lines.push(format!("{config}\"/{file}\""));
        }
        lines
    }

    fn list(&mut self, root: &Path, below: &str) -> Result<()> {
        for entry in fs::read_dir(self.dir.join(below))? {
            let entry = entry?;
            let name = entry.file_name().into_string().ok().context("a file's name is no text")?;
            let path = if below.is_empty() { name } else { format!("{below}/{name}") };
            if entry.file_type()?.is_dir() {
                if !root.join(&path).is_dir() {
                    self.folders.push(path.clone());
                }
                self.list(root, &path)?;
            } else {
                self.files.push(path);
            }
        }
        Ok(())
    }
}

/// Moves, drops, links and edits what `product` says, and removes documentation.
fn shape(dir: &Path, product: &Product) -> Result<()> {
    // rpm does not follow the links that join these to their places below `usr`.
    for name in ["bin", "sbin", "lib", "lib64"] {
        if dir.join(name).is_dir() {
            fs::create_dir_all(dir.join("usr").join(name))?;
            Run::new("cp")
                .args(["-a", "--"])
                .arg(dir.join(name).join("."))
                .arg(dir.join("usr").join(name))
                .run()?;
            fs::remove_dir_all(dir.join(name))?;
        }
    }
    for (from, to) in product.moved {
        fs::rename(dir.join(from), dir.join(to))
            .with_context(|| format!("cannot move `{from}`"))?;
    }
    for path in NEVER.iter().chain(product.dropped).map(|path| dir.join(path)) {
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if path.symlink_metadata().is_ok() {
            fs::remove_file(path)?;
        }
    }
    for (path, target) in product.linked {
        if dir.join(path).symlink_metadata().is_ok() {
            fs::remove_file(dir.join(path))?;
        }
        symlink(target, dir.join(path)).with_context(|| format!("cannot link `{path}`"))?;
    }
    for (path, old, new) in product.edited {
        let text =
            fs::read_to_string(dir.join(path)).with_context(|| format!("cannot read `{path}`"))?;
        fs::write(dir.join(path), text.replace(old, new))?;
    }
    for (path, text) in product.written {
        fs::write(dir.join(path), text).with_context(|| format!("cannot write `{path}`"))?;
    }
    for path in product.owned {
        fs::create_dir_all(dir.join(path))?;
    }
    Ok(())
}
