//! Which plans were applied: each may be, once.
//!
//! A plan leaves a file of its name in the state folder before anything of it is done. That the file must not have been there makes
//! sure that of two who apply the same plan at once, one is refused.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The folder in the state folder.
const FOLDER: &str = "applied-plans";

/// What was noted when the plan was applied; none where it was not.
pub fn spent(state: &Path, id: &str) -> io::Result<Option<String>> {
    match fs::read_to_string(path(state, id)) {
        Ok(note) => Ok(Some(note.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Notes that the plan is applied now. False where it was before.
pub fn spend(state: &Path, id: &str, note: &str) -> io::Result<bool> {
    DirBuilder::new().recursive(true).mode(0o700).create(state.join(FOLDER))?;
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path(state, id));
    let mut file = match opened {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        opened => opened?,
    };
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_all()?;
    Ok(true)
}

fn path(state: &Path, id: &str) -> PathBuf {
    state.join(FOLDER).join(id)
}
