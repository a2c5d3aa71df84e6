//! `converge resume`: what failed goes on, and what was done is not done again.

use std::fs;

use crate::repository::{commit, git, has, path, project_of, run};
use crate::support::Project;

/// Fails where there is no file `may`; every task leaves a line in `log`.
const SITE: &str = "\
- name: Demo
  hosts: all
  gather_facts: false
  tasks:
    - name: Known
      set_fact: {word: 'a word'}
    - name: First
      shell: 'echo first >> {{ top }}/log'
      notify: restart
    - name: Gate
      command: 'test -e {{ top }}/may'
      changed_when: false
    - name: Last
      shell: 'echo last {{ word }} >> {{ top }}/log'
      notify: reload
  handlers:
    - name: restart
      shell: 'echo restart >> {{ top }}/log'
    - name: reload
      shell: 'test ! -e {{ top }}/broken && echo reload >> {{ top }}/log'
";

fn project() -> Project {
    let project = project_of("", &["s1", "s2", "s3"], &[]);
    project.write("playbooks/site.yml", SITE);
    commit(&project, "site");
    project
}

fn may(project: &Project, host: &str) {
    fs::write(path(project, host, "may"), "").unwrap();
}

fn log(project: &Project, host: &str) -> String {
    has(project, host, "log").unwrap_or_default().trim().replace('\n', ", ")
}

#[test]
fn failed_hosts_go_on_from_the_failed_task_with_their_handlers() {
    let project = project();
    may(&project, "s1");
    run(&project, "-i staging --yes", 1);
    assert_eq!(log(&project, "s1"), "first, last a word, restart, reload");
    assert_eq!((log(&project, "s2"), log(&project, "s3")), ("first".into(), "first".into()));
    may(&project, "s2");
    let told = run(&project, "resume --yes", 1);
    assert!(told.contains("s2, s3 (2 hosts)  from `Gate` (playbooks/site.yml:"), "{told}");
    assert_eq!(log(&project, "s2"), "first, last a word, restart, reload", "{told}");
    assert_eq!(log(&project, "s3"), "first");
    assert_eq!(log(&project, "s1").matches("first").count(), 1, "it is left alone");
    // What failed again is gone on with again, also when lines have moved.
    may(&project, "s3");
    let moved = SITE.replace("    - name: Known", "\n    # More.\n    - name: Known");
    project.write("playbooks/site.yml", &moved);
    commit(&project, "moved");
    let plan = run(&project, "resume last", 2);
    assert!(plan.contains("there is no terminal to ask on"), "{plan}");
    let runs = run(&project, "history -n 9", 0);
    let failed = runs.lines().find(|line| line.contains("failed")).unwrap();
    let failed = failed.split(' ').next().unwrap();
    let told = run(&project, &format!("resume {failed} --yes"), 0);
    assert_eq!(log(&project, "s3"), "first, last a word, restart, reload", "{told}");
    assert!(run(&project, "resume last --yes", 0).contains("left nothing to go on with"));
}

#[test]
fn a_handler_that_failed_is_gone_on_with() {
    let project = project();
    for host in ["s1", "s2", "s3"] {
        may(&project, host);
    }
    fs::write(path(&project, "s2", "broken"), "").unwrap();
    run(&project, "-i staging --yes", 1);
    assert_eq!(log(&project, "s2"), "first, last a word, restart");
    fs::remove_file(path(&project, "s2", "broken")).unwrap();
    let told = run(&project, "resume --yes", 0);
    assert!(told.contains("s2  from `reload`"), "{told}");
    assert_eq!(log(&project, "s2"), "first, last a word, restart, reload", "{told}");
}

#[test]
fn what_is_not_there_any_more_is_said_to_be_so() {
    let project = project();
    may(&project, "s1");
    run(&project, "-i staging --yes", 1);
    project.write("playbooks/site.yml", &SITE.replace("name: Gate", "name: Door"));
    let told = run(&project, "resume", 1);
    assert!(told.contains("did not come to the task that it was to go on with: `Gate`"), "{told}");
    git(&project, &["checkout", "-q", "."]);
    run(&project, "-i staging --check", 2);
    let told = run(&project, "resume last", 1);
    assert!(told.contains("applied nothing"), "{told}");
    let told = run(&project, "resume nonsense", 1);
    assert!(told.contains("nonsense"), "{told}");
}

#[test]
fn a_host_that_was_not_reached_begins_and_the_others_are_left_alone() {
    let project = project();
    for host in ["s1", "s2", "s3"] {
        may(&project, host);
    }
    let hosts = fs::read_to_string(project.root().join("inventory/staging/hosts")).unwrap();
    let away =
        hosts.replace("s2 ansible_connection=local", "s2 ansible_host=127.0.0.1 ansible_port=1");
    project.write("inventory/staging/hosts", &away);
    run(&project, "-i staging --yes", 3);
    assert_eq!(log(&project, "s1"), "first, last a word, restart, reload");
    project.write("inventory/staging/hosts", &hosts);
    let told = run(&project, "resume --yes", 0);
    assert!(told.contains("s2  from "), "{told}");
    assert_eq!(log(&project, "s2"), "first, last a word, restart, reload", "{told}");
    assert_eq!(log(&project, "s1").matches("first").count(), 1);
}

#[test]
fn what_failed_in_a_role_that_is_included_is_found_there() {
    let project = project_of("", &["s1"], &[]);
    project.write(".gitignore", "");
    project.write(
        "roles/inner/tasks/main.yml",
        "- name: Before\n  shell: 'echo before >> {{ top }}/log'\n  notify: restart\n\
         - include_tasks: '{{ which }}.yml'\n",
    );
    project.write(
        "roles/inner/tasks/more.yml",
        "- name: Gate\n  command: 'test -e {{ top }}/may'\n  changed_when: false\n\
         - name: After\n  shell: 'echo after >> {{ top }}/log'\n",
    );
    project.write(
        "roles/inner/handlers/main.yml",
        "- name: restart\n  shell: 'echo restart >> {{ top }}/log'\n",
    );
    project.write(
        "playbooks/site.yml",
        "- hosts: all\n  gather_facts: false\n  vars: {which: more}\n  tasks:\n    - include_role: {name: inner}\n",
    );
    commit(&project, "roles");
    run(&project, "-i staging --yes", 1);
    assert_eq!(log(&project, "s1"), "before");
    may(&project, "s1");
    let told = run(&project, "resume --yes", 0);
    assert!(told.contains("from `inner : Gate` (roles/inner/tasks/more.yml:1:3)"), "{told}");
    assert_eq!(log(&project, "s1"), "before, after, restart", "{told}");
}
