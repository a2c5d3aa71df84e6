//! What is refused before anything is done, where it can be told before.

use crate::support::{Project, code, stderr, stdout};

/// A project whose first task would make a file, and what is wrong after it.
fn project(tasks: &str) -> Project {
    let site = format!(
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - copy: {{dest: '{{{{ playbook_dir }}}}/made', content: x}}\n{tasks}"
    );
    Project::new(&[
        ("inventory/test", "[web]\nhere ansible_connection=local\n"),
        ("playbooks/site.yml", &site),
    ])
}

#[track_caller]
fn refused(project: &Project, says: &[&str]) {
    let output = project.converge("-i test --yes");
    let told = stderr(&output);
    assert_eq!(code(&output), 1, "{told}{}", stdout(&output));
    for text in says {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(!project.root().join("playbooks/made").exists(), "{told}");
}

#[test]
fn a_value_that_no_host_can_make_right() {
    for (task, says) in [
        (
            "- file: {path: /x, state: directroy}",
            &["directroy", "directory", "site.yml:5:"] as &[&str],
        ),
        ("- wait_for: {timeout: soon}", &["soon", "a whole number", "site.yml:5:"]),
        (
            "- copy: {dest: /x, content: y, force: perhaps}",
            &["perhaps", "a boolean", "site.yml:5:"],
        ),
        (
            "- ansible.posix.synchronize: {src: a, dest: /x, rsync_opts: ['--backup']}",
            &["`--backup`, an option", "does not know", "site.yml:5:"],
        ),
        ("- ping:\n      become: sometimes", &["become", "a boolean", "site.yml:6:"]),
        ("- ping:\n      retries: often", &["retries", "a number", "site.yml:6:"]),
    ] {
        refused(&project(&format!("    {task}\n")), says);
    }
    let right =
        project("    - file: {path: '{{ playbook_dir }}/made', state: '{{ \"fi\" ~ \"le\" }}'}\n");
    assert_eq!(code(&right.converge("-i test --yes")), 0);
}

#[test]
fn arguments_that_nobody_knows() {
    let task = "    - file: {path: /x, stat: absent}\n";
    refused(&project(task), &["`file` has no argument `stat`", "did you mean `state`?"]);
    // A task that has a condition may never be reached.
    let project = project(&format!("{task}      when: false\n"));
    let output = project.converge("-i test --yes");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("`file` has no argument `stat`"), "{}", stderr(&output));
}

#[test]
fn variables_of_the_inventory_that_cannot_be_read() {
    let project = project("");
    for (path, text, says) in [
        ("inventory/group_vars/all.yml", "a: [\n", &["group_vars/all.yml:"] as &[&str]),
        ("inventory/group_vars/web.yml", "- a\n", &["group_vars/web.yml:1", "mapping"]),
        ("inventory/host_vars/here.yml", "a: {\n", &["host_vars/here.yml:"]),
    ] {
        project.write(path, text);
        refused(&project, says);
        project.write(path, "a: 1\n");
    }
    assert_eq!(code(&project.converge("-i test --yes")), 0);
}

#[test]
fn a_playbook_for_hosts_that_nobody_knows() {
    let project = project("");
    project.write("playbooks/site.yml", "- hosts: wbe\n  tasks: []\n");
    refused(&project, &["no host or group matches `wbe`", "did you mean `web`?", "site.yml:1"]);
    let output = project.ansible_playbook("-i inventory/test playbooks/site.yml");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    // One group that this inventory does not have is none of its playbook's business.
    project.write("playbooks/site.yml", "- hosts: wbe\n  tasks: []\n- hosts: web\n  tasks: []\n");
    let output = project.converge("-i test --yes");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("did you mean `web`?"), "{}", stderr(&output));
}
