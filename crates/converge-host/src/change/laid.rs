//! A content that lies in a private file for as long as a program needs it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::host::Command;
use crate::host::real::files::refused;
use crate::stop::Result;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A file in a folder of its own, which goes when this goes.
pub(crate) struct Laid {
    folder: PathBuf,
    path: PathBuf,
}

impl Laid {
    /// Writes the content under a name in a folder that nobody else may enter.
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Result<Self> {
        let name = Path::new(name).file_name().unwrap_or("file".as_ref());
        let base = std::env::temp_dir();
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let folder = base.join(format!(".converge-{}-{number}", process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&folder) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                other => other.map_err(|error| refused("make the directory", &folder, &error))?,
            }
            let laid = Self { path: folder.join(name), folder };
            let write = || -> io::Result<()> {
                let mut options = File::options();
                options.write(true).create_new(true).mode(0o700);
                options.open(&laid.path)?.write_all(bytes)
            };
            write().map_err(|error| refused("write", &laid.path, &error))?;
            return Ok(laid);
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A command with the path for each word `%s`.
    pub(super) fn in_command(&self, command: &Command) -> Command {
        let path = self.path.display().to_string();
        let mut command = command.clone();
        command
            .argv
            .iter_mut()
            .filter(|word| *word == "%s")
            .for_each(|word| word.clone_from(&path));
        command
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        // What can't be removed is private and in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
