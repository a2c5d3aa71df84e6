//! Bad input: a clear error at its place, and nothing changed anywhere.

use crate::hosts::{Lent, debian};
use crate::project::{Project, play};

/// A playbook that would change the host before it comes to the mistake.
fn after_a_change(tasks: &str) -> String {
    play(&format!("- copy: {{dest: /etc/app.conf, content: x}}\n{tasks}"))
}

#[track_caller]
fn refused(host: &Lent, project: &Project, args: &[&str], place: &str, says: &[&str]) {
    let ran = project.apply(args).exits(1);
    assert!(ran.out.contains(place) || ran.err.contains(place), "at {place}: {ran}");
    for text in says {
        assert!(ran.out.contains(text) || ran.err.contains(text), "{text}: {ran}");
    }
    assert_eq!(host.touched(), [""; 0], "{ran}");
}

#[test]
#[ignore = "needs hosts"]
fn mistakes_in_a_playbook_are_shown_where_they_are() {
    let host = debian();
    let project = Project::tasks(&[&host], "");
    for (tasks, place, says) in [
        ("- copy: {dest: [}\n", "playbooks/site.yml:5", &["flow"] as &[&str]),
        ("- cpoy: {dest: /x}\n", "playbooks/site.yml:5:7", &["cpoy", "copy"]),
        ("- copy: {dset: /x, content: y}\n", "playbooks/site.yml:5", &["dset", "dest"]),
        (
            "- copy: {dest: /x, content: y}\n  wehn: true\n",
            "playbooks/site.yml:6:7",
            &["wehn", "when"],
        ),
        (
            "- copy: {dest: /x, content: y}\n  notify: restart nginx\n",
            "playbooks/site.yml:6",
            &["restart nginx"],
        ),
        ("- include_role: {name: webb}\n", "playbooks/site.yml:5", &["webb", "web"]),
        ("- import_tasks: mian.yml\n", "playbooks/site.yml:5", &["mian.yml"]),
        ("- copy: {dest: /x, content: '{{ open }'}\n", "playbooks/site.yml:5", &["{{ open }"]),
        (
            "- file: {path: /x, state: directroy}\n",
            "playbooks/site.yml:5",
            &["directroy", "directory"],
        ),
        ("- wait_for: {timeout: soon}\n", "playbooks/site.yml:5", &["soon"]),
        ("- file:\n    path: /x\n  become: sometimes\n", "playbooks/site.yml", &["sometimes"]),
        ("- name: nothing to do\n", "playbooks/site.yml:5", &["module"]),
        (
            "- copy: {dest: /x, content: y}\n  file: {path: /x}\n",
            "playbooks/site.yml:6",
            &["copy", "file"],
        ),
    ] {
        project.write("playbooks/site.yml", after_a_change(tasks));
        project.write("roles/web/tasks/main.yml", "- ping:\n");
        refused(&host, &project, &[], place, says);
    }
    project.write("playbooks/site.yml", "- hosts: all\n  rolse: []\n");
    refused(&host, &project, &[], "playbooks/site.yml:2:3", &["rolse", "roles"]);
    project.write("playbooks/site.yml", "- hosts: all\n  roles: [wbe]\n");
    refused(&host, &project, &[], "playbooks/site.yml:2", &["wbe", "web"]);
}

