//! Saved plans on real hosts: applied as they are, or refused with what moved before anything is done.

use std::net::SocketAddr;
use std::time::Duration;

use xtask::fleet::host::Kind;
use xtask::relay;

use crate::hosts::{centos, debian, lend};
use crate::project::{Project, Ran};

const TASKS: &str = "
- copy: {dest: /etc/app.conf, content: \"new\\n\", mode: '0640'}
- file: {path: /srv/app, state: directory, mode: '0750'}
";

fn save(project: &Project) {
    project.converge(&["plan", "-i", "test", "-o", "a.plan"]).run().exits(2).says("Saved.");
}

fn apply(project: &Project) -> Ran {
    project.converge(&["apply", "a.plan"]).run()
}

const ACCOUNTS: &str = "
- package: {name: tree, state: present}
- group: {name: app, system: true}
- user:
    name: app
    group: app
    system: true
    password: \"{{ 'hunter22' | password_hash('sha512', 'saltsalt') }}\"
  no_log: true
- copy: {dest: /etc/app.conf, content: x, owner: app, group: app, mode: '0600'}
- command: tree --version
  register: version
- copy: {dest: /etc/app.version, content: '{{ version.stdout }}'}
";

#[test]
#[ignore = "needs hosts"]
fn what_was_planned_is_done_on_both_kinds() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    // A bare Debian knows no packages before it has their lists.
    hosts[0].run("apt-get -qq update");
    let project = Project::tasks(&[&hosts[0], &hosts[1]], ACCOUNTS);
    let before: Vec<_> = hosts.iter().map(crate::hosts::Lent::touched).collect();
    save(&project);
    for (host, before) in hosts.iter().zip(before) {
        assert_eq!(host.touched(), before, "planning writes nothing");
    }
    let text = std::fs::read_to_string(project.folder().join("a.plan")).unwrap();
    assert!(!text.contains("hunter22") && !text.contains("$6$"), "{text}");
    assert!(!text.contains("36,54,36,115"), "nor as numbers: {text}");
    apply(&project).exits(0);
    for host in &hosts {
        assert_eq!(host.access("/etc/app.conf"), "0600 app:app");
        // As many rounds as Ansible's filter takes when a play says nothing of them.
        let shadow = host.text("/etc/shadow");
        assert!(shadow.contains("app:$6$rounds=656000$saltsalt$"), "{shadow}");
        assert!(host.text("/etc/app.version").contains("tree"));
    }
    apply(&project).exits(4).says("was applied already").says("converge plan");
}

#[test]
#[ignore = "needs hosts"]
fn one_host_that_moved_keeps_all_from_being_changed() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let project = Project::tasks(&[&hosts[0], &hosts[1]], TASKS);
    hosts[1].run("echo old > /etc/app.conf");
    save(&project);
    hosts[1].run("echo other > /etc/app.conf");
    let moved = format!("{}: /etc/app.conf (playbooks/site.yml:4:", hosts[1].name);
    apply(&project).exits(4).says(&moved).says("planned: ~ /etc/app.conf").says("-o FILE");
    assert!(!hosts[0].has("/etc/app.conf") && !hosts[0].has("/srv/app"));
    assert_eq!(hosts[1].text("/etc/app.conf"), "other\n");
    hosts[1].run("echo old > /etc/app.conf");
    apply(&project).exits(0);
    assert_eq!(hosts[0].text("/etc/app.conf"), "new\n");
}

#[test]
#[ignore = "needs hosts"]
fn a_host_that_was_set_up_anew_since() {
    let mut host = debian();
    let project = Project::tasks(&[&host], TASKS);
    host.run("echo old > /etc/app.conf");
    save(&project);
    host.rebuild();
    apply(&project).exits(4).says("has moved").says(&host.name);
    assert!(!host.has("/etc/app.conf"));
}

#[test]
#[ignore = "needs hosts"]
fn another_machine_of_the_same_name() {
    let host = centos();
    let project = Project::tasks(&[&host], TASKS);
    save(&project);
    host.run("tr -dc 0-9a-f < /dev/urandom | head -c 32 > /tmp/id; cp /tmp/id /etc/machine-id; rm /tmp/id");
    apply(&project).exits(4).says("it is another machine, or was set up anew");
    assert!(!host.has("/etc/app.conf"));
}

#[test]
#[ignore = "needs hosts"]
fn a_disk_that_is_full_while_applying() {
    let host = debian();
    host.run("mkdir /srv/small && mount -t tmpfs -o size=256k none /srv/small && echo old > /srv/small/file");
    let project = Project::tasks(
        &[&host],
        "
        - copy: {dest: /srv/before, content: x}
        - copy: {src: large, dest: /srv/small/file}
        - copy: {dest: /srv/after, content: x}
        ",
    );
    project.write("playbooks/files/large", vec![b'x'; 1024 * 1024]);
    save(&project);
    apply(&project).exits(1).says("space").says("The plan is spent.").says("converge plan");
    assert_eq!(host.run("cat /srv/small/file; ls -A /srv/small"), "old\nfile\n");
    assert!(host.has("/srv/before") && !host.has("/srv/after"));
    apply(&project).exits(4).says("was applied already");
}

#[test]
#[ignore = "needs hosts"]
fn a_connection_cut_while_applying() {
    let host = debian();
    let project = Project::tasks(
        &[&host],
        "
        - copy: {dest: /srv/before, content: x}
        - command: sleep 20
        - copy: {dest: /srv/after, content: x}
        ",
    );
    let relay = relay::start(
        "127.0.0.1:0".parse().unwrap(),
        SocketAddr::from((host.ipv4, 22)),
        Duration::ZERO,
    )
    .unwrap();
    project.ssh_config(&host, &format!("HostKeyAlias {}", host.name));
    project.write(
        "inventory/test",
        format!("{} ansible_host=127.0.0.1 ansible_port={}\n", host.name, relay.address().port()),
    );
    save(&project);
    let call = project.converge(&["apply", "a.plan"]);
    let run = std::thread::spawn(move || call.run());
    let begin = std::time::Instant::now();
    while !host.has("/srv/before") {
        assert!(begin.elapsed() < Duration::from_secs(60), "applying takes too long");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(relay);
    run.join().unwrap().exits(3).says("UNREACHABLE!").says("The plan is spent.");
    assert_eq!(host.text("/srv/before"), "x");
    assert!(!host.has("/srv/after"));
}

#[test]
#[ignore = "needs hosts"]
fn a_command_that_does_more_than_the_plan_knew() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let project = Project::tasks(
        &[&hosts[0], &hosts[1]],
        "
        - command: sh -c 'test ! -e /srv/trap || echo surprise > /etc/app.conf'
        - copy: {dest: /etc/app.conf, content: \"new\\n\"}
          ignore_errors: true
        - file: {path: /srv/app, state: directory}
        ",
    );
    hosts[0].run("touch /srv/trap; echo old > /etc/app.conf");
    save(&project);
    let ran =
        apply(&project).exits(1).says("reality has left the plan").says("planned: ~ /etc/app.conf");
    assert!(ran.recap(&hosts[1].name).contains("failed=0"), "{ran}");
    assert_eq!(hosts[0].text("/etc/app.conf"), "surprise\n");
    assert!(!hosts[0].has("/srv/app"));
    assert_eq!(hosts[1].text("/etc/app.conf"), "new\n");
    assert!(hosts[1].has("/srv/app"));
}
