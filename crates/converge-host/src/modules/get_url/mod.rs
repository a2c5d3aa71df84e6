//! `get_url`: a file downloaded by the host.

mod checksum;
mod plan;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::args::Args;
use crate::change::Changes;
use crate::checksum::Algorithm;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, file_results};
use crate::modules::http::Requesting;
use crate::stop::Result;

/// Downloads a file to the host.
///
/// A file that is there is downloaded again only where the server has a newer one, the checksum is another one, or `force` says so.
/// What is short is looked at while planning, so that a plan shows how the file changes.
#[derive(Args)]
#[module(name = "get_url")]
pub(crate) struct GetUrl {
    /// What is downloaded: a URL of HTTP, HTTPS, FTP or a file of the host.
    url: String,
    /// Where it goes. In a folder it gets the name that the server gives it, or the last part of the URL.
    #[arg(path)]
    dest: PathBuf,
    /// The checksum that it must have: `sha256:` and hexadecimal digits, or the URL of a file of checksums.
    #[arg(default = "")]
    checksum: String,
    /// The same for SHA-256, in older content.
    #[arg(default = "")]
    sha256sum: String,
    /// Download it even where the server has no newer one.
    #[arg(alias = "thirsty", default = "no")]
    force: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// How many seconds nothing may come.
    #[arg(default = "10")]
    timeout: i64,
    /// Where Ansible keeps what is half downloaded. It is kept beside its place here.
    #[arg(path)]
    #[expect(dead_code, reason = "it is kept beside its place")]
    tmp_dest: Option<PathBuf>,
    /// How it is asked for.
    #[arg(shared)]
    requesting: Requesting,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

impl Module for GetUrl {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("url", self.url.as_str());
        changes.set("elapsed", 0_i64);
        self.planned(host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let Some(dest) = results.get("dest").and_then(Data::as_str).map(PathBuf::from) else {
            return Ok(());
        };
        if let Some(path) = performed.get("backup_file") {
            results.insert("backup_file".into(), path.clone());
        }
        if performed.contains_key("rc") {
            results.insert("status_code".into(), 200_i64.into());
            let sha1 = host.checksum(&dest, Algorithm::Sha1)?;
            results.insert("checksum_src".into(), sha1.into());
            results.insert("md5sum".into(), host.checksum(&dest, Algorithm::Md5)?.into());
        }
        file_results("dest", &dest, host, results)?;
        if performed.contains_key("rc") {
            let size = results.get("size").and_then(Data::as_int).unwrap_or_default();
            results.insert("msg".into(), format!("OK ({size} bytes)").into());
        }
        Ok(())
    }
}
