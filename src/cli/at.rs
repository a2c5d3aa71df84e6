//! `--at REV`: the project as of a commit, written out beside the working tree, which is left alone.
//!
//! Everything that git holds comes from the commit: playbooks, roles, inventories, `ansible.cfg`. What it does not hold and must
//! not, passwords and keys, comes from the working tree, and so does what is named in a file on the command line.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};

use crate::cli::environment::Environment;
use crate::cli::options::Request;
use crate::diagnostic::Diagnostic;
use crate::git::{self, GitError, Resolved};
use crate::project::{self, Config, Disk};

/// The folder below the state folder.
const FOLDER: &str = "trees";

/// Trees that nobody used for so long are removed.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// A commit that was written out. It stays for as long as this lives.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// Where it is.
    top: PathBuf,
    /// The working tree of the repository.
    work_tree: PathBuf,
    /// The project in the working tree.
    root: PathBuf,
    /// The folder that converge was called in.
    here: PathBuf,
    /// The commit.
    pub(crate) resolved: Resolved,
    /// Submodules, which a commit only names.
    pub(crate) left_out: Vec<PathBuf>,
    /// Keeps others from removing it.
    _lock: File,
}

impl Checkout {
    /// Writes out what a revision names.
    pub(crate) fn new(environment: &Environment, revision: &str) -> Result<Self, Diagnostic> {
        let here = environment.here.canonicalize().unwrap_or_else(|_| environment.here.clone());
        let root = project::find(&here, &Disk);
        let prefix = git::prefix(&here).ok_or_else(|| {
            Diagnostic::error(format!("`--at {revision}` needs a git repository"))
                .help(format!("`{}` lies in none", here.display()))
        })?;
        let resolved = git::resolve(&here, revision).map_err(told)?;
        let work_tree = here.ancestors().nth(prefix.components().count()).unwrap_or(&here);
        let state = environment.state.as_deref().ok_or_else(|| {
            Diagnostic::error("there is no folder for the state of converge")
                .help("set HOME or XDG_STATE_HOME")
        })?;
        let folder = state.join(FOLDER);
        let failed = |error: io::Error| {
            let folder = folder.display();
            Diagnostic::error(format!("the commit can't be written out in `{folder}`: {error}"))
        };
        let folder = git::private(&folder).map_err(failed)?;
        tidy(&folder);
        let top = folder.join(&resolved.commit);
        let write = || git::write_out(&here, &resolved.commit, &top);
        let (lock, left_out) = claim(&folder, &resolved.commit, &top, &write)?;
        let (work_tree, left_out) = (work_tree.to_owned(), left_out);
        Ok(Self { top, work_tree, root, here, resolved, left_out, _lock: lock })
    }

    /// The project's folder in the working tree: what everybody calls it.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder in the commit that corresponds to the one that converge was called in, or the nearest one above it.
    pub(crate) fn here(&self) -> PathBuf {
        let mut here = self.inside(&self.here).unwrap_or_else(|| self.top.clone());
        while !here.is_dir() && here.pop() {}
        here
    }

    /// Where a file of the working tree is in the commit.
    pub(crate) fn inside(&self, path: &Path) -> Option<PathBuf> {
        let whole = self.here.join(path);
        let real =
            match (whole.parent().and_then(|parent| parent.canonicalize().ok()), whole.file_name())
            {
                (Some(parent), Some(name)) => parent.join(name),
                _ => whole,
            };
        real.strip_prefix(&self.work_tree).ok().map(|rest| self.top.join(rest))
    }

