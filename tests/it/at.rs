//! `--at REV`: the project as of a commit, whatever the working tree holds.

use std::fs;

use crate::repository::{commit, git, has, path, project, run};
use crate::support::{Project, code, stderr, stdout};

#[test]
fn a_commit_is_run_and_the_working_tree_is_left_alone() {
    let project = project();
    let first = git(&project, &["rev-parse", "HEAD"]);
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "second");
    project.write("playbooks/templates/page.j2", "page three\n");
    project.write("playbooks/new.yml", "- hosts: nowhere\n");
    let before = git(&project, &["status", "--porcelain"]);

    let told = run(&project, "-i staging --yes --at HEAD~1", 0);
    assert_eq!(has(&project, "s1", "page").unwrap(), "page one\n", "{told}");
    let root = project.root().display().to_string();
    assert!(told.contains(&format!("Project    {root} at {}", &first[..7])), "{told}");
    run(&project, &format!("-i staging --yes --at {}", &first[..10]), 0);
    run(&project, "-i staging --check --at main", 2);
    run(&project, "-i staging --yes --at main", 0);
    assert_eq!(has(&project, "s1", "page").unwrap(), "page two\n");
    run(&project, "-i staging --yes", 0);
    assert_eq!(has(&project, "s1", "page").unwrap(), "page three\n");
    assert_eq!(git(&project, &["status", "--porcelain"]), before);
    let told = run(&project, "history -n 1 --json", 0);
    assert!(told.contains(&root), "{told}");
    let told = run(&project, "new.yml -i staging --check --at HEAD", 1);
    assert!(told.contains("there is no playbook `new.yml`"), "{told}");
}

#[test]
fn paths_that_were_typed_mean_what_they_mean_in_the_commit() {
    let project = project();
    project.write("vars.yml", "other: committed\n");
    commit(&project, "vars");
    project.write("vars.yml", "other: changed\n");
    project.write("more.secret", "other: not in git\n");
    project.write("playbooks/site.yml", "- hosts: broken");
    let root = project.root().display().to_string();
    let line = format!(
        "{root}/playbooks/site.yml -i {root}/inventory/staging --yes --at HEAD -e @vars.yml"
    );
    run(&project, &line, 0);
    assert_eq!(has(&project, "s1", "other").unwrap(), "committed\n");
    run(&project, "-i staging --yes --at HEAD -e @more.secret", 0);
    assert_eq!(has(&project, "s1", "other").unwrap(), "not in git\n");
    let output = project.converge_in("inventory", "-i staging --yes --at HEAD -e @../vars.yml");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(has(&project, "s1", "other").unwrap(), "committed\n");
}

#[test]
fn what_is_not_in_git_on_purpose_comes_from_the_working_tree() {
    let project = project();
    project.write("ansible.cfg", "[defaults]\nvault_password_file = pass.secret\n");
    project.write("pass.secret", "open sesame\n");
    project.write("inventory/staging/group_vars/all.yml", "other: hidden\n");
    let output = project.converge("vault encrypt inventory/staging/group_vars/all.yml");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    commit(&project, "a vault");
    project.write("ansible.cfg", "[defaults]\nvault_password_file = nowhere\n");
    run(&project, "-i staging --yes --at HEAD", 0);
    assert_eq!(has(&project, "s1", "other").unwrap(), "hidden\n");
}

#[test]
fn a_plan_of_a_commit_is_applied_as_of_that_commit() {
    let project = project();
    run(&project, "plan -i staging --at HEAD -o a.secret", 2);
    project.write("playbooks/templates/page.j2", "page two\n");
    commit(&project, "second");
    let told = run(&project, "apply a.secret", 0);
    assert_eq!(has(&project, "s1", "page").unwrap(), "page one\n", "{told}");
}

#[test]
fn what_is_no_commit_is_said_to_be_none() {
    let project = project();
    let told = run(&project, "-i staging --check --at nonsense", 1);
    assert!(told.contains("no commit is called `nonsense`"), "{told}");
    assert!(!told.contains("unshallow"), "{told}");
    let output = project.converge("-i staging --check --at nonsense --format json");
    assert!(stdout(&output).contains("no commit is called"), "{}", stdout(&output));
    assert!(!path(&project, "s1", "page").exists());

    let bare = Project::new(&[("playbooks/site.yml", "- hosts: localhost\n")]);
    let told = run(&bare, "--check --at HEAD", 1);
    assert!(told.contains("needs a git repository"), "{told}");
}

#[test]
fn trees_are_for_this_user_only_and_go_when_nobody_needs_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = project();
    run(&project, "-i staging --check --at HEAD", 2);
    let trees = project.history().with_file_name("trees");
    assert_eq!(fs::metadata(&trees).unwrap().permissions().mode() & 0o777, 0o700);
    let head = git(&project, &["rev-parse", "HEAD"]);
    // Whatever somebody does to it does not count.
    let page = trees.join(&head).join("playbooks/templates/page.j2");
    fs::write(&page, "page by hand\n").unwrap();
    run(&project, "-i staging --yes --at HEAD", 0);
    assert_eq!(has(&project, "s1", "page").unwrap(), "page one\n");
    let tree = fs::File::open(trees.join(&head)).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 24 * 3600);
    tree.set_times(fs::FileTimes::new().set_modified(long_ago)).unwrap();
    commit(&project, "second");
    run(&project, "-i staging --check --at HEAD", 0);
    assert!(!trees.join(&head).exists());
}
