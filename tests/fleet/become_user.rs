//! Becoming other users by sudo: with and without a password, as root and as somebody else.

use crate::hosts::{Lent, debian, lend};
use crate::project::Project;
use xtask::fleet::host::Kind;

/// Who made the file says whom the task ran as.
fn project(host: &Lent, login: &str, keywords: &str) -> Project {
    let project = Project::tasks(
        &[host],
        &format!(
            "
        - copy: {{dest: /var/tmp/made, content: text, mode: '0640'}}
          {keywords}
        "
        ),
    );
    project.write(
        "inventory/test",
        format!("{} ansible_host={} ansible_user={login}\n", host.name, host.ipv4),
    );
    project
}

#[test]
#[ignore = "needs hosts"]
fn the_user_of_a_task_owns_what_it_makes() {
    for host in lend([Kind::Debian, Kind::Centos]) {
        for (login, keywords, owner) in [
            ("admin", "become: false", "admin:admin"),
            ("admin", "become: true", "root:root"),
            ("admin", "{become: true, become_user: deploy}", "deploy:deploy"),
            ("root", "{become: true, become_user: deploy}", "deploy:deploy"),
        ] {
            let keywords = keywords.trim_matches(['{', '}']).replace(", ", "\n          ");
            let project = project(&host, login, &keywords);
            project.check(&[]).exits(2);
            assert!(!host.has("/var/tmp/made"));
            project.converges();
            assert_eq!(host.access("/var/tmp/made"), format!("0640 {owner}"), "{login} {keywords}");
            host.run("rm /var/tmp/made");
        }
    }
}

#[test]
#[ignore = "needs hosts"]
fn users_of_one_host_see_what_each_other_do() {
    let host = debian();
    let project = Project::tasks(
        &[&host],
        "
        - file: {path: /srv/shared, state: directory, owner: deploy, mode: '0755'}
        - copy: {dest: /srv/shared/a, content: a}
          become: true
          become_user: deploy
        - copy: {dest: /srv/shared/b, src: /srv/shared/a, remote_src: true}
        - user: {name: fresh, uid: 3000}
        - copy: {dest: /home/fresh/c, content: c}
          become: true
          become_user: fresh
        ",
    );
    project.check(&[]).exits(2).says("/srv/shared/a").says("/srv/shared/b");
    project.converges();
    assert_eq!(host.access("/srv/shared/a"), "0644 deploy:deploy");
    assert_eq!(host.access("/srv/shared/b"), "0644 root:root");
    assert_eq!(host.access("/home/fresh/c"), "0644 fresh:fresh");
}

#[test]
#[ignore = "needs hosts"]
fn what_planning_ran_leaves_nothing_in_doubt_for_another_user() {
    let host = debian();
    let project = Project::tasks(
        &[&host],
        "
        - command: id
          changed_when: false
        - command: id
          changed_when: false
          become: true
          become_user: deploy
        - stat: {path: /srv/none}
          register: found
        - file: {path: /srv/none, state: touch}
          when: found.stat.exists
        - file: {path: /home/deploy/none, state: absent}
          become: true
          become_user: deploy
        ",
    );
    project.check(&[]).exits(0).says("No changes.");
}

#[test]
#[ignore = "needs hosts"]
fn sudo_gets_its_password() {
    let host = debian();
    let project = project(&host, "deploy", "become: true");
    let file = project.keep("password", "deploy-secret\n").display().to_string();
    let ran = project.apply(&["--become-password-file", &file]).exits(0);
    assert_eq!(host.access("/var/tmp/made"), "0640 root:root");
    ran.never_says("deploy-secret");
    host.run("rm /var/tmp/made");
    project.write("inventory/group_vars/all.yml", "ansible_become_password: deploy-secret\n");
    project.apply(&["-vvv"]).exits(0).never_says("deploy-secret");
    assert_eq!(host.access("/var/tmp/made"), "0640 root:root");
    assert_eq!(host.run("grep -r deploy-secret /var/log /home/deploy /tmp || true"), "");
}

#[test]
#[ignore = "needs hosts"]
fn a_typed_password_is_used_and_not_shown() {
    let host = debian();
    let project = project(&host, "deploy", "become: true");
    let call =
        project.converge(&["-i", "test", "-K", "--yes"]).typing_unseen("password", "deploy-secret");
    call.run().exits(0).never_says("deploy-secret");
    assert_eq!(host.access("/var/tmp/made"), "0640 root:root");
}

#[test]
#[ignore = "needs hosts"]
fn a_wrong_or_missing_password_changes_nothing() {
    let host = debian();
    let project = project(&host, "deploy", "become: true");
    let wrong = project.keep("password", "guess-again\n").display().to_string();
    let ran = project.apply(&["--become-password-file", &wrong]).exits(1);
    let ran = ran.says("refused").says("root").never_says("guess-again");
    assert!(ran.recap(&host.name).contains("failed=1"), "{ran}");
    let ran = project.apply(&[]).exits(1).says("password").says("--ask-become-pass");
    assert!(ran.recap(&host.name).contains("failed=1"), "{ran}");
    assert!(!host.has("/var/tmp/made"));
}

#[test]
#[ignore = "needs hosts"]
fn a_user_that_is_not_there_is_named() {
    let host = debian();
    let project = project(&host, "admin", "become: true\n          become_user: nobody-here");
    project.apply(&[]).exits(1).says("nobody-here");
    assert!(!host.has("/var/tmp/made"));
}
