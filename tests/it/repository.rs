//! A project in a real git repository with two environments, whose hosts are this machine.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::{Project, code, stderr, stdout};

/// Writes what the environment and the project say into a file of the environment's own.
pub(crate) const SITE: &str = "\
- name: Demo
  hosts: all
  gather_facts: false
  tasks:
    - name: Page
      template: {src: page.j2, dest: '{{ top }}/page', mode: '0644'}
      notify: say it
    - name: Other
      copy: {content: \"{{ other | default('x') }}\\n\", dest: '{{ top }}/other', mode: '0644'}
  handlers:
    - name: say it
      debug: {msg: said}
";

pub(crate) const ENVIRONMENTS: &str = "\
[environments.staging]

[environments.prod]
after = \"staging\"
";

/// A committed project with the environments `staging` and `prod` of one host each.
pub(crate) fn project() -> Project {
    project_of(ENVIRONMENTS, &["s1"], &["p1"])
}

/// The same with other environments and hosts.
pub(crate) fn project_of(environments: &str, staging: &[&str], prod: &[&str]) -> Project {
    let project = Project::new(&[
        ("ansible.cfg", "[defaults]\n"),
        ("converge.toml", environments),
        ("playbooks/site.yml", SITE),
        ("playbooks/templates/page.j2", "page one\n"),
        (".gitignore", "*.secret\nroles/\n"),
    ]);
    for (name, hosts) in [("staging", staging), ("prod", prod)] {
        let mut text = String::new();
        for host in hosts {
            let top = project.home().join(host);
            fs::create_dir_all(&top).unwrap();
            let top = top.display();
            text.push_str(&format!("{host} ansible_connection=local top={top}\n"));
        }
        project.write(&format!("inventory/{name}/hosts"), &text);
    }
    git(&project, &["init", "-q", "-b", "main"]);
    commit(&project, "first");
    project
}

/// What git says.
pub(crate) fn git(project: &Project, words: &[&str]) -> String {
    git_in(&project.root(), words)
}

/// What git says in a folder.
pub(crate) fn git_in(folder: &std::path::Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.org",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(words)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {}", stderr(&output));
    stdout(&output).trim().to_owned()
}

/// Commits everything, and gives the commit.
pub(crate) fn commit(project: &Project, subject: &str) -> String {
    git(project, &["add", "-A"]);
    git(project, &["commit", "-q", "--allow-empty", "-m", subject]);
    git(project, &["rev-parse", "HEAD"])
}

/// Calls converge and expects this exit code.
#[track_caller]
pub(crate) fn run(project: &Project, line: &str, expected: i32) -> String {
    expect(&project.converge(line), line, expected)
}

#[track_caller]
pub(crate) fn expect(output: &Output, line: &str, expected: i32) -> String {
    let told = format!("{}{}", stdout(output), stderr(output));
    assert_eq!(code(output), expected, "{line}:\n{told}");
    told
}

/// What a host has in a file.
pub(crate) fn has(project: &Project, host: &str, file: &str) -> Option<String> {
    fs::read_to_string(path(project, host, file)).ok()
}

pub(crate) fn path(project: &Project, host: &str, file: &str) -> PathBuf {
    project.home().join(host).join(file)
}
