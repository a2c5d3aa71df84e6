//! Help, wrong usage, and what is refused before anything is read.

use crate::support::{Project, code, stderr, stdout};

#[test]
fn help_is_complete() {
    let project = Project::new(&[]);
    insta::assert_snapshot!("help_short", project.told(&project.converge("-h")));
    insta::assert_snapshot!("help_long", project.told(&project.converge("--help")));
    for command in ["plan", "apply", "history", "show", "inventory", "doc", "completions", "man"] {
        let help = project.converge(&format!("{command} --help"));
        insta::assert_snapshot!(format!("help_{command}"), project.told(&help));
    }
}

#[test]
fn as_ansible_playbook_there_are_no_other_commands() {
    let project = Project::new(&[]);
    let help = stdout(&project.ansible_playbook("--help"));
    assert!(help.contains("Usage: ansible-playbook [OPTIONS] <PLAYBOOK>..."), "{help}");
    assert!(!help.contains("completions"), "{help}");
}

#[test]
fn wrong_usage_ends_with_1_and_as_ansible_playbook_with_2() {
    let project = Project::new(&[]);
    for line in ["--nonsense", "-f 0", "-c telnet", "--format xml", "history --nonsense"] {
        let output = project.converge(line);
        assert_eq!(code(&output), 1, "{line}: {}", stderr(&output));
    }
    for line in ["", "--nonsense site.yml", "-f 0 site.yml"] {
        let output = project.ansible_playbook(line);
        assert_eq!(code(&output), 2, "{line}: {}", stderr(&output));
    }
    assert_eq!(code(&project.converge("--version")), 0);
    assert_eq!(code(&project.ansible_playbook("--version")), 0);
}

#[test]
fn a_mistyped_option_is_recognised() {
    let project = Project::new(&[]);
    insta::assert_snapshot!(project.told(&project.converge("--inventori staging")), @r"
    exit code 1
    --- stderr
    error: unexpected argument '--inventori' found

      tip: a similar argument exists: '--inventory'

    Usage: converge --inventory <INVENTORY> [PLAYBOOK]...

    For more information, try '--help'.
    ");
}

#[test]
fn a_mistyped_command_or_playbook_is_recognised() {
    let project = Project::new(&[("playbooks/site.yml", ""), ("playbooks/reboot.yml", "")]);
    insta::assert_snapshot!(project.told(&project.converge("histroy")), @r"
    exit code 1
    --- stderr
    error: there is no playbook `histroy`
     |
     = help: did you mean the command `converge history`?
    ");
    insta::assert_snapshot!(project.told(&project.converge("playbooks/rebot.yml")), @r"
    exit code 1
    --- stderr
    error: there is no playbook `playbooks/rebot.yml`
     |
     = help: did you mean `reboot`?
    ");
    assert_eq!(code(&project.ansible_playbook("nope.yml")), 1);
}

#[test]
fn an_unknown_inventory_names_the_nearest() {
    let project = Project::new(&[
        ("playbooks/site.yml", "- hosts: all\n"),
        ("inventory/staging", "a\n"),
        ("inventory/production", "a\n"),
    ]);
    insta::assert_snapshot!(project.told(&project.converge("-i stagign")), @r"
    exit code 1
    --- stderr
    error: unknown inventory `stagign`
     |
     = help: did you mean `staging`?
    ");
}
