//! Notes about commits, as git keeps them: in a reference of their own, pushed and merged like any other.
//!
//! A note is lines that do not depend on each other, so `git notes merge -s cat_sort_uniq` puts two histories of them together.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use git2::{ErrorCode, Oid, Repository, Signature};
use rustix::fs::{FlockOperation, flock};

use crate::git::GitError;

/// Where the notes are.
pub const NOTES: &str = "refs/notes/converge";

/// Where those are that were fetched from elsewhere without being merged.
const FETCHED: &str = "refs/notes/*/converge";

/// The lines about a commit, in the order of their text.
pub fn notes(folder: &Path, commit: &str) -> Result<Vec<String>, GitError> {
    let repository = Repository::discover(folder).map_err(|error| GitError::new(folder, &error))?;
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let commit = Oid::from_str(commit).map_err(fail)?;
    let mut lines = Vec::new();
    for name in references(&repository).map_err(fail)? {
        lines.extend(lines_of(&repository, &name, commit).map_err(fail)?);
    }
    lines.sort();
    lines.dedup();
    Ok(lines)
}

/// The lines about every commit that has some.
pub fn all_notes(folder: &Path) -> Result<BTreeMap<String, Vec<String>>, GitError> {
    let repository = Repository::discover(folder).map_err(|error| GitError::new(folder, &error))?;
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in references(&repository).map_err(fail)? {
        let notes = match repository.notes(Some(&name)) {
            Ok(notes) => notes,
            Err(error) if error.code() == ErrorCode::NotFound => continue,
            Err(error) => return Err(fail(error)),
        };
        for pair in notes {
            let (_, commit) = pair.map_err(fail)?;
            let lines = lines_of(&repository, &name, commit).map_err(fail)?;
            all.entry(commit.to_string()).or_default().extend(lines);
        }
    }
    for lines in all.values_mut() {
        lines.sort();
        lines.dedup();
    }
    Ok(all)
}

/// Adds a line about a commit. `who` is named as its author where git does not know who it is.
pub fn add_note(folder: &Path, commit: &str, line: &str, who: &str) -> Result<(), GitError> {
    let repository = Repository::discover(folder).map_err(|error| GitError::new(folder, &error))?;
    let fail = |error: git2::Error| GitError::new(folder, &error);
    let commit = Oid::from_str(commit).map_err(fail)?;
    // libgit2 reads, adds and writes: two at once would lose one of both.
    let lock = repository.commondir().join("converge-notes.lock");
    let told = |error: std::io::Error| GitError::Failed {
        folder: folder.to_owned(),
        why: format!("`{}`: {error}", lock.display()),
    };
    let held = File::options().create(true).append(true).open(&lock).map_err(told)?;
    flock(&held, FlockOperation::LockExclusive).map_err(|error| told(error.into()))?;
    let mut lines = lines_of(&repository, NOTES, commit).map_err(fail)?;
    lines.push(line.to_owned());
    lines.sort();
    lines.dedup();
    let author = repository.signature().or_else(|_| {
        let (name, machine) = who.split_once('@').unwrap_or((who, "localhost"));
        Signature::now(name, &format!("{name}@{machine}"))
    });
    let author = author.map_err(fail)?;
    let text = lines.join("\n") + "\n";
    repository.note(&author, &author, Some(NOTES), commit, &text, true).map_err(fail)?;
    Ok(())
}

/// The references that have notes: our own, and those that were fetched.
fn references(repository: &Repository) -> Result<Vec<String>, git2::Error> {
    let mut names = vec![NOTES.to_owned()];
    for reference in repository.references_glob(FETCHED)? {
        if let Ok(name) = reference?.name() {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn lines_of(
    repository: &Repository,
    reference: &str,
    commit: Oid,
) -> Result<Vec<String>, git2::Error> {
    let note = match repository.find_note(Some(reference), commit) {
        Ok(note) => note,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(note.message_bytes()).into_owned();
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}
