//! What a commit holds, read from git's objects: nothing of it depends on the working tree.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use converge_host::blob::Digest;
use git2::{Commit, ErrorCode, Repository, StatusOptions, Tree};

use crate::git::revision::how;
use crate::git::{Dirty, GitError, Revision};

/// The modes that git gives to what is in a tree.
const PROGRAM: i32 = 0o100_755;
const LINK: i32 = 0o120_000;
const FOLDER: i32 = 0o040_000;
const SUBMODULE: i32 = 0o160_000;

/// Something in a commit's tree that is no folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its path in the repository.
    pub path: PathBuf,
    /// Its mode, as git writes it.
    pub mode: i32,
    /// Its object, in hexadecimal digits.
    pub object: String,
}

/// A commit that a revision names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Its state as that of a project, which nothing differs from.
    pub revision: Revision,
    /// The whole name of the commit.
    pub commit: String,
    /// When it was made, in seconds since 1970.
    pub made: i64,
}

/// The commit that a revision names, by gitrevisions(7).
pub fn resolve(folder: &Path, revision: &str) -> Result<Resolved, GitError> {
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let repository = Repository::discover(folder).map_err(fail)?;
    let unknown =
        || GitError::Unknown { revision: revision.to_owned(), shallow: repository.is_shallow() };
    let found = match repository.revparse_single(revision) {
        Ok(found) => found,
        Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => {
            return Err(unknown());
        }
        Err(error) => return Err(fail(error)),
    };
    let commit = found.peel_to_commit().map_err(|_| unknown())?;
    let short = commit.as_object().short_id().map_err(fail)?;
    let id = commit.id().to_string();
    Ok(Resolved {
        revision: Revision {
            commit: Some(id.clone()),
            short: Some(String::from_utf8_lossy(&short).into_owned()),
            branch: None,
            dirty: Vec::new(),
        },
        commit: id,
        made: commit.committer().when().seconds(),
    })
}

/// Everything that a commit holds, in the order of the paths.
pub fn entries(folder: &Path, commit: &str) -> Result<Vec<Entry>, GitError> {
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let repository = Repository::discover(folder).map_err(fail)?;
    let tree = find(&repository, commit).and_then(|commit| commit.tree()).map_err(fail)?;
    let mut entries = Vec::new();
    list(&repository, &tree, Path::new(""), &mut entries).map_err(fail)?;
    entries.sort();
    Ok(entries)
}

/// A file that a commit does not hold with this content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// Its path in the repository.
    pub path: PathBuf,
    /// Its content.
    pub digest: Digest,
    /// Whether the commit holds it with another content.
    pub held: bool,
}

/// Those of the files, by their paths in the repository, that a commit does not hold with these contents.
pub fn unlike(
    folder: &Path,
    commit: &str,
    files: Vec<(PathBuf, Digest)>,
) -> Result<Vec<Unlike>, GitError> {
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let repository = Repository::discover(folder).map_err(fail)?;
    let tree = find(&repository, commit).and_then(|commit| commit.tree()).map_err(fail)?;
    let mut unlike = Vec::new();
    for (path, digest) in files {
        let blob = tree.get_path(&path).and_then(|entry| repository.find_blob(entry.id()));
        let held = blob.is_ok();
        if !blob.is_ok_and(|blob| Digest::of(blob.content()) == digest) {
            unlike.push(Unlike { path, digest, held });
        }
    }
    Ok(unlike)
}

/// Whether the history of a clone was cut off.
pub fn is_shallow(folder: &Path) -> bool {
    Repository::discover(folder).is_ok_and(|repository| repository.is_shallow())
}

/// Everything in the whole repository that differs from the commit, submodules included.
pub fn unclean(folder: &Path) -> Result<Vec<Dirty>, GitError> {
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let repository = Repository::discover(folder).map_err(fail)?;
    let mut options = StatusOptions::new();
    options.include_untracked(true).exclude_submodules(false);
    let statuses = repository.statuses(Some(&mut options)).map_err(fail)?;
    let mut dirty: Vec<Dirty> = statuses
        .iter()
        .filter_map(|entry| {
            let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
            Some(Dirty { path, how: how(entry.status())? })
        })
        .collect();
    dirty.sort();
    Ok(dirty)
}

/// Writes everything that a commit holds into an empty folder, and says which submodules were left out.
///
/// # Errors
/// A commit that is not whole, a name that leads out of the folder, and what the system says.
pub fn write_out(folder: &Path, commit: &str, into: &Path) -> Result<Vec<PathBuf>, GitError> {
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let repository = Repository::discover(folder).map_err(fail)?;
    let mut submodules = Vec::new();
    for entry in entries(folder, commit)? {
        let refuse = |why: String| GitError::Failed {
            folder: folder.to_owned(),
            why: format!("`{}` can't be written out: {why}", entry.path.display()),
        };
        if entry.mode == SUBMODULE {
            submodules.push(entry.path);
            continue;
        }
        let strange = |name: &OsStr| {
            let lower = name.as_bytes().to_ascii_lowercase();
            matches!(lower.as_slice(), b"." | b".." | b".git" | b"")
        };
        if entry.path.iter().any(strange) || entry.path.is_absolute() {
            return Err(refuse("it has a name that leads elsewhere".into()));
        }
        let id = git2::Oid::from_str(&entry.object).map_err(fail)?;
        let blob = repository.find_blob(id).map_err(fail)?;
        let path = into.join(&entry.path);
        put(&path, entry.mode, blob.content()).map_err(|error| refuse(error.to_string()))?;
    }
    Ok(submodules)
}

fn put(path: &Path, mode: i32, content: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        // Through a link that the same commit holds, a file would land elsewhere.
        if parent.canonicalize()? != parent {
            return Err(io::Error::other("its folder is a link"));
        }
    }
    if mode == LINK {
        return symlink(OsStr::from_bytes(content), path);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    // What is copied to hosts may keep its mode, which must not depend on who has it here: `into` keeps others away.
    file.set_permissions(Permissions::from_mode(if mode == PROGRAM { 0o755 } else { 0o644 }))
}

/// Makes a folder for this user only, where it is not there.
pub(crate) fn private(folder: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::canonicalize(folder)
}

fn find<'r>(repository: &'r Repository, commit: &str) -> Result<Commit<'r>, git2::Error> {
    repository.find_commit(git2::Oid::from_str(commit)?)
}

fn list(
    repository: &Repository,
    tree: &Tree<'_>,
    folder: &Path,
    entries: &mut Vec<Entry>,
) -> Result<(), git2::Error> {
    for entry in tree {
        let path = folder.join(OsStr::from_bytes(entry.name_bytes()));
        if entry.filemode() == FOLDER {
            list(repository, &repository.find_tree(entry.id())?, &path, entries)?;
        } else {
            let (mode, object) = (entry.filemode(), entry.id().to_string());
            entries.push(Entry { path, mode, object });
        }
    }
    Ok(())
}
