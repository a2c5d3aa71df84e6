//! What a commit holds, in one digest.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::git::{self, GitError};

/// The digest of everything that a commit holds but for what belongs to one environment alone: the paths below `own`, from the top of
/// the repository. It is made of git's objects, so it needs no working tree, and no history either.
pub fn digest(folder: &Path, commit: &str, own: &[PathBuf]) -> Result<String, GitError> {
    let mut hasher = Sha256::new();
    for entry in git::entries(folder, commit)? {
        if own.iter().any(|own| entry.path.starts_with(own)) {
            continue;
        }
        hasher.update(format!("{:o} {} ", entry.mode, entry.object));
        hasher.update(entry.path.as_os_str().as_bytes());
        hasher.update(b"\0");
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
