//! Reading and writing the files of `converge vault`: a file is the old one or the new one, and nobody else may read what is clear.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::diagnostic::Diagnostic;

/// Standard input or output.
pub(super) const DASH: &str = "-";

/// What is in a file, or in standard input.
pub(super) fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = if file == Path::new(DASH) {
        io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        fs::File::open(file).and_then(|mut opened| opened.read_to_end(&mut bytes)).map(drop)
    };
    read.map_err(|error| refuse("read", file, &error))?;
    Ok(bytes)
}

/// Puts a file in the place of the old one, with its mode; one that was not there is its owner's only.
pub(super) fn write(file: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    if file == Path::new(DASH) {
        let mut output = io::stdout().lock();
        let written = output.write_all(bytes).and_then(|()| output.flush());
        return written.map_err(|error| refuse("write", file, &error));
    }
    replace(file, bytes).map_err(|error| refuse("write", file, &error))
}

fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link leads to is replaced, and not the link.
    let target = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mode = fs::metadata(&target).map_or(0o600, |meta| meta.permissions().mode() & 0o7777);
    let mut new = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    new.write_all(bytes)?;
    new.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    new.as_file().sync_all()?;
    new.persist(&target).map_err(|error| error.error)?;
    Ok(())
}

fn refuse(verb: &str, file: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::error(format!("can't {verb} `{}`: {error}", file.display()))
}
