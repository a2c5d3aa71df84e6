//! The Debian root with Python 3, for hosts on which ansible-core runs as the reference.

use std::path::Path;

use anyhow::Result;

use crate::process;

/// This file, as the recipe of the layer.
pub(crate) const RECIPE: &str = include_str!("python.rs");

/// Adds Python, and the library through which ansible-core asks apt.
pub(crate) fn build(root: &Path) -> Result<()> {
    process::chroot(root, "apt-get -qq update\napt-get -qq install --yes --no-install-recommends python3 python3-apt\n").map(drop)
}
