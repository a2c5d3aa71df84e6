//! A job as a playbook: what ansible-core, mitogen and converge run, unchanged.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::bench::job::{Kind, PEERS, TEMPLATE, Task};

/// Writes `bench.yml` with its files and templates into the folder `dir`.
pub(crate) fn write(dir: &Path, tasks: &[Task]) -> Result<()> {
    for folder in ["files", "templates"] {
        fs::create_dir_all(dir.join(folder))?;
    }
    for task in tasks.iter().filter(|task| task.kind == Kind::Copy) {
        fs::write(dir.join("files").join(task.source()), task.content())?;
    }
    fs::write(dir.join("templates/service.conf.j2"), TEMPLATE)?;
    fs::write(dir.join("bench.yml"), playbook(tasks))?;
    Ok(())
}

fn playbook(tasks: &[Task]) -> String {
    let mut text = String::from(
        "- name: Benchmark\n  hosts: all\n  gather_facts: false\n  vars:\n    peers:\n",
    );
    for peer in PEERS {
        text.push_str(&format!("      - \"{peer}\"\n"));
    }
    text.push_str("  tasks:\n");
    for task in tasks {
        text.push_str(&format!("    - name: {}\n", task.name()));
        let (module, arguments, keywords) = parts(*task);
        text.push_str(&format!("      {module}:\n"));
        for (name, value) in arguments {
            text.push_str(&format!("        {name}: {value}\n"));
        }
        for keyword in keywords {
            text.push_str(&format!("      {keyword}\n"));
        }
    }
    text
}

/// The module, its arguments, and further lines of the task.
fn parts(task: Task) -> (&'static str, Vec<(&'static str, String)>, Vec<String>) {
    let path = task.path();
    let mode = "\"0644\"".to_owned();
    match task.kind {
        Kind::Directory => (
            "file",
            vec![("path", path), ("state", "directory".into()), ("mode", "\"0755\"".into())],
            vec![],
        ),
        Kind::Copy => {
            ("copy", vec![("src", task.source()), ("dest", path), ("mode", mode)], vec![])
        }
        Kind::Template => (
            "template",
            vec![("src", "service.conf.j2".into()), ("dest", path), ("mode", mode)],
            vec!["vars:".into(), format!("  number: {}", task.number)],
        ),
        Kind::Line => (
            "lineinfile",
            vec![("path", path), ("line", task.line()), ("create", "true".into()), ("mode", mode)],
            vec![],
        ),
        Kind::Command => (
            "command",
            vec![("cmd", format!("test -d {path}"))],
            vec!["changed_when: false".into()],
        ),
        Kind::Link => {
            ("file", vec![("src", task.folder()), ("dest", path), ("state", "link".into())], vec![])
        }
        Kind::User => {
            ("user", vec![("name", task.subject()), ("shell", "/bin/bash".into())], vec![])
        }
        Kind::Service => (
            "service",
            vec![("name", task.subject()), ("state", "started".into()), ("enabled", "true".into())],
            vec![],
        ),
        Kind::Package => {
            ("apt", vec![("name", task.subject()), ("state", "present".into())], vec![])
        }
        Kind::Stat => ("stat", vec![("path", path)], vec![]),
    }
}
