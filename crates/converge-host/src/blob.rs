//! File contents, named by their digest so that they need not be sent where they already are.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::host::Principal;

/// Contents of at most this many bytes travel inside the request or reply that names them.
pub const INLINE_LIMIT: u64 = 64 * 1024;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

/// The content of a file: always its digest and size, the bytes where they are at hand.
#[derive(Clone, Serialize, Deserialize)]
pub struct Blob {
    /// The digest of the bytes.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
    /// The bytes, where they travel along.
    pub bytes: Option<Arc<[u8]>>,
}

/// A file or folder of the controller, on its way to a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// The last part of the path it was read from.
    pub name: String,
    /// Whether the path ended in a slash: the contents are meant, not the folder itself.
    pub contents_only: bool,
    /// The entries; a single file is one entry with an empty path, a folder's are relative to it, parents first.
    pub entries: Vec<TreeEntry>,
}

/// One entry of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreeEntry {
    /// Relative to the tree; empty for the single file or the folder itself.
    pub path: PathBuf,
    /// Permission bits as on the controller.
    pub mode: u32,
    /// What it is.
    pub kind: TreeKind,
    /// What else is to be kept of it, where that was asked for.
    pub stamp: Option<Stamp>,
}

/// What of an entry of a [`Tree`] most modules do not look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// When its content changed last.
    pub modified: SystemTime,
    /// Its owner, as named where it is from.
    pub owner: Principal,
    /// Its group.
    pub group: Principal,
}

/// The kinds of entries of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TreeKind {
    /// A regular file.
    File(Blob),
    /// A directory.
    Dir,
    /// A symbolic link and its target.
    Link(PathBuf),
}

impl Digest {
    /// The digest of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// In hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.hex()[..12])
    }
}

impl Blob {
    /// A blob with its bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self { digest: Digest::of(&bytes), size: bytes.len() as u64, bytes: Some(bytes) }
    }

    /// The same blob without its bytes, if it is too large to travel inside another message.
    #[must_use]
    pub fn for_the_wire(&self) -> Self {
        let bytes = if self.size <= INLINE_LIMIT { self.bytes.clone() } else { None };
        Self { digest: self.digest, size: self.size, bytes }
    }

    /// The bytes as text, if they are at hand and are text.
    pub fn text(&self) -> Option<&str> {
        let text = std::str::from_utf8(self.bytes.as_deref()?).ok()?;
        (!text.contains('\0')).then_some(text)
    }
}

impl PartialEq for Blob {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Blob {}

impl fmt::Debug for Blob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Blob({:?}, {} bytes)", self.digest, self.size)
    }
}
