//! The tools that converge is measured against, in a Python environment of their own.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};

use crate::fleet::place::workspace;
use crate::process::Run;
use crate::say;

/// The environment variable that names another environment than `target/bench/venv`, which must have the tools already.
pub const VARIABLE: &str = "CONVERGE_REFERENCE";

/// What is installed, at the versions that expectations were recorded with and results are compared for.
pub const PACKAGES: [(&str, &str); 3] =
    [("ansible-core", "2.19.14"), ("mitogen", "0.3.54"), ("pyinfra", "3.10.0")];

/// What the collections of Ansible come in that the shipped roles use, and which ones these are.
const COLLECTIONS: (&str, [&str; 3]) =
    ("ansible==12.3.0", ["ansible/posix", "community/general", "community/postgresql"]);

/// Takes folders out of an archive of Python: only a few of the hundred collections that are in it are used.
const UNPACK: &str = "import sys, sysconfig, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
  below = tuple(f'ansible_collections/{name}/' for name in sys.argv[2:])
  wheel.extractall(sysconfig.get_path('purelib'), [name for name in wheel.namelist() if name.startswith(below)])";

/// A Python environment with ansible-core and, where they are asked for, mitogen and pyinfra.
#[derive(Clone, Debug)]
pub struct Reference {
    dir: PathBuf,
}

/// What keeps others of this process from making the same environment meanwhile.
fn alone() -> MutexGuard<'static, ()> {
    static MAKING: Mutex<()> = Mutex::new(());
    MAKING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reference {
    /// The environment with all of the tools, made and filled where it is missing.
    pub fn ensure(chore: &str) -> Result<Self> {
        Self::with(chore, &PACKAGES)
    }

    /// The environment with ansible-core at least, likewise.
    pub fn ansible(chore: &str) -> Result<Self> {
        Self::with(chore, &PACKAGES[..1])
    }

    /// The environment with ansible-core and the collections that the shipped roles use, likewise.
    pub fn collections(chore: &str) -> Result<Self> {
        let reference = Self::ansible(chore)?;
        let _alone = alone();
        let script = "import sysconfig; print(sysconfig.get_path('purelib'))";
        let packages = Run::new(reference.python()).args(["-c", script]).output()?;
        let folder = Path::new(packages.trim()).join("ansible_collections");
        let (from, names) = COLLECTIONS;
        if names.iter().all(|name| folder.join(name).exists()) {
            return Ok(reference);
        }
        if std::env::var_os(VARIABLE).is_some_and(|dir| !dir.is_empty()) {
            let dir = reference.dir.display();
            bail!("`{dir}`, which {VARIABLE} names, lacks one of `{}`", names.join(" "));
        }
        say::progress(chore, &format!("fetching collections into {}", reference.dir.display()));
        let fetched = tempfile::tempdir_in(&reference.dir)?;
        Run::new(reference.python())
            .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"])
            .args(["--only-binary=:all:", "--dest"])
            .arg(fetched.path())
            .args(["--", from])
            .run()?;
        let wheel = std::fs::read_dir(fetched.path())?.next().context("pip fetched nothing")??;
        Run::new(reference.python()).args(["-c", UNPACK]).arg(wheel.path()).args(names).run()?;
        Ok(reference)
    }

    /// The environment, whatever is in it.
    pub fn bare(chore: &str) -> Result<Self> {
        Self::with(chore, &[])
    }

    fn with(chore: &str, packages: &[(&str, &str)]) -> Result<Self> {
        let named = std::env::var_os(VARIABLE).filter(|dir| !dir.is_empty());
        let owned = named.is_none();
        let dir = named.map_or_else(|| workspace().join("target/bench/venv"), PathBuf::from);
        let reference = Self { dir };
        let _alone = alone();
        let missing = reference.missing(packages);
        let list = missing.join(" ");
        if !owned && !missing.is_empty() {
            bail!("`{}`, which {VARIABLE} names, lacks `{list}`", reference.dir.display());
        }
        if !reference.python().exists() {
            // An environment of a Python that is gone has links that lead nowhere: `--clear` starts over.
            Run::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&reference.dir)
                .run()
                .context("cannot make a Python environment; on Debian it needs the packages `python3` and `python3-venv`")?;
        }
        if !missing.is_empty() {
            let dir = reference.dir.display();
            say::progress(chore, &format!("installing {list} into {dir}"));
            Run::new(reference.python())
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--"])
                .args(&missing)
                .run()?;
        }
        Ok(reference)
    }

    /// The folder of the environment's programs.
    pub fn bin(&self) -> PathBuf {
        self.dir.join("bin")
    }

    /// Its Python.
    pub fn python(&self) -> PathBuf {
        self.bin().join("python3")
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// The folder of mitogen's strategy plugins, for Ansible's setting of that name.
    pub fn mitogen_strategies(&self) -> Result<PathBuf> {
        let script = "import ansible_mitogen, os; print(os.path.dirname(ansible_mitogen.__file__))";
        let package = Run::new(self.python()).args(["-c", script]).output()?;
        Ok(Path::new(package.trim()).join("plugins/strategy"))
    }

    /// What has to be installed, as pip wants it said.
    fn missing(&self, packages: &[(&str, &str)]) -> Vec<String> {
        let script = "import importlib.metadata as m, sys\nfor n in sys.argv[1:]:\n  try: print(m.version(n))\n  except m.PackageNotFoundError: print('-')";
        let names = packages.iter().map(|(name, _)| name);
        let found =
            Run::new(self.python()).args(["-c", script]).args(names).output().unwrap_or_default();
        let mut found = found.lines();
        packages
            .iter()
            .filter(|(_, version)| found.next() != Some(version))
            .map(|(name, version)| format!("{name}=={version}"))
            .collect()
    }
}
