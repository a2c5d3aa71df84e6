//! `unarchive`: an archive unpacked on the host.

mod compare;
mod plan;
mod source;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use std::path::PathBuf;

use crate::args::Args;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, file_results};
use crate::modules::http::Requesting;
use crate::stop::Result;

/// Unpacks an archive of the controller or of the host: tar, plain or compressed, or zip.
///
/// What is in it is compared with what is there, so that only what is missing or different makes it be unpacked.
#[derive(Args)]
#[module(name = "unarchive")]
pub(crate) struct Unarchive {
    /// The archive: a path of the controller, or with `remote_src` a path of the host or a URL.
    #[arg(upload)]
    src: Data,
    /// The folder that it is unpacked into, which must exist.
    #[arg(path)]
    dest: PathBuf,
    /// `src` is a path of the host.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the controller reads it")]
    remote_src: bool,
    /// The opposite of `remote_src`, in older content.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the controller reads it")]
    copy: bool,
    /// Unpack nothing where this path exists.
    #[arg(path)]
    creates: Option<PathBuf>,
    /// Paths and patterns that are left out.
    exclude: Option<Vec<String>>,
    /// Only these paths and patterns.
    include: Option<Vec<String>>,
    /// Further arguments of `tar` or `unzip`.
    extra_opts: Option<Vec<String>>,
    /// Keep files that are newer than those in the archive.
    #[arg(default = "no")]
    keep_newer: bool,
    /// Return what is in the archive.
    #[arg(default = "no")]
    list_files: bool,
    /// Decrypt an archive that is encrypted with a vault. The controller sees to it.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the controller reads it")]
    decrypt: bool,
    /// The size of the pieces that it is read in.
    #[arg(default = "65536")]
    #[expect(dead_code, reason = "it makes no difference")]
    io_buffer_size: i64,
    /// How a URL is asked for.
    #[arg(shared)]
    requesting: Requesting,
    /// Owner, group and mode of everything that is unpacked.
    #[arg(shared)]
    attributes: Attributes,
}

impl Module for Unarchive {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.planned(host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        if performed.contains_key("rc") {
            let mut told = Map::new();
            for (own, name) in [("rc", "rc"), ("stdout", "out"), ("stderr", "err")] {
                told.insert(name.into(), performed.get(own).cloned().unwrap_or_default());
            }
            results.insert("extract_results".into(), told.into());
        }
        if results.get("dest").is_some() {
            file_results("dest", &self.dest, host, results)?;
        }
        Ok(())
    }
}
