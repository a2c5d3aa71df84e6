//! What a playbook left in its folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Text up to this many bytes is kept as it is, because a difference in a digest explains nothing.
const SMALL: usize = 2000;

/// What is at one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Entry {
    /// A folder.
    Folder {
        /// Four octal digits.
        mode: String,
    },
    /// A regular file with its text.
    File {
        /// Four octal digits.
        mode: String,
        /// The content.
        text: String,
    },
    /// A regular file that is large, or no text.
    #[serde(rename = "file")]
    Large {
        /// Four octal digits.
        mode: String,
        /// The hexadecimal SHA-256 of the content.
        sha256: String,
    },
    /// A symbolic link.
    Link {
        /// Where it leads to.
        target: String,
    },
}

/// Everything below `dir`, by its path from there. In texts and targets `mask` is applied.
pub fn read(dir: &Path, mask: &dyn Fn(&str) -> String) -> Result<BTreeMap<String, Entry>> {
    let mut found = BTreeMap::new();
    walk(dir, dir, mask, &mut found).with_context(|| format!("cannot read `{}`", dir.display()))?;
    Ok(found)
}

fn walk(
    top: &Path,
    dir: &Path,
    mask: &dyn Fn(&str) -> String,
    found: &mut BTreeMap<String, Entry>,
) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.strip_prefix(top).unwrap_or(&path).to_string_lossy().into_owned();
        let metadata = fs::symlink_metadata(&path)?;
        let mode = format!("{:04o}", metadata.permissions().mode() & 0o7777);
        let kind = if metadata.is_dir() {
            walk(top, &path, mask, found)?;
            Entry::Folder { mode }
        } else if metadata.is_symlink() {
            Entry::Link { target: mask(&fs::read_link(&path)?.to_string_lossy()) }
        } else {
            content(&path, mode, metadata.size(), mask)?
        };
        found.insert(name, kind);
    }
    Ok(())
}

fn content(
    path: &Path,
    mode: String,
    size: u64,
    mask: &dyn Fn(&str) -> String,
) -> io::Result<Entry> {
    let bytes = fs::read(path)?;
    match String::from_utf8(bytes) {
        Ok(text) if size <= SMALL as u64 => Ok(Entry::File { mode, text: mask(&text) }),
        Ok(text) => Ok(Entry::Large { mode, sha256: digest(text.as_bytes()) }),
        Err(error) => Ok(Entry::Large { mode, sha256: digest(error.as_bytes()) }),
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
