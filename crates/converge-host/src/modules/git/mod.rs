//! `git`: a working copy of a repository, made by the host's `git`.

mod options;
mod plan;
mod refs;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::args::{Args, Mode};
use crate::change::Changes;
use crate::data::Map;
use crate::host::Host;
use crate::modules::Module;
use crate::stop::Result;

/// Makes and updates a working copy of a git repository.
///
/// The repository is asked while planning where its branches are, so that a plan names the revisions before and after.
#[derive(Args)]
#[module(name = "git")]
pub(crate) struct Git {
    /// Where the repository is.
    #[arg(alias = "name")]
    repo: String,
    /// Where the working copy is.
    #[arg(path)]
    dest: PathBuf,
    /// A branch, a tag, or the digits of a revision. `HEAD` is what the repository says.
    #[arg(default = "HEAD")]
    version: String,
    /// What the repository is called in the working copy.
    #[arg(default = "origin")]
    remote: String,
    /// Make it where it is missing.
    #[arg(default = "yes")]
    clone: bool,
    /// Update it where it is there.
    #[arg(default = "yes")]
    update: bool,
    /// Throw away what somebody changed in it.
    #[arg(default = "no")]
    force: bool,
    /// How many revisions are fetched, from the newest.
    depth: Option<i64>,
    /// Fetch only the branch that is asked for.
    #[arg(default = "no")]
    single_branch: bool,
    /// Only the repository, without files.
    #[arg(default = "no")]
    bare: bool,
    /// Keep submodules at the revisions that the repository names.
    #[arg(default = "yes")]
    recursive: bool,
    /// Keep submodules at the newest revision of their branches.
    #[arg(default = "no")]
    track_submodules: bool,
    /// A reference to fetch beside those that are always fetched.
    refspec: Option<String>,
    /// A repository of the host whose objects are used.
    reference: Option<String>,
    /// Where the repository itself lies, if not in the working copy.
    #[arg(path)]
    separate_git_dir: Option<PathBuf>,
    /// Verify the signature of the revision or tag.
    #[arg(default = "no")]
    verify_commit: bool,
    /// The fingerprints of keys that may have signed it.
    #[arg(alias = "gpg_whitelist")]
    #[expect(dead_code, reason = "git itself judges signatures")]
    gpg_allowlist: Option<Vec<String>>,
    /// The program.
    #[arg(path)]
    executable: Option<String>,
    /// A private key for SSH.
    #[arg(path)]
    key_file: Option<String>,
    /// Further arguments of ssh(1).
    ssh_opts: Option<String>,
    /// Don't check the key of the host.
    #[arg(default = "no")]
    accept_hostkey: bool,
    /// Accept a key of a host that is not known yet.
    #[arg(default = "no")]
    accept_newhostkey: bool,
    /// The mask of permission bits that new files don't get.
    umask: Option<Mode>,
    /// An archive that is made of the revision.
    #[arg(path)]
    archive: Option<PathBuf>,
    /// The folder that the files in the archive are in.
    archive_prefix: Option<String>,
}

impl Module for Git {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.planned(host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        if performed.contains_key("rc")
            && let Some(head) = self.head(host)?
        {
            results.insert("after".into(), head.into());
        }
        Ok(())
    }
}
