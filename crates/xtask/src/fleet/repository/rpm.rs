//! Building packages with rpmbuild, and nothing of what this machine's configuration would add to them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::Run;

/// Switches off what rpmbuild does to files on its own: stripping, byte-compiling, searching for dependencies. A payload
/// must arrive as it was, and what the packages need of each other is written in their specs.
const DEFINES: [&str; 5] = [
    "debug_package %{nil}",
    "__os_install_post %{nil}",
    "_build_id_links none",
    "_binary_payload w1.gzdio",
    "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
];

/// Where packages are built, and where they go.
#[derive(Debug)]
pub(crate) struct Builder {
    work: PathBuf,
    out: PathBuf,
}

impl Builder {
    /// A builder that works in the new folder `work` and puts packages into `out`.
    pub(crate) fn new(work: &Path, out: &Path) -> Result<Self> {
        fs::create_dir(work).with_context(|| format!("cannot make `{}`", work.display()))?;
        Ok(Self { work: work.to_owned(), out: out.to_owned() })
    }

    /// Builds the packages of a spec. `name` is only for the file that holds it.
    pub(crate) fn build(&self, name: &str, spec: &str) -> Result<()> {
        let path = self.work.join(format!("{name}.spec"));
        fs::write(&path, spec).with_context(|| format!("cannot write `{}`", path.display()))?;
        let mut command = Run::new("rpmbuild").args(["-bb", "--quiet", "--nodeps"]);
        for define in DEFINES {
            command = command.args(["--define", define]);
        }
        let dirs = format!("_topdir {}", self.work.display());
        let out = format!("_rpmdir {}", self.out.display());
        command.args(["--define", &dirs, "--define", &out]).arg("--").arg(&path).run()
    }
}
