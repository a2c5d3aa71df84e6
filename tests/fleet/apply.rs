//! What a plan says is what applying does, and then nothing is left to do.

use std::collections::BTreeSet;

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, debian, lend};
use crate::plan::{changes, paths, performed};
use crate::project::{Project, indent};

/// One of everything that can be told beforehand.
const TASKS: &str = r#"
- group: name=web gid=2100
- user:
    name: app
    uid: 2101
    group: web
    shell: /bin/bash
    home: /srv/app
    comment: The app
- file: path=/srv/app/conf state=directory owner=app group=web mode=0750
- file: path=/srv/app/current src=conf state=link
- copy: src=banner dest=/etc/banner mode=0644
- copy:
    dest: /srv/app/conf/env
    content: "PORT={{ port }}\n"
    owner: app
    mode: "0600"
- template: src=app.conf.j2 dest=/srv/app/conf/app.conf mode=0640 group=web
- lineinfile: path=/etc/hosts line="203.0.113.9 upstream" regexp=upstream$
- file: path=/etc/issue state=absent
- copy:
    dest: /etc/systemd/system/app.service
    content: |
      [Unit]
      Description=The app
      [Service]
      ExecStart=/bin/sleep infinity
      [Install]
      WantedBy=multi-user.target
  notify: restart app
- systemd: name=app enabled=true state=started daemon_reload=true
- command: touch /srv/app/made
  args: {creates: /srv/app/made}
"#;

const HANDLERS: &str = "- name: restart app\n  service: name=app state=restarted\n";

/// Files of accounts, which no plan names by path.
const ACCOUNTS: &[&str] = &[
    "/etc/passwd",
    "/etc/passwd-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/group",
    "/etc/group-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/subuid",
    "/etc/subuid-",
    "/etc/subgid",
    "/etc/subgid-",
];

fn project(hosts: &[&xtask::fleet::host::Host]) -> Project {
    let play = format!(
        "- hosts: all\n  gather_facts: false\n  vars: {{port: 8080, workers: [1, 2]}}\n  tasks:\n{}\n  handlers:\n{}",
        indent(TASKS, 4),
        indent(HANDLERS, 4)
    );
    let template = "port = {{ port }}\n{% for worker in workers %}\nworker {{ worker }}\n{% endfor %}\nhost = {{ inventory_hostname }}\n";
    Project::new(
        hosts,
        &[
            ("playbooks/site.yml", &play),
            ("playbooks/files/banner", "Welcome\n"),
            ("playbooks/templates/app.conf.j2", template),
        ],
    )
}

#[track_caller]
fn a_fresh_host_becomes_what_the_plan_says(host: &Lent) {
    let project = project(&[host]);
    assert_eq!(host.touched(), [""; 0], "the host is new");

    let plan = project.plan(2);
    assert_eq!(host.touched(), [""; 0], "planning writes nothing");
    assert_eq!(plan["outcome"], "pending");
    let planned = changes(&plan);
    for what in [
        "group web",
        "user app",
        "/srv/app/conf",
        "/srv/app/current",
        "/etc/banner",
        "/srv/app/conf/env",
        "/srv/app/conf/app.conf",
        "/etc/hosts",
        "/etc/issue",
        "/etc/systemd/system/app.service",
        "app.service",
        "touch /srv/app/made",
    ] {
        assert!(planned.iter().any(|line| line.contains(what)), "{what}: {planned:#?}");
    }

    let applied = project.apply(&["--format", "json"]).exits(0).json();
    assert_eq!(performed(&applied), planned, "what is done is what was planned");

    let touched: BTreeSet<String> = host.touched().into_iter().collect();
    let files = paths(&plan);
    let missing: Vec<_> = files.difference(&touched).collect();
    assert_eq!(missing, [&""; 0], "every planned file was touched");
    let explained = |path: &String| {
        files.contains(path)
            || ACCOUNTS.contains(&path.as_str())
            || path.starts_with("/srv/app")
            || path == "/etc/systemd/system/multi-user.target.wants/app.service"
    };
    let unplanned: Vec<_> = touched.iter().filter(|path| !explained(path)).collect();
    assert_eq!(unplanned, [&""; 0], "nothing else was touched");

    assert_eq!(host.run("getent passwd app"), "app:x:2101:2100:The app:/srv/app:/bin/bash\n");
    assert_eq!(host.access("/srv/app/conf"), "0750 app:web");
    assert_eq!(host.run("readlink /srv/app/current"), "conf\n");
    assert_eq!(
        (host.text("/etc/banner").as_str(), host.access("/etc/banner").as_str()),
        ("Welcome\n", "0644 root:root")
    );
    assert_eq!(
        (host.text("/srv/app/conf/env").as_str(), host.access("/srv/app/conf/env").as_str()),
        ("PORT=8080\n", "0600 app:root")
    );
    let wanted = format!("port = 8080\nworker 1\nworker 2\nhost = {}\n", host.name);
    assert_eq!(host.text("/srv/app/conf/app.conf"), wanted);
    assert_eq!(host.access("/srv/app/conf/app.conf"), "0640 root:web");
    assert_eq!(host.text("/etc/hosts").lines().last(), Some("203.0.113.9 upstream"));
    assert!(!host.has("/etc/issue") && host.has("/srv/app/made"));
    assert_eq!(host.run("systemctl is-active app; systemctl is-enabled app"), "active\nenabled\n");

    let after = host.done();
    project.check(&[]).exits(0).says("No changes.");
    let again = project.apply(&["--format", "json"]).exits(0).json();
    assert_eq!((again["outcome"].as_str(), performed(&again).len()), (Some("unchanged"), 0));
    assert_eq!(host.done(), after, "the second run touches nothing");
}

