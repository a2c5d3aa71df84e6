//! One content put in one place: what `copy` and `template` have in common.

use std::collections::BTreeSet;
use std::path::Path;

use crate::args::Mode;
use crate::blob::Blob;
use crate::change::{Before, Change, Changes, FileChange, FileKind};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::copy::checksums;
use crate::modules::files::{Attributes, Subject, absolute, make_folders};
use crate::stop::{Failure, Result, Stop, Why};

/// Where contents go and how.
pub(crate) struct Placing<'c> {
    pub(crate) host: &'c dyn Host,
    pub(crate) dest: &'c Path,
    pub(crate) attributes: &'c Attributes,
    pub(crate) directory_mode: Option<&'c Mode>,
    pub(crate) backup: bool,
    pub(crate) force: bool,
    pub(crate) follow: bool,
    pub(crate) validate: Option<&'c str>,
    pub(crate) checksum: Option<&'c str>,
}

/// Where a content comes from.
pub(crate) struct Origin<'o> {
    /// The last part of its path, for a destination that is a folder.
    pub(crate) name: &'o str,
    /// Its path as it was written, for the results.
    pub(crate) shown: &'o str,
    /// Its permission bits, for `mode: preserve`.
    pub(crate) mode: u32,
}

impl Placing<'_> {
    /// Whether the destination is written with a slash at its end.
    pub(crate) fn says_folder(&self) -> bool {
        self.dest.as_os_str().as_encoded_bytes().ends_with(b"/")
    }

    /// A content without a name of its own.
    pub(crate) fn content(&self, blob: &Blob, changes: &mut Changes) -> Result<()> {
        let dest = absolute(self.dest, self.host);
        if self.says_folder() || self.is_folder(&dest)? {
            return Err(Stop::failed(format!(
                "`{}` is a directory, and a content without a name needs the path of a file",
                self.dest.display()
            )));
        }
        self.file(blob, &Origin { name: "", shown: "", mode: 0o644 }, changes)
    }

    /// One file, which may go into a folder by its name.
    pub(crate) fn file(
        &self,
        blob: &Blob,
        origin: &Origin<'_>,
        changes: &mut Changes,
    ) -> Result<()> {
        let mut dest = absolute(self.dest, self.host);
        let mut shown = self.dest.to_path_buf();
        if self.says_folder() {
            make_folders(&dest, &self.of_folders(), &mut BTreeSet::new(), self.host, changes)?;
            (dest, shown) = (dest.join(origin.name), shown.join(origin.name));
        } else if self.is_folder(&dest)? {
            (dest, shown) = (dest.join(origin.name), shown.join(origin.name));
        } else {
            Subject::at(&dest, self.host)?.need_folder()?;
        }
        changes.set("dest", shown.display().to_string());
        if !origin.shown.is_empty() {
            changes.set("src", origin.shown);
        }
        let written = self.one(&dest, blob, self.of_file(origin.mode), changes)?;
        report_content(self, &dest, blob, written, changes)
    }

    /// Puts one content at one path. Returns whether the content is another one then.
    pub(crate) fn one(
        &self,
        path: &Path,
        blob: &Blob,
        attributes: Attributes,
        changes: &mut Changes,
    ) -> Result<bool> {
        if let Some(validate) = self.validate
            && !validate.contains("%s")
        {
            return Err(Stop::failed(format!(
                "`validate` must name the file as `%s`, which `{validate}` does not"
            )));
        }
        let subject = if self.follow {
            Subject::followed(path, self.host)?
        } else {
            Subject::at(path, self.host)?
        };
        match &subject.look {
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                return Err(Stop::failed(format!(
                    "can't write the file `{}`: a directory is there",
                    path.display()
                )));
            }
            Look::Is(_) if !self.force => return Ok(false),
            Look::Unknown(why) if !self.force => return Err(Stop::Unknown(why.clone())),
            _ => {}
        }
        let before = subject.before_with_content()?;
        let mut after = subject.after(FileKind::File(blob.clone()))?;
        attributes.onto(&subject.path, &mut after, self.host)?;
        let written = before.kind() != Some(&after.kind);
        if before != Before::Is(after.clone()) {
            changes.push(Change::File(FileChange {
                backup: self.backup,
                validate: self.validate.map(Into::into),
                unsafe_writes: self.attributes.unsafe_writes,
                ..FileChange::new(&subject.path, before, Some(after))
            }));
        }
        Ok(written)
    }

    /// The attributes of a file whose source has these permission bits.
    pub(crate) fn of_file(&self, source: u32) -> Attributes {
        match &self.attributes.mode {
            Some(mode) if mode.0 == "preserve" => {
                self.attributes.with_mode(Some(Mode(format!("{source:04o}"))))
            }
            _ => self.attributes.clone(),
        }
    }

    /// The attributes of folders that are made on the way.
    pub(crate) fn of_folders(&self) -> Attributes {
        self.attributes.with_mode(self.directory_mode.cloned())
    }

    fn is_folder(&self, path: &Path) -> Result<bool> {
        Ok(matches!(self.host.resolve(path)?.1, Look::Is(Node { kind: NodeKind::Dir, .. })))
    }
}

/// Checks and returns the checksums of what was copied, where its bytes are at hand.
pub(crate) fn report_content(
    placing: &Placing<'_>,
    dest: &Path,
    blob: &Blob,
    written: bool,
    changes: &mut Changes,
) -> Result<()> {
    if !written && !placing.force {
        return Ok(());
    }
    let bytes = match (&blob.bytes, placing.checksum) {
        (Some(bytes), _) => bytes.clone(),
        // Only the bytes can tell whether they are the right ones.
        (None, Some(_)) => placing.host.fetch(blob)?,
        (None, None) => match placing.host.fetch(blob) {
            Ok(bytes) => bytes,
            // The file has this content already.
            Err(Stop::Need(_)) if !written => placing.host.fetch(&placing.host.content(dest)?)?,
            Err(Stop::Need(_)) => {
                changes.open = Some(Why("the content, which is sent when it is applied".into()));
                return Ok(());
            }
            Err(stop) => return Err(stop),
        },
    };
    let (sha1, md5) = checksums(&bytes);
    if let Some(wanted) = placing.checksum
        && *wanted != sha1
    {
        let mut results = changes.results.clone();
        results.insert("checksum".into(), sha1.as_str().into());
        results.insert("expected_checksum".into(), wanted.into());
        let msg = format!("the content has the checksum `{sha1}`, not `{wanted}`");
        return Err(Stop::Failed(Failure { msg, results }));
    }
    changes.set("checksum", sha1);
    if written {
        changes.set("md5sum", md5);
    }
    Ok(())
}
