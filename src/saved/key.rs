//! The key that plans are sealed with.
//!
//! It makes the digests in a plan useless to whoever guesses what was digested, and tells a plan that was changed by hand. By default
//! it is made once and kept in the user's state folder; to apply plans elsewhere, both sides are given the same file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::saved::SavedError;

/// The name of the file in the state folder.
const FILE: &str = "plan.key";

/// The key that plans are sealed with.
pub struct PlanKey(Zeroizing<[u8; 32]>);

impl PlanKey {
    /// The key in `given`, or else the one in the state folder, which is made where there is none yet.
    pub fn open(state: Option<&Path>, given: Option<&Path>) -> Result<Self, SavedError> {
        let told = |path: &Path| {
            let path = path.display().to_string();
            move |error: io::Error| SavedError::NoKey { why: format!("`{path}`: {error}") }
        };
        if let Some(given) = given {
            return read(given).map_err(told(given));
        }
        let Some(folder) = state else {
            return Err(SavedError::NoKey { why: "there is no folder for it".into() });
        };
        let file = folder.join(FILE);
        match read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(folder, &file).and_then(|()| read(&file)).map_err(told(&file))
            }
            read => read.map_err(told(&file)),
        }
    }

    /// The key in `given`, or else the one in the state folder, if there is one that can be read.
    pub fn existing(state: Option<&Path>, given: Option<&Path>) -> Option<Self> {
        match given {
            Some(given) => read(given).ok(),
            None => read(&state?.join(FILE)).ok(),
        }
    }

    /// What tells it from other keys, and nothing else.
    pub fn name(&self) -> String {
        self.digest("name", b"").chars().take(16).collect()
    }

    /// The keyed digest of some bytes in hexadecimal digits. The same bytes have other digests for other purposes.
    pub fn digest(&self, purpose: &str, bytes: &[u8]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*self.0) else { return String::new() };
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(bytes);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn read(path: &Path) -> io::Result<PlanKey> {
    let bytes = Zeroizing::new(fs::read(path)?);
    let bytes = bytes.trim_ascii();
    if bytes.len() < 32 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a key has at least 32 bytes"));
    }
    Ok(PlanKey(Zeroizing::new(Sha256::digest(bytes).into())))
}

/// Makes a key that nobody has, unless another process was faster.
fn make(folder: &Path, file: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let random: [u8; 32] = rand::random();
    let text: Zeroizing<String> =
        Zeroizing::new(random.iter().map(|byte| format!("{byte:02x}")).collect());
    let temporary = folder.join(format!(".{FILE}.{:016x}", rand::random::<u64>()));
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = new
        .write_all(text.as_bytes())
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::hard_link(&temporary, file));
    fs::remove_file(&temporary)?;
    match written {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}
