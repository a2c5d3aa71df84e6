//! Reads the state of a project's repository.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository, Status, StatusOptions};

use crate::git::{Dirty, GitError, How, Revision};

/// The state of the project in `folder`; none where it is in no repository, or in a bare one.
///
/// In a repository that holds more than the project, only the project's files count as dirty.
pub fn revision(folder: &Path) -> Result<Option<Revision>, GitError> {
    let repository = match Repository::discover(folder) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(GitError::new(&top(folder), &error)),
    };
    let Some(work_tree) = repository.workdir() else { return Ok(None) };
    let fail = |error: git2::Error| GitError::new(work_tree, &error);
    let mut revision = Revision::default();
    match repository.head() {
        Ok(head) => {
            let commit = head.peel_to_commit().map_err(fail)?;
            revision.commit = Some(commit.id().to_string());
            let short = commit.as_object().short_id().map_err(fail)?;
            revision.short = Some(String::from_utf8_lossy(&short).into_owned());
            if head.is_branch() {
                revision.branch =
                    Some(String::from_utf8_lossy(head.shorthand_bytes()).into_owned());
            }
        }
        Err(error) if error.code() == ErrorCode::UnbornBranch => {}
        Err(error) => return Err(fail(error)),
    }
    revision.dirty = dirty(&repository, &within(work_tree, folder)).map_err(fail)?;
    Ok(Some(revision))
}

/// The files below `prefix` (relative to the work tree) that differ from the commit.
fn dirty(repository: &Repository, prefix: &Path) -> Result<Vec<Dirty>, git2::Error> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).exclude_submodules(true).disable_pathspec_match(true);
    if !prefix.as_os_str().is_empty() {
        options.pathspec(prefix);
    }
    let statuses = repository.statuses(Some(&mut options))?;
    let mut dirty: Vec<Dirty> = statuses
        .iter()
        .filter_map(|entry| {
            let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
            let path = Path::new(&path).strip_prefix(prefix).map_or(path.clone(), |rest| {
                let slash = if path.ends_with('/') { "/" } else { "" };
                let rest = rest.display().to_string();
                if rest.is_empty() { "./".into() } else { format!("{rest}{slash}") }
            });
            Some(Dirty { path, how: how(entry.status())? })
        })
        .collect();
    dirty.sort();
    Ok(dirty)
}

pub(super) fn how(status: Status) -> Option<How> {
    if status.is_conflicted() {
        Some(How::Conflicted)
    } else if status.intersects(Status::INDEX_DELETED | Status::WT_DELETED) {
        Some(How::Deleted)
    } else if status.intersects(Status::INDEX_NEW | Status::WT_NEW) {
        Some(How::New)
    } else if status.is_ignored() || status.is_empty() {
        None
    } else {
        Some(How::Modified)
    }
}

/// The project's folder relative to the work tree.
fn within(work_tree: &Path, folder: &Path) -> PathBuf {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(folder).strip_prefix(real(work_tree)).map(Path::to_owned).unwrap_or_default()
}

/// The folder that holds the repository, found without opening it.
fn top(folder: &Path) -> PathBuf {
    let found = folder.ancestors().find(|folder| folder.join(".git").exists());
    found.unwrap_or(folder).to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature};

    use super::revision;
    use crate::git::{Dirty, GitError, How};

    fn repository(folder: &Path) -> Repository {
        let mut options = RepositoryInitOptions::new();
        Repository::init_opts(folder, options.initial_head("main")).unwrap()
    }

    fn commit_all(repository: &Repository) -> String {
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::now("a", "a@example.org").unwrap();
        repository.commit(Some("HEAD"), &who, &who, "x", &tree, &[]).unwrap().to_string()
    }

    #[test]
    fn outside_of_git_there_is_no_revision() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(revision(folder.path()).unwrap(), None);
    }

    #[test]
    fn before_the_first_commit() {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        std::fs::write(folder.path().join("site.yml"), "").unwrap();
        let found = revision(folder.path()).unwrap().unwrap();
        assert_eq!(found.commit, None);
        assert_eq!(found.dirty, [Dirty { path: "site.yml".into(), how: How::New }]);
        assert_eq!(found.shown(), "no commit (dirty: 1 file)");
    }

    #[test]
    fn a_clean_and_a_dirty_tree() {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository(folder.path());
        for name in ["a.yml", "b.yml", "c.yml"] {
            std::fs::write(folder.path().join(name), "x\n").unwrap();
        }
        std::fs::write(folder.path().join(".gitignore"), "*.key\n").unwrap();
        let commit = commit_all(&repository);
        let found = revision(folder.path()).unwrap().unwrap();
        assert_eq!(found.commit.as_deref(), Some(commit.as_str()));
        assert!(commit.starts_with(found.short.as_deref().unwrap()));
        assert_eq!(found.branch.as_deref(), Some("main"));
        assert_eq!(found.dirty, []);

        std::fs::write(folder.path().join("a.yml"), "y\n").unwrap();
        std::fs::remove_file(folder.path().join("b.yml")).unwrap();
        std::fs::create_dir(folder.path().join("new")).unwrap();
        std::fs::write(folder.path().join("new/d.yml"), "").unwrap();
        std::fs::write(folder.path().join("ignored.key"), "").unwrap();
        let found = revision(&folder.path().join("new")).unwrap().unwrap();
        let whole = Dirty { path: "./".into(), how: How::New };
        assert_eq!(found.dirty, [whole], "only what lies in the folder counts");
        let found = revision(folder.path()).unwrap().unwrap();
        let dirty = |path: &str, how| Dirty { path: path.into(), how };
        assert_eq!(
            found.dirty,
            [dirty("a.yml", How::Modified), dirty("b.yml", How::Deleted), dirty("new/", How::New)]
        );
        assert_eq!(
            found.shown(),
            format!("{} (main, dirty: 3 files)", found.short.clone().unwrap())
        );
    }

    #[test]
    fn a_commit_itself_checked_out_has_no_branch() {
        let folder = tempfile::tempdir().unwrap();
        let repository = repository(folder.path());
        std::fs::write(folder.path().join("a.yml"), "x\n").unwrap();
        commit_all(&repository);
        let id = repository.head().unwrap().target().unwrap();
        repository.set_head_detached(id).unwrap();
        assert_eq!(revision(folder.path()).unwrap().unwrap().branch, None);
    }

    #[test]
    fn a_broken_repository_is_said_to_be_broken() {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path());
        std::fs::write(folder.path().join(".git/HEAD"), "nonsense").unwrap();
        let error = revision(folder.path()).unwrap_err();
        assert!(matches!(error, GitError::Failed { .. }), "{error}");
        let untrusted = GitError::Untrusted { folder: "/srv/infra".into() };
        assert!(untrusted.to_string().contains("--add safe.directory /srv/infra"));
    }
}
