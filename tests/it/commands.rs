//! The commands beside running playbooks.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Project, code, stderr, stdout};

#[test]
fn completions_for_every_shell() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = project.converge(&format!("completions {shell}"));
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let text = stdout(&output);
        for word in ["inventory", "history", "become"] {
            assert!(text.contains(word), "{shell} does not complete `{word}`");
        }
    }
}

#[test]
fn bash_understands_its_completions() {
    let project = Project::new(&[]);
    let script = stdout(&project.converge("completions bash"));
    let ask = "COMP_WORDS=(converge hist); COMP_CWORD=1; _converge converge hist converge; echo \"${COMPREPLY[@]}\"";
    let mut bash =
        Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(format!("{script}\n{ask}\n").as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    assert_eq!(stdout(&output).trim(), "history");
}

#[test]
fn the_manual_is_one_page_with_every_option_and_command() {
    let project = Project::new(&[]);
    let page = stdout(&project.converge("man"));
    assert!(page.starts_with(".ie"), "{}", &page[..100]);
    assert_eq!(page.matches(".TH ").count(), 1);
    for part in
        [r"\-\-extra\-vars", r"\-\-become\-user", ".SH HISTORY", ".SH COMPLETIONS", "Exit codes"]
    {
        assert!(page.contains(part), "`{part}` is missing");
    }
}

#[test]
fn a_module_that_is_not_there() {
    let project = Project::new(&[]);
    insta::assert_snapshot!(project.told(&project.converge("doc coppy")), @r"
    exit code 1
    --- stderr
    error: there is no module `coppy`
      help: did you mean `copy`?
    ");
    let list = stdout(&project.converge("doc"));
    assert!(list.lines().any(|line| line.starts_with("copy ")), "{list}");
}

#[test]
fn every_module_has_a_page() {
    let project = Project::new(&[]);
    let list = stdout(&project.converge("doc"));
    for name in list.lines().filter_map(|line| line.split_whitespace().next()) {
        let page = stdout(&project.converge(&format!("doc {name}")));
        assert!(page.lines().count() > 2, "{name}: {page}");
    }
}

const INVENTORY: &str = "\
solo ansible_port=22

[web]
w1 x=1 y='{{ x }}'
w[2:3]

[prod:children]
web

[prod:vars]
env=prod
";

fn inventory() -> Project {
    Project::new(&[
        ("inventory/staging/hosts", INVENTORY),
        ("inventory/staging/group_vars/web.yml", "gv: {a: [1, no]}\n"),
    ])
}

#[test]
fn an_inventory_as_a_tree() {
    let project = inventory();
    insta::assert_snapshot!(project.told(&project.converge("inventory -i staging")), @r"
    exit code 0
    --- stdout
    @all:
      |--@ungrouped:
      |  |--solo
      |--@prod:
      |  |--@web:
      |  |  |--w1
      |  |  |--w2
      |  |  |--w3
    ");
    insta::assert_snapshot!(project.told(&project.converge("inventory -i staging --graph -l w1")), @r"
    exit code 0
    --- stdout
    @all:
      |--@ungrouped:
      |--@prod:
      |  |--@web:
      |  |  |--w1
    ");
}

#[test]
fn an_inventory_as_json() {
    let project = inventory();
    insta::assert_snapshot!(project.told(&project.converge("inventory -i staging --list -l w1")), @r#"
    exit code 0
    --- stdout
    {
      "_meta": {
        "hostvars": {
          "w1": {
            "env": "prod",
            "gv": {
              "a": [
                1,
                false
              ]
            },
            "x": 1,
            "y": "{{ x }}"
          }
        }
      },
      "all": {
        "children": [
          "ungrouped",
          "prod"
        ]
      },
      "web": {
        "hosts": [
          "w1"
        ]
      },
      "prod": {
        "children": [
          "web"
        ]
      }
    }
    "#);
    insta::assert_snapshot!(project.told(&project.converge("inventory -i staging --host w1")), @r#"
    exit code 0
    --- stdout
    {
      "env": "prod",
      "gv": {
        "a": [
          1,
          false
        ]
      },
      "x": 1,
      "y": "{{ x }}"
    }
    "#);
}

#[test]
fn hosts_and_patterns_that_are_not_there() {
    let project = inventory();
    insta::assert_snapshot!(project.told(&project.converge("inventory -i staging --host w9")), @r"
    exit code 1
    --- stderr
    error: the inventory has no host `w9`
     |
     = help: did you mean `w1`?
    ");
    insta::assert_snapshot!(project.told(&project.converge("inventory -i staging -l wbe")), @r"
    exit code 1
    --- stderr
    error: the limit matches no host
     --> --limit:1:1
      |
    1 | wbe
      | ^^^
      |
      = help: did you mean `web`?
    ");
}
