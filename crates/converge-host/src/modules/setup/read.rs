//! Reading small files: what is not there, or refused, is a fact that can't be told, and never an error.

use std::path::Path;

use crate::data::Data;
use crate::host::{Command, Host, Look, Node, NodeKind};

/// Reads a host for facts.
pub(super) struct Reader<'h> {
    pub(super) host: &'h dyn Host,
}

impl<'h> Reader<'h> {
    pub(super) fn new(host: &'h dyn Host) -> Self {
        Self { host }
    }

    /// The text of a file.
    pub(super) fn text(&self, path: impl AsRef<Path>) -> Option<String> {
        let blob = self.host.content(path.as_ref()).ok()?;
        Some(String::from_utf8_lossy(blob.bytes.as_deref()?).into_owned())
    }

    /// The text of a file without the white space around it.
    pub(super) fn word(&self, path: impl AsRef<Path>) -> Option<String> {
        self.text(path).map(|text| text.trim().to_owned())
    }

    /// The same, with nothing where there is only white space.
    pub(super) fn some_word(&self, path: impl AsRef<Path>) -> Option<String> {
        self.word(path).filter(|word| !word.is_empty())
    }

    /// The number in a file.
    pub(super) fn number(&self, path: impl AsRef<Path>) -> Option<i64> {
        self.word(path)?.parse().ok()
    }

    /// What stands at a path, links followed.
    pub(super) fn node(&self, path: impl AsRef<Path>) -> Option<Node> {
        match self.host.resolve(path.as_ref()).ok()?.1 {
            Look::Is(node) => Some(node),
            Look::Absent | Look::Unknown(_) => None,
        }
    }

    /// Whether anything stands at a path.
    pub(super) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.host.exists(path.as_ref()).unwrap_or(false)
    }

    /// Where a symbolic link points.
    pub(super) fn link(&self, path: impl AsRef<Path>) -> Option<String> {
        match self.host.look(path.as_ref()).ok()? {
            Look::Is(Node { kind: NodeKind::Link(target), .. }) => {
                Some(target.display().to_string())
            }
            _ => None,
        }
    }

    /// The names in a directory.
    pub(super) fn names(&self, path: impl AsRef<Path>) -> Vec<String> {
        self.host.list(path.as_ref()).unwrap_or_default()
    }

    /// Whether a program is there.
    pub(super) fn has(&self, program: &str) -> bool {
        matches!(self.host.program(program), Ok(Some(_)))
    }

    /// What a command prints, where it succeeds.
    pub(super) fn output(&self, argv: &[&str]) -> Option<String> {
        let output = self.host.observe(&Command::new(argv.iter().copied())).ok()?;
        output.ok().then(|| output.text())
    }
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A value, or what Ansible says where there is none.
pub(super) fn or_na(value: Option<String>) -> Data {
    Data::Str(value.unwrap_or_else(|| "NA".into()))
}