#[test]
#[ignore = "needs hosts"]
fn a_fresh_debian_host_becomes_what_the_plan_says() {
    a_fresh_host_becomes_what_the_plan_says(&debian());
}

#[test]
#[ignore = "needs hosts"]
fn a_fresh_centos_host_becomes_what_the_plan_says() {
    a_fresh_host_becomes_what_the_plan_says(&crate::hosts::centos());
}

#[test]
#[ignore = "needs hosts"]
fn a_plan_shows_diffs_modes_and_units_for_people() {
    let host = debian();
    host.run("printf 'one\\ntwo\\nthree\\n' > /etc/app.conf; chmod 600 /etc/app.conf");
    let project = Project::tasks(
        &[&host],
        "
        - copy: {dest: /etc/app.conf, content: \"one\\n2\\nthree\\n\", mode: '0644'}
          notify: restart ssh
        - command: /bin/true
        ",
    );
    let handlers =
        "  handlers:\n    - name: restart ssh\n      service: {name: ssh, state: restarted}\n";
    let site = std::fs::read_to_string(project.folder().join("playbooks/site.yml")).unwrap();
    project.write("playbooks/site.yml", site + handlers);
    let ran = project.check(&["--diff"]).exits(2);
    for text in [
        "~ /etc/app.conf",
        "-two",
        "+2",
        "0600",
        "0644",
        "restart ssh",
        "run `/bin/true`",
        "Plan: ",
        "1 command with unknown effect",
    ] {
        assert!(ran.out.contains(text), "{text}: {ran}");
    }
}

#[test]
#[ignore = "needs hosts"]
fn identical_changes_of_two_hosts_are_shown_once() {
    let [one, two] = lend([Kind::Debian, Kind::Debian]);
    let project = Project::tasks(
        &[&one, &two],
        "
        - copy: {dest: /etc/app.conf, content: \"same for all\\n\"}
        - copy: {dest: /etc/app.name, content: \"{{ inventory_hostname }}\\n\"}
        ",
    );
    let ran = project.check(&[]).exits(2).says("4 changes on 2 hosts");
    let count = |text: &str| ran.out.matches(text).count();
    assert_eq!(count("+same for all"), 1, "{ran}");
    assert_eq!(
        (count(&format!("+{}", one.name)), count(&format!("+{}", two.name))),
        (1, 1),
        "{ran}"
    );
    assert!(one.touched().is_empty() && two.touched().is_empty());
}

#[test]
#[ignore = "needs hosts"]
fn what_moved_since_the_plan_is_not_overwritten() {
    let host = debian();
    // The command moves what the next task was planned for.
    let project = Project::tasks(
        &[&host],
        "
        - command: sh -c 'echo moved > /etc/app.conf'
          args: {creates: /etc/never}
        - copy: {dest: /etc/app.conf, content: planned}
        ",
    );
    host.run("echo first > /etc/app.conf");
    let asked = project.converge(&["-i", "test"]).typing("[y/N", "y");
    let ran = asked.run().exits(1).says("/etc/app.conf");
    assert_eq!(host.text("/etc/app.conf"), "moved\n", "{ran}");
}
