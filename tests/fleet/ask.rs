//! The one question, and who is never asked.

use std::os::unix::fs::symlink;

use crate::hosts::debian;
use crate::project::{Project, play};

const TASK: &str = "- copy: {dest: /etc/app.conf, content: asked}";

#[test]
#[ignore = "needs hosts"]
fn on_a_terminal_there_is_one_question() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    let asked = || project.converge(&["-i", "test"]);
    let ran = asked().typing("[y/N", "n").run().exits(2).says("/etc/app.conf");
    assert_eq!(ran.out.matches("[y/N").count(), 1, "{ran}");
    assert!(!host.has("/etc/app.conf"), "{ran}");
    asked().typing("[y/N", "y").run().exits(0).says("PLAY RECAP");
    assert_eq!(host.text("/etc/app.conf"), "asked");
    let ran = asked().typing("[y/N", "y").run().exits(0).says("No changes.");
    assert!(!ran.out.contains("[y/N"), "there is nothing to ask: {ran}");
}

#[test]
#[ignore = "needs hosts"]
fn without_a_terminal_and_without_yes_it_only_plans() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    project.converge(&["-i", "test"]).run().exits(2).says("/etc/app.conf").says("--yes");
    assert!(host.touched().is_empty());
}

#[test]
#[ignore = "needs hosts"]
fn as_ansible_playbook_it_never_asks() {
    let host = debian();
    let project = Project::tasks(&[&host], TASK);
    let program = project.home().join("ansible-playbook");
    symlink(env!("CARGO_BIN_EXE_converge"), &program).unwrap();
    let call = |args: &[&str]| {
        let call = project.converge(&["-i", "inventory/test", "playbooks/site.yml"]).args(args);
        call.program(program.clone()).run()
    };
    let ran = call(&["--check", "--diff"]).exits(0);
    assert!(ran.recap(&host.name).starts_with("ok=1 changed=1 "), "{ran}");
    assert!(ran.out.contains("+asked") && host.touched().is_empty(), "{ran}");
    let ran = call(&[]).exits(0);
    assert!(ran.out.contains("TASK [copy] ***"), "{ran}");
    assert_eq!(
        ran.recap(&host.name),
        "ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0"
    );
    assert_eq!(host.text("/etc/app.conf"), "asked");
    assert_eq!(
        call(&[]).exits(0).recap(&host.name),
        "ok=1 changed=0 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0"
    );
    project.write(
        "playbooks/site.yml",
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - fail: msg=enough\n",
    );
    call(&[]).exits(2).says("enough");
    project.write("playbooks/site.yml", play("- ping:"));
    project.write("inventory/test", "gone ansible_host=127.0.0.1 ansible_port=1\n");
    call(&[]).exits(4).says("unreachable=1");
    project.write("playbooks/site.yml", "- hosts: [\n");
    call(&[]).exits(4);
}
