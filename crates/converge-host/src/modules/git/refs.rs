//! What the repository has under a name.

use crate::host::Host;
use crate::modules::git::Git;
use crate::stop::{Result, Stop, Why};

/// What a version is in the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// What the repository's `HEAD` is, and the branch of this name.
    Head(String),
    /// A branch.
    Branch(String),
    /// A tag, and the revision that it stands for.
    Tag(String),
    /// A revision, of which only the digits are known.
    Revision(String),
    /// It can't be told.
    Unknown(Why),
}

impl Target {
    /// The revision.
    pub(super) fn revision(&self) -> Option<&str> {
        match self {
            Self::Head(revision) | Self::Branch(revision) | Self::Tag(revision) => Some(revision),
            Self::Revision(digits) => {
                Some(digits).filter(|digits| digits.len() == 40).map(|x| &**x)
            }
            Self::Unknown(_) => None,
        }
    }
}

impl Git {
    /// Asks the repository.
    pub(super) fn target(&self, host: &dyn Host) -> Result<Target> {
        let version = self.version.as_str();
        if is_revision(version) && version.len() == 40 {
            return Ok(Target::Revision(version.to_owned()));
        }
        let branch = format!("refs/heads/{version}");
        let tag = format!("refs/tags/{version}");
        let peeled = format!("{tag}^{{}}");
        let mut words = vec!["ls-remote".to_owned(), "--".into(), self.repo.clone(), "HEAD".into()];
        words.extend([branch.clone(), tag.clone(), peeled.clone()]);
        let output = match host.probe(&self.command(words)) {
            Err(Stop::Unknown(why)) => return Ok(Target::Unknown(why)),
            other => other?,
        };
        if !output.ok() {
            // It may be served only once everything that is planned is there.
            if let Some(why) = host.unsettled() {
                return Ok(Target::Unknown(why));
            }
            let told = output.error_text();
            return Err(Stop::failed(format!("can't ask `{}`: {}", self.repo, told.trim())));
        }
        let text = output.text();
        let find = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('\t'));
            lines.find(|(_, own)| *own == name).map(|(revision, _)| revision.to_owned())
        };
        if version == "HEAD" {
            return find("HEAD")
                .map(Target::Head)
                .ok_or_else(|| Stop::failed(format!("`{}` has no revision yet", self.repo)));
        }
        if let Some(revision) = find(&branch) {
            return Ok(Target::Branch(revision));
        }
        if let Some(revision) = find(&peeled).or_else(|| find(&tag)) {
            return Ok(Target::Tag(revision));
        }
        if is_revision(version) || self.refspec.is_some() {
            return Ok(Target::Revision(version.to_owned()));
        }
        Err(Stop::failed(format!("`{}` has no branch and no tag `{version}`", self.repo)))
    }
}

/// Whether a version looks like the digits of a revision.
fn is_revision(version: &str) -> bool {
    (7..=40).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_hexdigit())
}
