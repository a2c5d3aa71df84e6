//! The commits between two.

use std::path::Path;

use git2::{Oid, Repository};
use serde::{Deserialize, Serialize};

use crate::git::GitError;

/// A commit as it may be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// In hexadecimal digits.
    pub commit: String,
    /// As many of them as git shows.
    pub short: String,
    /// The first line of its message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
}

/// What leads from one commit to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// The commits that the other has more, the newest first.
    pub ahead: Vec<Logged>,
    /// Those that it has not.
    pub behind: Vec<Logged>,
}

/// What leads from one commit to another; none where this clone does not hold one of them.
pub fn between(folder: &Path, from: &str, to: &str) -> Result<Option<Between>, GitError> {
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let repository = Repository::discover(folder).map_err(fail)?;
    let (from, to) = (Oid::from_str(from).map_err(fail)?, Oid::from_str(to).map_err(fail)?);
    if repository.find_commit(from).is_err() || repository.find_commit(to).is_err() {
        return Ok(None);
    }
    Ok(Some(Between {
        ahead: only(&repository, to, from).map_err(fail)?,
        behind: only(&repository, from, to).map_err(fail)?,
    }))
}

/// The commits that lead to `of` and not to `without`.
fn only(repository: &Repository, of: Oid, without: Oid) -> Result<Vec<Logged>, git2::Error> {
    let mut walk = repository.revwalk()?;
    walk.push(of)?;
    walk.hide(without)?;
    let mut found = Vec::new();
    for id in walk {
        let commit = repository.find_commit(id?)?;
        let short = commit.as_object().short_id()?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        found.push(Logged {
            commit: commit.id().to_string(),
            short: String::from_utf8_lossy(&short).into_owned(),
            subject: message.lines().next().unwrap_or_default().to_owned(),
            author: String::from_utf8_lossy(commit.author().name_bytes()).into_owned(),
        });
    }
    Ok(found)
}
