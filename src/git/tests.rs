//! Commits read from objects, and notes about them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use converge_host::blob::Digest;
use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature};

use crate::git::{
    GitError, add_note, all_notes, between, entries, notes, resolve, unclean, unlike, write_out,
};

fn repository(folder: &Path) -> Repository {
    Repository::init_opts(folder, RepositoryInitOptions::new().initial_head("main")).unwrap()
}

fn commit(repository: &Repository, subject: &str) -> String {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("ann", "ann@example.org").unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, subject, &tree, &parents).unwrap().to_string()
}

#[test]
fn a_commit_is_written_out_as_it_is() {
    let top = tempfile::tempdir().unwrap();
    let (folder, out) = (top.path().join("repository"), top.path().join("out"));
    let repository = repository(&folder);
    fs::create_dir(folder.join("roles")).unwrap();
    fs::write(folder.join("roles/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(folder.join("roles/run"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("roles/run", folder.join("link")).unwrap();
    fs::write(folder.join("a.yml"), "one\n").unwrap();
    let first = commit(&repository, "first\n\nmore");
    fs::write(folder.join("a.yml"), "two\n").unwrap();
    let second = commit(&repository, "second");
    fs::write(folder.join("a.yml"), "three\n").unwrap();

    let out = super::private(&out).unwrap();
    assert_eq!(write_out(&folder, &first, &out).unwrap(), Vec::<std::path::PathBuf>::new());
    assert_eq!(fs::read_to_string(out.join("a.yml")).unwrap(), "one\n");
    assert_eq!(fs::read_link(out.join("link")).unwrap(), Path::new("roles/run"));
    let mode = |name: &str| fs::metadata(out.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("roles/run"), mode("a.yml"), mode("")), (0o755, 0o644, 0o700));
    assert_eq!(fs::read_to_string(folder.join("a.yml")).unwrap(), "three\n");

    let file = |path: &str, text: &str| (path.into(), Digest::of(text.as_bytes()));
    let others = [file("a.yml", "one\n"), file("roles", ""), file("none", "")].to_vec();
    let files = [others.clone(), vec![file("a.yml", "two\n")]].concat();
    let found = unlike(&folder, &second, files).unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.path.clone(), one.digest)).collect();
    assert_eq!(told, others);
    assert_eq!(found.iter().map(|one| one.held).collect::<Vec<_>>(), [true, false, false]);
    let paths: Vec<String> = entries(&folder, &first)
        .unwrap()
        .iter()
        .map(|one| one.path.display().to_string())
        .collect();
    assert_eq!(paths, ["a.yml", "link", "roles/run"]);
    assert_eq!(unclean(&folder.join("roles")).unwrap().len(), 1, "the whole repository counts");

    assert_eq!(resolve(&folder, "HEAD~1").unwrap().commit, first);
    assert_eq!(resolve(&folder, "main").unwrap().revision.commit, Some(second.clone()));
    for wrong in ["nonsense", "HEAD~7", "", "HEAD:a.yml"] {
        let error = resolve(&folder, wrong).unwrap_err();
        assert!(matches!(error, GitError::Unknown { .. }), "{wrong}: {error}");
    }

    let way = between(&folder, &first, &second).unwrap().unwrap();
    assert_eq!((way.ahead.len(), way.behind.len()), (1, 0));
    assert_eq!((way.ahead[0].subject.as_str(), way.ahead[0].author.as_str()), ("second", "ann"));
    assert_eq!(between(&folder, &second, &first).unwrap().unwrap().behind[0].subject, "second");
    let nowhere = "1234567890123456789012345678901234567890";
    assert_eq!(between(&folder, nowhere, &first).unwrap(), None);
}

#[test]
fn a_file_does_not_go_through_a_link_of_the_same_commit() {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("repository");
    let repository = repository(&folder);
    let blob = repository.blob(b"../elsewhere").unwrap();
    let mut inner = repository.treebuilder(None).unwrap();
    inner.insert("file", repository.blob(b"x").unwrap(), 0o100_644).unwrap();
    let inner = inner.write().unwrap();
    // The same name twice: a link, and a folder below it. git makes no such tree, and whoever wants to do harm does.
    let mut bytes = Vec::new();
    for (mode, id) in [("120000", blob), ("40000", inner)] {
        bytes.extend_from_slice(format!("{mode} a\0").as_bytes());
        bytes.extend_from_slice(id.as_bytes());
    }
    let odb = repository.odb().unwrap();
    let tree = odb.write(git2::ObjectType::Tree, &bytes).unwrap();
    let who = Signature::now("a", "a@example.org").unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let commit = repository.commit(None, &who, &who, "x", &tree, &[]).unwrap().to_string();
    fs::create_dir(top.path().join("elsewhere")).unwrap();
    let out = super::private(&top.path().join("out")).unwrap();
    assert!(write_out(&folder, &commit, &out).is_err());
    assert!(!top.path().join("elsewhere/file").exists());
}

#[test]
fn notes_are_lines_that_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let repository = repository(folder.path());
    fs::write(folder.path().join("a"), "").unwrap();
    let first = commit(&repository, "first");
    assert_eq!(notes(folder.path(), &first).unwrap(), Vec::<String>::new());
    assert!(all_notes(folder.path()).unwrap().is_empty());
    for line in ["b", "a", "b"] {
        add_note(folder.path(), &first, line, "ann@desk").unwrap();
    }
    assert_eq!(notes(folder.path(), &first).unwrap(), ["a", "b"]);
    // What was fetched under another name counts as well.
    let target = repository.find_reference(crate::git::NOTES).unwrap().target().unwrap();
    repository.reference("refs/notes/origin/converge", target, false, "x").unwrap();
    add_note(folder.path(), &first, "c", "ann@desk").unwrap();
    assert_eq!(all_notes(folder.path()).unwrap()[&first], ["a", "b", "c"]);
    assert!(repository.statuses(None).unwrap().is_empty(), "the working tree is left alone");
}
