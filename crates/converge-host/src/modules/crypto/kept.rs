//! The file that a module of this family keeps.

use std::path::Path;

use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind, Maker};
use crate::der::pem;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::file::remove;
use crate::modules::files::{Attributes, Subject};
use crate::stop::{Result, Stop, Why};

/// A file that is kept.
pub(super) struct Kept<'k> {
    pub(super) path: &'k Path,
    pub(super) attributes: &'k Attributes,
    pub(super) backup: bool,
    /// The permission bits of a new file, where none are asked for.
    pub(super) mode: Option<u32>,
    /// Whether nothing of its content is shown or looked at.
    pub(super) private: bool,
}

impl<'k> Kept<'k> {
    /// A file that may be shown, with the bits of any new file.
    pub(super) fn of(path: &'k Path, attributes: &'k Attributes, backup: bool) -> Self {
        Self { path, attributes, backup, mode: None, private: false }
    }
}

impl Kept<'_> {
    /// What stands there, links followed; a directory is an error.
    pub(super) fn subject<'h>(&self, host: &'h dyn Host) -> Result<Subject<'h>> {
        let subject = Subject::followed(self.path, host)?;
        match &subject.look {
            Look::Is(Node { kind: NodeKind::Dir, .. }) => Err(Stop::failed(format!(
                "`{}` is a directory, and a file is to be written there",
                self.path.display()
            ))),
            Look::Absent => {
                subject.need_folder()?;
                Ok(subject)
            }
            _ => Ok(subject),
        }
    }

    /// The text that stands there; none where there is no file.
    pub(super) fn text(&self, host: &dyn Host) -> Result<Option<String>> {
        let subject = self.subject(host)?;
        match subject.look {
            Look::Absent => Ok(None),
            Look::Unknown(why) => Err(Stop::Unknown(why)),
            Look::Is(_) => {
                let blob = host.content(&subject.path)?;
                Ok(Some(String::from_utf8_lossy(&host.fetch(&blob)?).into_owned()))
            }
        }
    }

    /// The file is made by a program.
    pub(super) fn made(
        &self,
        maker: Maker,
        why: &str,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        self.write(FileKind::Open(Why(why.to_owned())), Some(maker), host, changes)
    }

    /// The file has this content, or one that only performing can tell.
    pub(super) fn write(
        &self,
        kind: FileKind,
        maker: Option<Maker>,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let subject = self.subject(host)?;
        let before = if self.private { subject.before() } else { subject.before_with_content()? };
        let mut after = subject.after(kind)?;
        if let (Before::Absent, Some(mode)) = (&before, self.mode) {
            after.mode = Some(mode);
        }
        self.attributes.onto(&subject.path, &mut after, host)?;
        if before != Before::Is(after.clone()) {
            changes.push(Change::File(FileChange {
                backup: self.backup,
                unsafe_writes: self.attributes.unsafe_writes,
                maker: maker.map(Box::new),
                private: self.private,
                ..FileChange::new(&subject.path, before, Some(after))
            }));
        }
        Ok(())
    }

    /// The file has this text.
    pub(super) fn holds(&self, text: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.write(FileKind::File(Blob::new(text.as_bytes())), None, host, changes)
    }

    /// The file stays, with its attributes.
    pub(super) fn stays(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.subject(host)?.give(self.attributes, changes)
    }

    /// The file goes.
    pub(super) fn goes(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        remove(&Subject::at(self.path, host)?, host, changes)?;
        for change in &mut changes.list {
            if let Change::File(file) = change {
                file.backup = self.backup;
                file.private = self.private;
            }
        }
        Ok(())
    }
}

/// The bytes of the first block of some labels in a text.
pub(super) fn unpem(text: &str, labels: &[&str]) -> Option<Vec<u8>> {
    blocks(text, labels).into_iter().next()
}

/// The bytes of every block of some labels.
pub(super) fn blocks(text: &str, labels: &[&str]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        rest = &rest[at + 11..];
        let Some((label, after)) = rest.split_once("-----") else { break };
        let Some(end) = after.find("-----END ") else { break };
        if labels.contains(&label) {
            let digits: String =
                after[..end].chars().filter(|letter| !letter.is_whitespace()).collect();
            found.extend(crate::base64::decode(&digits));
        }
        rest = &after[end..];
    }
    found
}

/// A block as it is kept in a file.
pub(super) fn block(label: &str, bytes: &[u8]) -> String {
    pem(label, bytes)
}
