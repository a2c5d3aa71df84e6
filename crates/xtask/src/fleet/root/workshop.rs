//! Where a root is built: a folder that is thrown away, with what must be unmounted before.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::fleet::layer::{Access, Layer};
use crate::fleet::machine::Machine;
use crate::fleet::overlay::{self, Outlives};
use crate::fleet::place::Place;

/// This file, as part of every recipe.
pub(crate) const RECIPE: &str = include_str!("workshop.rs");

/// What a package manager leaves behind that no freshly installed host has.
const LEFTOVERS: [&str; 7] = [
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/cache/debconf",
    "var/cache/fleet",
    "var/log/apt",
    "var/log/dpkg.log",
    "var/log/alternatives.log",
];

/// A folder to build in, on the file system of the cached roots. Its removal unmounts what was mounted in it.
#[derive(Debug)]
pub(crate) struct Workshop {
    scratch: TempDir,
}

impl Workshop {
    /// Makes the folder.
    pub(crate) fn new(place: &Place) -> Result<Self> {
        Ok(Self { scratch: place.new_scratch()? })
    }

    /// Its path.
    pub(crate) fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// Makes a folder in it.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir().join(name);
        fs::create_dir(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
        Ok(dir)
    }

    /// Builds a layer above others: what `build` writes into the root that it is given. Gives the layer's folder.
    ///
    /// While it is built, the root reaches the network and installs packages as this machine does.
    pub(crate) fn layer(
        &self,
        below: &[PathBuf],
        machine: &Machine,
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let network = Layer::create(self.dir().join("network"), below)?;
        machine.write_network(&network)?;
        machine.write_apt(&network)?;
        // Nothing that is installed may start its services on this machine.
        network.file("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", Access::root(0o755))?;
        let upper = self.dir().join("upper");
        let mut layers = vec![network.dir().to_owned()];
        layers.extend(below.iter().cloned());
        let root = self.root();
        overlay::mount(&layers, &upper, &self.dir().join("work"), &root, Outlives::Crashes)?;
        build(&root)?;
        overlay::unmount(&root)?;
        for leftover in LEFTOVERS {
            remove(&upper.join(leftover))?;
        }
        Ok(upper)
    }

    fn root(&self) -> PathBuf {
        self.dir().join("root")
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // Whatever fails here was reported by the step that left the mount; the folder then stays.
        drop(overlay::unmount(&self.root()));
    }
}

/// Removes what is left of roots whose building was interrupted. Only for who holds the fleet's lock.
pub(crate) fn clear_leftovers(place: &Place) -> Result<()> {
    overlay::unmount_below(&place.scratch())?;
    remove(&place.scratch())
}

fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => return Ok(()),
    };
    removed.with_context(|| format!("cannot remove `{}`", path.display()))
}
