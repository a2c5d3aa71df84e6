//! Why a task would change something or is skipped, and where its variables come from.

use crate::support::{Project, code, stderr, stdout};

const SITE: &str = "\
- hosts: all
  gather_facts: false
  vars: {port: 80}
  roles: [web]
  tasks:
    - name: Skipped
      copy: {dest: '{{ top }}/never', content: x}
      when: wanted
    - name: Hidden
      copy: {dest: '{{ top }}/hidden', content: '{{ token }}'}
      no_log: true
";

fn project() -> Project {
    let project = Project::new(&[
        ("playbooks/site.yml", SITE),
        (
            "roles/web/defaults/main.yml",
            "greeting: hello {{ name }}\nname: nobody\nwanted: false\n",
        ),
        (
            "roles/web/tasks/main.yml",
            "- name: Page\n  copy: {dest: '{{ top }}/page', content: '{{ greeting }}:{{ port }}'}\n",
        ),
        ("inventory/group_vars/all.yml", "name: everybody\ntoken: s3cret\n"),
    ]);
    let top = project.home().display().to_string();
    project.write(
        "inventory/hosts",
        &format!(
            "[web]\na ansible_connection=local top={top}\nb ansible_connection=local top={top}\n"
        ),
    );
    project
}

#[track_caller]
fn told(project: &Project, line: &str, expected: i32) -> String {
    let output = project.converge(line);
    assert_eq!(code(&output), expected, "{}{}", stdout(&output), stderr(&output));
    let whole = format!("{}{}", stdout(&output), stderr(&output));
    whole.replace(&project.home().display().to_string(), "[HOME]")
}

#[test]
fn a_task_is_explained_by_what_it_read() {
    let project = project();
    insta::assert_snapshot!(told(&project, "explain 'web : Page' -i inventory/hosts -l a", 0));
    let by_place = told(&project, "explain roles/web/tasks/main.yml:1 -i inventory/hosts", 0);
    assert!(by_place.contains("\n  a\n") && by_place.contains("\n  b\n"), "{by_place}");
}

#[test]
fn a_host_is_explained_task_by_task_and_keeps_secrets() {
    let project = project();
    let told = told(&project, "explain a -i inventory/hosts", 0);
    insta::assert_snapshot!(told);
    assert!(!told.contains("s3cret"));
}

#[test]
fn what_nobody_is_called_is_an_error_with_the_nearest_name() {
    let told = told(&project(), "explain 'web : Paeg' -i inventory/hosts", 1);
    assert!(told.contains("did you mean `web : Page`?"), "{told}");
}
