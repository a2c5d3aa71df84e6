//! Which project of which repository a folder is.

use std::path::{Path, PathBuf};

use git2::{Oid, Repository};

/// Where a folder lies in its git tree; none where it is in none.
pub fn prefix(folder: &Path) -> Option<PathBuf> {
    let repository = Repository::discover(folder).ok()?;
    let tree = repository.workdir()?.canonicalize().ok()?;
    let folder = folder.canonicalize().ok()?;
    folder.strip_prefix(&tree).ok().map(Path::to_path_buf)
}

/// Whether the repository of a folder has a commit.
pub fn has_commit(folder: &Path, commit: &str) -> bool {
    let find = || {
        let repository = Repository::discover(folder).ok()?;
        let id = Oid::from_str(commit).ok()?;
        Some(repository.find_commit(id).is_ok())
    };
    find().unwrap_or(false)
}
