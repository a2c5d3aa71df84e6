//! Which state of the project is being run: the commit, the branch, and what differs from it.
//!
//! Nothing in the repository, not even its index, is written, but for notes about commits.

mod identity;
mod log;
mod notes;
mod revision;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use identity::{has_commit, prefix};
pub use log::{Between, Logged, between};
pub use notes::{NOTES, add_note, all_notes, notes};
pub use revision::revision;
pub(crate) use tree::private;
pub use tree::{Entry, Resolved, Unlike, entries, is_shallow, resolve, unclean, unlike, write_out};

/// The state of a project in git.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The commit in hexadecimal digits; none before the first commit.
    pub commit: Option<String>,
    /// As many of its digits as git shows.
    pub short: Option<String>,
    /// The branch; none where a commit itself is checked out.
    pub branch: Option<String>,
    /// Files of the project that differ from the commit, in order of their paths. Ignored files and submodules are left out.
    pub dirty: Vec<Dirty>,
}

/// A file that differs from the commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dirty {
    /// Relative to the project; a new folder ends in `/`.
    pub path: String,
    /// How it differs.
    pub how: How,
}

/// How a file differs from the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The commit does not have it.
    New,
    /// It has another content or mode.
    Modified,
    /// It is gone.
    Deleted,
    /// A merge left it in conflict.
    Conflicted,
}

/// Why the state can't be told, although there is a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitError {
    /// The repository belongs to another user, and git is not told to trust it.
    Untrusted {
        /// The folder that git would have to trust.
        folder: PathBuf,
    },
    /// No commit is called so.
    Unknown {
        /// What was asked for.
        revision: String,
        /// Whether the history of this clone was cut off, so that it may be elsewhere.
        shallow: bool,
    },
    /// Anything else, in git's words.
    Failed {
        /// The project.
        folder: PathBuf,
        /// Why.
        why: String,
    },
}

impl Revision {
    /// For one line: `1a2b3c4 (main, dirty: 2 files)`.
    pub fn shown(&self) -> String {
        let commit = self.short.as_deref().unwrap_or("no commit");
        let mut about: Vec<String> = self.branch.iter().cloned().collect();
        match self.dirty.len() {
            0 => {}
            1 => about.push("dirty: 1 file".into()),
            many => about.push(format!("dirty: {many} files")),
        }
        if about.is_empty() {
            commit.to_owned()
        } else {
            format!("{commit} ({})", about.join(", "))
        }
    }
}

impl How {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Conflicted => "conflicted",
        }
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untrusted { folder } => write!(
                formatter,
                "the repository `{0}` belongs to another user, so its commit is not read; to trust it, run \
                 `git config --global --add safe.directory {0}`",
                folder.display()
            ),
            Self::Unknown { revision, shallow } => {
                write!(formatter, "no commit is called `{revision}`")?;
                if *shallow {
                    formatter.write_str(
                        "; this clone holds only the end of the history: `git fetch --unshallow` brings the rest",
                    )?;
                }
                Ok(())
            }
            Self::Failed { folder, why } => {
                write!(formatter, "the git state of `{}` can't be read: {why}", folder.display())
            }
        }
    }
}

impl std::error::Error for GitError {}

impl GitError {
    fn new(folder: &Path, error: &git2::Error) -> Self {
        let folder = folder.to_owned();
        if error.code() == git2::ErrorCode::Owner {
            return Self::Untrusted { folder };
        }
        Self::Failed { folder, why: error.message().to_owned() }
    }
}