#[test]
#[ignore = "needs hosts"]
fn what_the_plan_finds_stops_before_anything_is_done() {
    let host = debian();
    let project = Project::tasks(&[&host], "");
    for (tasks, says) in [
        (
            "- copy: {dest: /x, content: '{{ greetign }}'}\n  vars: {greeting: hello}\n",
            &["greetign", "greeting", "site.yml:5"] as &[&str],
        ),
        ("- template: {src: none.j2, dest: /x}\n", &["none.j2", "site.yml:5"]),
        ("- copy: {src: nofile, dest: /x}\n", &["nofile", "site.yml:5"]),
        ("- assert: {that: 1 > 2, fail_msg: too few}\n", &["too few", "site.yml:5"]),
        ("- copy: {dest: /x, content: '{{ 1 / 0 }}'}\n", &["zero", "site.yml:5"]),
        ("- file: {path: /x, state: file}\n", &["/x"]),
        ("- user: {name: app, group: no-such-group}\n", &["no-such-group"]),
    ] {
        project.write("playbooks/site.yml", after_a_change(tasks));
        let ran = project.check(&[]);
        assert_eq!(host.touched(), [""; 0], "{ran}");
        for text in says {
            assert!(ran.out.contains(text) || ran.err.contains(text), "{text}: {ran}");
        }
        // A play that would fail is shown as such; nobody would apply it by saying no.
        let ran = project.converge(&["-i", "test"]).run();
        assert_eq!(host.touched(), [""; 0], "{ran}");
    }
}

#[test]
#[ignore = "needs hosts"]
fn unknown_hosts_groups_tags_inventories_and_playbooks_name_the_nearest() {
    let host = debian();
    let project =
        Project::tasks(&[&host], "- copy: {dest: /etc/app.conf, content: x}\n  tags: [config]\n");
    project
        .write("inventory/staging", format!("[web]\n{} ansible_host={}\n", host.name, host.ipv4));
    let near = &host.name[..host.name.len() - 1];
    refused(&host, &project, &["-l", &format!("{near}x")], &format!("{near}x"), &[&host.name]);
    refused(&host, &project, &["-t", "confg"], "confg", &["config"]);
    let other = |args: &[&str], says: &[&str]| {
        let ran = project.converge(args).run().exits(1);
        for text in says {
            assert!(ran.out.contains(text) || ran.err.contains(text), "{text}: {ran}");
        }
        assert_eq!(host.touched(), [""; 0]);
    };
    other(&["-i", "stagin", "--yes"], &["stagin", "staging"]);
    other(&["-i", "staging", "--yes", "-l", "wbe"], &["wbe", "web"]);
    other(&["-i", "staging", "--yes", "siet"], &["siet", "site"]);
    other(&["-i", "staging", "--yess"], &["--yess", "--yes"]);
    other(&["-i", "staging", "--yes", "--start-at-task", "cpoy"], &["cpoy"]);
    project.write("playbooks/site.yml", "- hosts: wbe\n  tasks: []\n");
    other(&["-i", "staging", "--yes"], &["wbe", "web", "site.yml:1"]);
}

#[test]
#[ignore = "needs hosts"]
fn a_duplicate_key_is_a_warning() {
    let host = debian();
    let project =
        Project::tasks(&[&host], "- copy: {dest: /etc/app.conf, content: x, content: y}\n");
    let ran = project.apply(&[]).exits(0).says("duplicate");
    assert!(
        ran.err.contains("playbooks/site.yml:4") || ran.out.contains("playbooks/site.yml:4"),
        "{ran}"
    );
    assert_eq!(host.text("/etc/app.conf"), "y", "the last one counts, as it does in Ansible");
}

#[test]
#[ignore = "needs hosts"]
fn broken_inventories_vault_files_and_variables_are_refused() {
    let host = debian();
    let project = Project::tasks(&[&host], "- copy: {dest: /etc/app.conf, content: x}\n");
    let inventory = format!("{} ansible_host={}\n", host.name, host.ipv4);
    project.write("inventory/group_vars/all.yml", "a: [\n");
    refused(&host, &project, &[], "group_vars/all.yml", &[]);
    project.write("inventory/group_vars/all.yml", "- a\n");
    refused(&host, &project, &[], "group_vars/all.yml", &[]);
    project.write("inventory/group_vars/all.yml", "a: 1\n");
    project.write("inventory/test", format!("{inventory}[web:childrn]\nx\n"));
    refused(&host, &project, &[], "inventory/test:2", &["childrn", "children"]);
    project.write("inventory/test", inventory);
    refused(&host, &project, &["-e", "@nofile.yml"], "nofile.yml", &[]);
    refused(&host, &project, &["-e", "{broken"], "{broken", &[]);
    project.apply(&[]).exits(0);
}
