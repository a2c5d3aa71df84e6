//! Editing the text of a file.

use std::path::Path;

use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind};
use crate::data::Map;
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::files::{Attributes, Subject};
use crate::stop::{Failure, Result, Stop};

/// Text of a file. Bytes that are no UTF-8 are taken for one letter each, so that they survive unharmed.
pub(crate) struct Text {
    /// The letters.
    pub(crate) letters: String,
    bytewise: bool,
}

impl Text {
    /// Reads bytes.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { letters: text.to_owned(), bytewise: false },
            Err(_) => Self { letters: bytewise(bytes), bytewise: true },
        }
    }

    /// Text from elsewhere, as it would be read in this file.
    pub(crate) fn adapt(&self, text: &str) -> String {
        if self.bytewise { bytewise(text.as_bytes()) } else { text.to_owned() }
    }

    /// The bytes of letters of this file.
    pub(crate) fn bytes(&self, letters: &str) -> Vec<u8> {
        if self.bytewise {
            letters.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
        } else {
            letters.as_bytes().to_vec()
        }
    }
}

fn bytewise(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// How an edited file is written.
pub(crate) struct Edit<'e> {
    pub(crate) path: &'e Path,
    pub(crate) attributes: &'e Attributes,
    pub(crate) backup: bool,
    pub(crate) validate: Option<&'e str>,
}

impl Edit<'_> {
    /// The same for a file that is the project's own: one that is not there now is taken not to be there then either.
    pub(crate) fn open_own<'h>(&self, host: &'h dyn Host) -> Result<(Subject<'h>, Option<Text>)> {
        match self.open(host) {
            Err(Stop::Unknown(_)) => match Subject::followed(self.path, host)? {
                subject if matches!(subject.look, Look::Unknown(_)) => Ok((subject, None)),
                subject => Ok((subject, Some(read(self.path, host)?))),
            },
            other => other,
        }
    }

    /// The same for a file that is made where it is missing: what something planned hardly brings is not there then.
    pub(crate) fn open_or_make<'h>(
        &self,
        make: bool,
        host: &'h dyn Host,
    ) -> Result<(Subject<'h>, Option<Text>)> {
        match self.open(host) {
            Err(Stop::Unknown(why)) if make && !why.may_bring(&self.path.to_string_lossy()) => {
                self.open_own(host)
            }
            other => other,
        }
    }

    /// The file to be edited, links followed, and its text; none where there is no file.
    pub(crate) fn open<'h>(&self, host: &'h dyn Host) -> Result<(Subject<'h>, Option<Text>)> {
        if let Some(validate) = self.validate
            && !validate.contains("%s")
        {
            return Err(Stop::failed(format!(
                "`validate` must name the file as `%s`, which `{validate}` does not"
            )));
        }
        let subject = Subject::followed(self.path, host)?;
        let text = match &subject.look {
            Look::Absent => None,
            Look::Unknown(why) => return Err(Stop::Unknown(why.clone())),
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                return Err(coded(256, format!("`{}` is a directory", self.path.display())));
            }
            Look::Is(_) => Some(read(&subject.path, host)?),
        };
        Ok((subject, text))
    }

    /// Fails for want of a file.
    pub(crate) fn missing(&self, hint: &str) -> Stop {
        coded(257, format!("there is no file `{}`{hint}", self.path.display()))
    }

    /// Asks for the new content and the attributes. Returns whether attributes of a file that was there change.
    pub(crate) fn write(
        &self,
        subject: &Subject<'_>,
        host: &dyn Host,
        bytes: Option<Vec<u8>>,
        changes: &mut Changes,
    ) -> Result<bool> {
        let before = subject.before_with_content()?;
        let kind = match (bytes, before.kind()) {
            (Some(bytes), _) => FileKind::File(Blob::new(bytes)),
            (None, Some(kind)) => kind.clone(),
            (None, None) => return Ok(false),
        };
        let plain = subject.after(kind)?;
        let mut after = plain.clone();
        self.attributes.onto(&subject.path, &mut after, host)?;
        let attributes_change = after != plain;
        if before != Before::Is(after.clone()) {
            changes.push(Change::File(FileChange {
                backup: self.backup,
                validate: self.validate.map(Into::into),
                unsafe_writes: self.attributes.unsafe_writes,
                ..FileChange::new(&subject.path, before, Some(after))
            }));
        }
        Ok(attributes_change)
    }
}

fn read(path: &Path, host: &dyn Host) -> Result<Text> {
    let blob = host.content(path)?;
    Ok(Text::new(&host.fetch(&blob)?))
}

/// A message about text, with what else happened.
pub(crate) fn with_attributes(msg: &str, attributes_change: bool) -> String {
    match (msg, attributes_change) {
        (msg, false) => msg.to_owned(),
        ("", true) => "attributes changed".to_owned(),
        (msg, true) => format!("{msg}, attributes changed"),
    }
}

/// A failure with the number that Ansible returns as `rc`.
fn coded(rc: i64, msg: String) -> Stop {
    let mut results = Map::new();
    results.insert("rc".into(), rc.into());
    Stop::Failed(Failure { msg, results })
}
