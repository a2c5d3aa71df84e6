//! Editing what is encrypted, in a file that only its owner can read and that is gone afterwards.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use zeroize::Zeroizing;

use crate::diagnostic::Diagnostic;

/// The editor where the environment names none.
const EDITOR: &str = "vi";

/// What is left when the user closes the editor; none where it is what it was before.
pub(super) fn edit(
    file: &Path,
    before: &[u8],
    editor: Option<&str>,
) -> Result<Option<Zeroizing<Vec<u8>>>, Diagnostic> {
    let refuse = |why: String| Diagnostic::error(format!("can't edit `{}`: {why}", file.display()));
    let failed = |error: std::io::Error| refuse(error.to_string());
    let words = shlex::split(editor.unwrap_or(EDITOR)).unwrap_or_default();
    let [program, args @ ..] = words.as_slice() else {
        return Err(refuse("the environment names an empty editor".to_owned()));
    };
    // A folder of its own, because editors leave copies beside the file.
    let folder = tempfile::tempdir().map_err(failed)?;
    let name = file.file_name().unwrap_or("vault".as_ref());
    let copy = folder.path().join(name);
    let mut open = fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut written = open.write(true).create_new(true).open(&copy).map_err(failed)?;
    written.write_all(before).map_err(failed)?;
    drop(written);
    let status = Command::new(program).args(args).arg(&copy).status();
    let status = status.map_err(|error| refuse(format!("`{program}` can't be run: {error}")))?;
    let after = fs::read(&copy).map(Zeroizing::new).map_err(failed);
    wipe(&copy).map_err(failed)?;
    if !status.success() {
        return Err(
            refuse(format!("`{program}` ended with {status}")).help("the file is as it was")
        );
    }
    after.map(|after| (after.as_slice() != before).then_some(after))
}

/// Overwrites a file before it is removed with its folder.
fn wipe(file: &Path) -> std::io::Result<()> {
    let Ok(meta) = fs::metadata(file) else { return Ok(()) };
    let mut open = fs::OpenOptions::new().write(true).open(file)?;
    let zeros = vec![0; usize::try_from(meta.len()).unwrap_or_default()];
    open.write_all(&zeros)?;
    open.sync_all()
}
