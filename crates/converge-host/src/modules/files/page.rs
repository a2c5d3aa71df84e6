//! A small text file of the system that a module keeps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::args::Mode;
use crate::change::{Change, Changes, FileChange};
use crate::host::{Host, Look};
use crate::modules::files::{Attributes, Edit, Subject, Text, make_folders};
use crate::stop::Result;

/// A text file as it is.
pub(crate) struct Page<'h> {
    host: &'h dyn Host,
    path: PathBuf,
    subject: Subject<'h>,
    text: Option<Text>,
}

impl<'h> Page<'h> {
    /// A file that others keep too: where something planned may bring it, nothing can be told.
    pub(crate) fn open(path: &Path, host: &'h dyn Host) -> Result<Self> {
        let attributes = Attributes::default();
        let (subject, text) = edit(path, &attributes, false).open(host)?;
        Ok(Self { host, path: path.to_owned(), subject, text })
    }

    /// A file that nobody else makes.
    pub(crate) fn own(path: &Path, host: &'h dyn Host) -> Result<Self> {
        let attributes = Attributes::default();
        let (subject, text) = edit(path, &attributes, false).open_own(host)?;
        Ok(Self { host, path: path.to_owned(), subject, text })
    }

    /// Whether it exists, as far as is known.
    pub(crate) fn exists(&self) -> bool {
        self.text.is_some()
    }

    /// Its letters; none of a file that does not exist.
    pub(crate) fn letters(&self) -> &str {
        self.text.as_ref().map_or("", |text| &text.letters)
    }

    /// Asks for these letters and, where one is given, this mode. A mode that is not given is that of the file, or by the umask.
    pub(crate) fn write(
        &self,
        letters: &str,
        mode: Option<&str>,
        backup: bool,
        changes: &mut Changes,
    ) -> Result<()> {
        let attributes = Attributes::default().with_mode(mode.map(|mode| Mode(mode.to_owned())));
        self.write_as(letters, &attributes, backup, changes)
    }

    /// The same with further attributes.
    pub(crate) fn write_as(
        &self,
        letters: &str,
        attributes: &Attributes,
        backup: bool,
        changes: &mut Changes,
    ) -> Result<()> {
        let bytes = match &self.text {
            Some(text) if text.letters == letters => None,
            Some(text) => Some(text.bytes(letters)),
            None => Some(letters.as_bytes().to_vec()),
        };
        if bytes.is_some()
            && matches!(self.subject.look, Look::Absent)
            && let Some(folder) = self.subject.path.parent()
        {
            make_folders(folder, &Attributes::default(), &mut BTreeSet::new(), self.host, changes)?;
        }
        edit(&self.path, attributes, backup).write(&self.subject, self.host, bytes, changes)?;
        Ok(())
    }

    /// Asks for it to go.
    pub(crate) fn remove(&self, backup: bool, changes: &mut Changes) -> Result<()> {
        if !self.exists() {
            return Ok(());
        }
        let before = self.subject.before_with_content()?;
        let change = FileChange { backup, ..FileChange::new(&self.subject.path, before, None) };
        changes.push(Change::File(change));
        Ok(())
    }
}

fn edit<'e>(path: &'e Path, attributes: &'e Attributes, backup: bool) -> Edit<'e> {
    Edit { path, attributes, backup, validate: None }
}
