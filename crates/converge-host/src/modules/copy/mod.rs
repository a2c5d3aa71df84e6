//! `copy`: files of the controller, or of the host itself, put in their place.

mod place;
mod remote;
pub(crate) mod upload;

use std::path::PathBuf;

use crate::args::{Args, Mode};
use crate::blob::{Blob, TreeKind};
use crate::change::Changes;
use crate::checksum::Algorithm;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::json::dump;
use crate::modules::Module;
use crate::modules::files::{Attributes, file_results};
use crate::stop::{Result, Stop};

pub(crate) use place::{Origin, Placing};

/// Copies a file or a folder to the host, or from one place of the host to another.
///
/// A folder with a slash at its end means what is in it, one without means the folder itself.
#[derive(Args)]
#[module(name = "copy", exclusive("src", "content"), one_of("src", "content"))]
pub(crate) struct Copy {
    /// What is copied: a path of the controller, or with `remote_src` of the host.
    #[arg(upload)]
    src: Option<Data>,
    /// The content itself, in place of a file. What is no text becomes JSON.
    content: Option<Data>,
    /// Where it goes. A slash at the end means a folder.
    dest: PathBuf,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Replace what is there. Otherwise only what is missing is copied.
    #[arg(alias = "thirsty", default = "yes")]
    force: bool,
    /// A command that must accept the file before it is put in its place; `%s` is the file.
    validate: Option<String>,
    /// The permission bits of folders that are made.
    directory_mode: Option<Mode>,
    /// `src` is a path of the host.
    #[arg(default = "no")]
    remote_src: bool,
    /// Where `dest` is a link, write what it points to.
    #[arg(default = "no")]
    follow: bool,
    /// Copy what links of the controller point to. The controller sees to it.
    #[expect(dead_code, reason = "the controller reads it")]
    local_follow: Option<bool>,
    /// The SHA-1 checksum that the content must have.
    checksum: Option<String>,
    /// Decrypt files that are encrypted with a vault. The controller sees to it.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the controller reads it")]
    decrypt: bool,
    /// Owner, group and mode; `mode: preserve` takes that of the source.
    #[arg(shared)]
    attributes: Attributes,
}

impl Module for Copy {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let placing = self.placing(host);
        match (&self.src, &self.content) {
            (Some(Data::Tree(tree)), _) => upload::plan(&placing, tree, changes),
            (Some(Data::Str(path)), _) if self.remote_src => remote::plan(&placing, path, changes),
            (Some(Data::Str(path)), _) => Err(Stop::failed(format!(
                "`{path}` is a path of the host, which takes `remote_src: true`"
            ))),
            (Some(other), _) => {
                Err(Stop::failed(format!("`src` takes a path, not {}", other.type_name())))
            }
            (None, content) => {
                let blob = match content {
                    Some(Data::Blob(blob)) => blob.clone(),
                    Some(Data::Str(text)) => Blob::new(text.as_bytes()),
                    Some(other) => Blob::new(dump(other).into_bytes()),
                    None => return Err(Stop::failed("one of `src` and `content` must be given")),
                };
                placing.content(&blob, changes)
            }
        }
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if let Some(Data::Tree(tree)) = &self.src
            && !tree.entries.iter().all(|entry| matches!(entry.kind, TreeKind::File(_)))
        {
            return Ok(());
        }
        report_dest(host, results)
    }
}

impl Copy {
    fn placing<'c>(&'c self, host: &'c dyn Host) -> Placing<'c> {
        Placing {
            host,
            dest: &self.dest,
            attributes: &self.attributes,
            directory_mode: self.directory_mode.as_ref(),
            backup: self.backup,
            force: self.force,
            follow: self.follow,
            validate: self.validate.as_deref(),
            checksum: self.checksum.as_deref(),
        }
    }
}

/// Returns what is known of the one file that was copied.
pub(crate) fn report_dest(host: &dyn Host, results: &mut Map) -> Result<()> {
    match results.get("dest").and_then(Data::as_str).map(PathBuf::from) {
        Some(dest) => file_results("dest", &dest, host, results),
        None => Ok(()),
    }
}

/// The checksums that Ansible returns of a content whose bytes are at hand.
fn checksums(bytes: &[u8]) -> (String, String) {
    (Algorithm::Sha1.of(bytes), Algorithm::Md5.of(bytes))
}

#[cfg(test)]
mod tests;
