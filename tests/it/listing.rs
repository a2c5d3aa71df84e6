//! What is only listed, and what is refused before any host is asked.

use crate::support::{Project, code, stderr, stdout};

const SITE: &str = "\
- name: Web servers
  hosts: web
  tags: [site]
  pre_tasks:
    - name: First
      ping:
  roles: [nginx]
  tasks:
    - ping:
      tags: [quick, 'a,b']
    - block:
        - name: Inside
          ping:
      rescue:
        - name: Rescued
          ping:
      tags: careful
    - name: Rarely
      ping:
      tags: never
- hosts: all,!w2
  gather_facts: false
  tasks: []
";

fn project() -> Project {
    Project::new(&[
        ("ansible.cfg", "[defaults]\n"),
        ("playbooks/site.yml", SITE),
        ("playbooks/second.yml", "- hosts: w1\n  tasks: [{ping: }]\n"),
        ("roles/nginx/tasks/main.yml", "- name: Install\n  ping:\n"),
        ("inventory/staging", "[web]\nw1\nw2\n[db]\nd1\n"),
    ])
}

#[test]
fn hosts_tasks_and_tags() {
    let project = project();
    insta::assert_snapshot!(project.told(&project.converge("--list-hosts -l web")), @r"
    exit code 0
    --- stdout

    playbook: playbooks/site.yml

      play #1 (web): Web servers	TAGS: [site]
        pattern: ['web']
        hosts (2):
          w1
          w2

      play #2 (all,!w2): all,!w2	TAGS: []
        pattern: ['all,!w2']
        hosts (1):
          w1
    ");
    insta::assert_snapshot!(project.told(&project.converge("site second --list-tasks --list-tags")), @r"
    exit code 0
    --- stdout

    playbook: playbooks/site.yml

      play #1 (web): Web servers	TAGS: [site]
        tasks:
          First	TAGS: [site]
          nginx : Install	TAGS: [site]
          ping	TAGS: [a, b, quick, site]
          Inside	TAGS: [careful, site]
          TASK TAGS: [a, b, careful, quick, site]

      play #2 (all,!w2): all,!w2	TAGS: []
        tasks:
          TASK TAGS: []

    playbook: playbooks/second.yml

      play #1 (w1): w1	TAGS: []
        tasks:
          ping	TAGS: []
          TASK TAGS: []
    ");
    insta::assert_snapshot!(project.told(&project.converge("--list-tasks -t never,quick --skip-tags a")), @r"
    exit code 0
    --- stdout

    playbook: playbooks/site.yml

      play #1 (web): Web servers	TAGS: [site]
        tasks:
          Rarely	TAGS: [never, site]

      play #2 (all,!w2): all,!w2	TAGS: []
        tasks:
    ");
    insta::assert_snapshot!(project.told(&project.converge("--syntax-check")), @r"
    exit code 0
    --- stdout

    playbook: playbooks/site.yml
    ");
}

#[test]
fn from_any_folder_inside() {
    let project = project();
    let output = project.converge_in("roles/nginx/tasks", "--list-hosts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("playbook: playbooks/site.yml"), "{}", stdout(&output));
}

#[test]
fn a_tag_or_task_that_is_not_there() {
    let project = project();
    insta::assert_snapshot!(project.told(&project.converge("--check -t qiuck")), @r"
    exit code 1
    --- stderr
    error: no task has the tag `qiuck`
     --> --tags:1:1
      |
    1 | qiuck
      | ^^^^^
      |
      = help: did you mean `quick`?
    ");
    insta::assert_snapshot!(project.told(&project.converge("--check --start-at-task Instal")), @r"
    exit code 1
    --- stderr
    error: no task is called `Instal`
     --> --start-at-task:1:1
      |
    1 | Instal
      | ^^^^^^
      |
      = help: did you mean `Install`?
    ");
    let output =
        project.ansible_playbook("playbooks/site.yml -i inventory/staging --list-tasks -t qiuck");
    assert_eq!(code(&output), 0, "as Ansible: {}", stderr(&output));
}

#[test]
fn a_broken_playbook_is_shown_where_it_is_broken() {
    let project = project();
    project.write("playbooks/broken.yml", "- hosts: web\n  tasks:\n    - pinng:\n");
    insta::assert_snapshot!(project.told(&project.converge("broken --check")), @r"
    exit code 1
    --- stderr
    error: unknown module `pinng`
     --> playbooks/broken.yml:3:7
      |
    3 |     - pinng:
      |       ^^^^^
      |
      = help: did you mean `ping`?
    ");
    let output = project.ansible_playbook("playbooks/broken.yml -i inventory/staging");
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    let json = project.converge("broken --check --format json");
    let document: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!((&document["outcome"], &document["exit_code"]), (&"error".into(), &1.into()));
    assert!(
        document["errors"][0].as_str().unwrap().contains("playbooks/broken.yml:3:7"),
        "{document}"
    );
}

#[test]
fn variables_that_are_no_variables() {
    let project = project();
    insta::assert_snapshot!(project.told(&project.converge("--check -e nonsense -e @nowhere.yml")), @r"
    exit code 1
    --- stderr
    error: `nonsense` is not `name=value`
     --> --extra-vars:1:1
      |
    1 | nonsense
      | ^^^^^^^^

    error: can't read `nowhere.yml`: No such file or directory (os error 2)
    ");
}

#[test]
fn passwords_need_a_terminal_or_a_file() {
    let project = project();
    insta::assert_snapshot!(project.told(&project.converge("--check --become-password-file nowhere")), @r"
    exit code 1
    --- stderr
    error: the become password can't be read from `nowhere`: No such file or directory (os error 2)
    ");
}