    /// The path in the repository of a file that was read.
    pub(crate) fn in_repository(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.top).ok().map(Path::to_path_buf)
    }

    /// What the working tree has where the commit has nothing: for secrets, which are not in git.
    fn fallback(&self, path: &Path) -> Option<PathBuf> {
        let rest = path.strip_prefix(&self.top).ok()?;
        let working = self.work_tree.join(rest);
        (!path.exists() && working.exists()).then_some(working)
    }

    /// Lets passwords and keys that are not in the commit come from the working tree, and roles and inventories that the
    /// configuration names by their whole paths from the commit.
    pub(crate) fn settle(&self, config: &mut Config) {
        let secret = |path: &mut PathBuf| {
            if let Some(working) = self.fallback(path) {
                *path = working;
            }
        };
        config.vault.password_file.as_mut().map(secret);
        config.private_key_file.as_mut().map(secret);
        for identity in &mut config.vault.identities {
            let (label, file) = match identity.split_once('@') {
                Some((label, file)) => (format!("{label}@"), file),
                None => (String::new(), identity.as_str()),
            };
            if let Some(working) = self.fallback(Path::new(file)) {
                *identity = format!("{label}{}", working.display());
            }
        }
        for path in config.roles_path.iter_mut().chain(&mut config.inventory) {
            if let Some(inside) = self.inside(path).filter(|_| !path.starts_with(&self.top)) {
                *path = inside;
            }
        }
    }

    /// Lets the paths that were typed mean what they mean in the commit.
    pub(crate) fn retell(&self, request: &mut Request) {
        request.out = request.out.take().map(|out| self.here.join(out));
        for playbook in request.playbooks.iter_mut().filter(|path| path.is_absolute()) {
            *playbook = self.inside(playbook).unwrap_or_else(|| playbook.clone());
        }
        for inventory in &mut request.inventory {
            let path = Path::new(inventory.as_str());
            let moved = match self.inside(path) {
                _ if inventory.contains(',') => None,
                Some(inside) if path.is_absolute() => Some(inside),
                // Outside of the repository there is no commit.
                None if self.here.join(path).exists() => Some(self.here.join(path)),
                _ => None,
            };
            if let Some(moved) = moved {
                *inventory = moved.display().to_string();
            }
        }
        let given = request.extra_vars.iter_mut().chain(&mut request.selection.limit);
        for text in given {
            let Some(file) = text.strip_prefix('@') else { continue };
            let inside = self.inside(Path::new(file)).filter(|inside| inside.exists());
            let working = self.here.join(file);
            *text = format!("@{}", inside.unwrap_or(working).display());
        }
    }
}

/// The tree of a commit, written anew unless another process uses it right now.
fn claim(
    folder: &Path,
    commit: &str,
    top: &Path,
    write: &dyn Fn() -> Result<Vec<PathBuf>, GitError>,
) -> Result<(File, Vec<PathBuf>), Diagnostic> {
    let file = folder.join(format!("{commit}.lock"));
    let failed = |error: io::Error| {
        Diagnostic::error(format!("the commit can't be written out: `{}`: {error}", file.display()))
    };
    let lock = File::options().create(true).append(true).open(&file).map_err(failed)?;
    let mut left_out = Vec::new();
    loop {
        let mut written = None;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove(top).map_err(failed)?;
            git::private(top).map_err(failed)?;
            left_out = write().map_err(|error| {
                // Half a tree is worse than none.
                let _ = remove(top);
                told(error)
            })?;
            written = Some(inode(top).map_err(failed)?);
        }
        flock(&lock, FlockOperation::LockShared).map_err(|error| failed(error.into()))?;
        // Between the two locks another process may have begun anew.
        match (inode(top), written) {
            (Ok(found), Some(inode)) if found == inode => break,
            (Ok(_), None) => break,
            _ => flock(&lock, FlockOperation::Unlock).map_err(|error| failed(error.into()))?,
        }
    }
    Ok((lock, left_out))
}

/// Removes trees that nobody uses any more. What does not work out is tried again by the next one.
fn tidy(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|time| SystemTime::now().duration_since(time).is_ok_and(|age| age > OLD));
        if !old || path.extension().is_some() {
            continue;
        }
        let lock = File::options().create(true).append(true).open(path.with_extension("lock"));
        if lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok()) {
            let _ = remove(&path);
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn inode(path: &Path) -> io::Result<u64> {
    Ok(fs::metadata(path)?.ino())
}

pub(crate) fn told(error: GitError) -> Diagnostic {
    Diagnostic::error(error.to_string())
}
