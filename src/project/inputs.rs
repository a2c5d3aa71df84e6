//! What of the project was read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use converge_host::blob::Digest;

use crate::project::files::tidy;

/// The files that a plan rests on, by the digests of their bytes as they are on disk: of a vault, those of the encrypted text.
#[derive(Debug, Default)]
pub struct Inputs {
    files: Mutex<BTreeMap<PathBuf, Digest>>,
}

impl Inputs {
    /// Notes that a file was read. Of a file that is read again, the first reading counts.
    pub fn note(&self, path: &Path, bytes: &[u8]) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(tidy(path)).or_insert_with(|| Digest::of(bytes));
    }

    /// The same of a file whose digest is known.
    pub fn note_digest(&self, path: &Path, digest: Digest) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.entry(tidy(path)).or_insert(digest);
    }

    /// Every file that was read so far.
    pub fn all(&self) -> BTreeMap<PathBuf, Digest> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
