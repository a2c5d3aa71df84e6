//! Where the history is kept, for its user only.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The folder of the history by the [XDG base directories](https://specifications.freedesktop.org/basedir-spec/latest/):
/// `$XDG_STATE_HOME/converge`, or `~/.local/state/converge` where that is not an absolute path.
pub fn folder(state_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    state_home
        .and_then(absolute)
        .or_else(|| home.and_then(absolute).map(|home| home.join(".local/state")))
        .map(|state| state.join("converge"))
}

/// Makes the folder and the file, and takes the rights of others off the file.
pub(super) fn make(folder: &Path, file: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{folder, make};

    fn check(state_home: Option<&str>, home: Option<&str>, expected: Option<&str>) {
        let found = folder(state_home.map(Into::into), home.map(Into::into));
        assert_eq!(found, expected.map(Into::into), "{state_home:?} {home:?}");
    }

    #[test]
    fn by_the_xdg_base_directories() {
        check(Some("/state"), Some("/home/a"), Some("/state/converge"));
        check(None, Some("/home/a"), Some("/home/a/.local/state/converge"));
        check(Some("relative"), Some("/home/a"), Some("/home/a/.local/state/converge"));
        check(Some(""), Some("/home/a"), Some("/home/a/.local/state/converge"));
        check(None, None, None);
    }

    #[test]
    fn nobody_else_may_read_it() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("state/converge");
        let file = folder.join("h");
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        make(&folder, &file).unwrap();
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        make(&folder, &file).unwrap();
        assert_eq!(mode(&file), 0o600);
    }
}
