//! Where a fleet keeps its files, and the lock that makes two commands on one fleet take turns.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

use crate::say;

/// The environment variable that names another folder than `target/fleet`.
pub const DIR_VARIABLE: &str = "CONVERGE_FLEET_DIR";

/// The folder of one fleet: cached roots, running hosts, and the files with which to reach them.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
}

/// The right to change a fleet, held until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Place {
    /// The folder that `CONVERGE_FLEET_DIR` names, or else `target/fleet` of the workspace.
    pub fn find() -> Result<Self> {
        let dir = match std::env::var_os(DIR_VARIABLE) {
            Some(dir) if !dir.is_empty() => std::path::absolute(&dir)?,
            _ => workspace().join("target/fleet"),
        };
        Self::at(dir)
    }

    /// A fleet in the folder `dir`, which is made if it is missing.
    pub fn at(dir: PathBuf) -> Result<Self> {
        // overlayfs takes its folders in one option string, where these characters mean something else.
        if dir.to_string_lossy().contains([':', ',', '\\', '"', '\n']) {
            bail!(
                "the fleet's folder `{}` has a character that a mount option cannot carry; set {DIR_VARIABLE}",
                dir.display()
            );
        }
        for made in [dir.clone(), dir.join("roots"), dir.join("hosts")] {
            fs::create_dir_all(&made)
                .with_context(|| format!("cannot make `{}`", made.display()))?;
        }
        Ok(Self { dir })
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the cached roots. It survives `fleet down`.
    pub fn roots(&self) -> PathBuf {
        self.dir.join("roots")
    }

    /// The folder of one host.
    pub fn host(&self, name: &str) -> PathBuf {
        self.dir.join("hosts").join(name)
    }

    /// The list of running hosts, as JSON.
    pub fn registry(&self) -> PathBuf {
        self.dir.join("fleet.json")
    }

    /// The private key that opens every host.
    pub fn ssh_key(&self) -> PathBuf {
        self.dir.join("ssh_key")
    }

    /// The host keys of the running hosts, in OpenSSH's format.
    pub fn known_hosts(&self) -> PathBuf {
        self.dir.join("known_hosts")
    }

    /// The client configuration with which `ssh -F` reaches the hosts by name.
    pub fn ssh_config(&self) -> PathBuf {
        self.dir.join("ssh_config")
    }

    /// The inventory of the running hosts, in Ansible's format.
    pub fn inventory(&self) -> PathBuf {
        self.dir.join("inventory/hosts.yml")
    }

    /// The folder of work that is thrown away. Only who holds the lock may use it.
    pub fn scratch(&self) -> PathBuf {
        self.dir.join("scratch")
    }

    /// A new folder in [`scratch`](Self::scratch), which only root may enter.
    pub fn new_scratch(&self) -> Result<tempfile::TempDir> {
        let parent = self.scratch();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&parent)?;
        let scratch = tempfile::Builder::new().tempdir_in(&parent)?;
        // Roots are built below it, and the users of a root must be able to pass.
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755))?;
        Ok(scratch)
    }

    /// Waits until no other command changes this fleet.
    pub fn lock(&self) -> Result<Lock> {
        let path = self.dir.join("lock");
        let file =
            File::create(&path).with_context(|| format!("cannot open `{}`", path.display()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            say::progress("fleet", "waiting for another command that changes this fleet");
            flock(&file, FlockOperation::LockExclusive)
                .with_context(|| format!("cannot lock `{}`", path.display()))?;
        }
        Ok(Lock { _file: file })
    }
}

/// The root folder of the workspace that this program was built from.
pub fn workspace() -> &'static Path {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.parent().and_then(Path::parent).unwrap_or(crate_dir)
}
