//! Planning writes nothing: the whole file system, the processes and the units of a host are the same before and after.
//!
//! Excepted is what a connection leaves by itself: sshd's and the journal's records, and access times, which are not looked at.
//! The kept helper is put on the host before the first look, by a plan of nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use xtask::fleet::place::workspace;

use crate::hosts::{Lent, centos, debian};
use crate::project::{Project, Ran};

/// What connections write by themselves.
const OF_SSHD: &[&str] = &[
    "/var/log/",
    "/run/log/",
    "/run/systemd/",
    "/run/user/",
    "/run/utmp",
    "/run/motd.dynamic",
    "/run/sshd",
    "/run/dbus",
    "/run/sudo",
    "/var/lib/sudo",
    "/var/lib/lastlog",
    "/var/lib/systemd/",
    "/var/lib/wtmpdb",
];

/// Everything below these file systems: path, type, mode, owner, size, time of the last change, target, and a digest. The times of
/// folders that hold what is excepted change with it.
const LOOK: &str = r"for top in / /run /tmp /var/tmp /dev/shm; do
    find $top -xdev -printf '%p\t%y\t%m\t%U:%G\t%s\t%T@\t%l\n' 2>/dev/null; done | sort -u
find / /tmp /var/tmp -xdev -type f -print0 2>/dev/null | sort -zu | xargs -0 sha256sum -- 2>/dev/null | sed 's/^/sum /'";

/// Processes by what they run, and units with their states. A busy systemd is asked again.
const ALIVE: &str = r#"ps -eo args --no-headers 2>/dev/null | grep -v -e '^sshd' -e '^ps ' -e 'sh -c' -e '^grep ' -e '^\[' -e '^sort' -e '(sd-pam)' -e 'systemd --user' | sort
ask() { for try in 1 2 3 4 5; do told=$(systemctl "$@" --no-legend) && break; sleep 2; done; echo "$told"; }
ask list-units --all --plain | grep -v -e 'session-' -e 'user@' -e 'user-' -e 'ssh@' -e '\.device' | awk '{print $1, $2, $3, $4}' | sort
ask list-unit-files | sort"#;

/// Playbooks that would write in one way or another.
const TRICKY: &[(&str, &str)] = &[
    (
        "packages",
        "- hosts: all\n  tasks:\n    - package: {name: nginx, state: present}\n    - lineinfile: {path: /etc/nginx/nginx.conf, line: '# x'}\n    - service: {name: nginx, state: started, enabled: true}\n",
    ),
    (
        "caches",
        "- hosts: all\n  tasks:\n    - apt: {update_cache: true, name: redis-server, state: latest}\n      when: ansible_facts.pkg_mgr == 'apt'\n    - yum: {name: redis, state: latest, update_cache: true}\n      when: ansible_facts.pkg_mgr in ('yum', 'dnf')\n    - apt: {upgrade: dist, autoremove: true, autoclean: true}\n      when: ansible_facts.pkg_mgr == 'apt'\n",
    ),
    (
        "commands",
        "- hosts: all\n  tasks:\n    - shell: echo x > /root/made\n    - command: touch /etc/made\n      args: {creates: /etc/made}\n    - raw: touch /tmp/made\n    - command: id -u\n      changed_when: false\n      register: id\n    - copy: {dest: /etc/id, content: '{{ id.stdout }}'}\n",
    ),
    (
        "files",
        "- hosts: all\n  tasks:\n    - copy: {dest: /etc/motd, content: 'hello', backup: true}\n    - file: {path: /srv/a/b/c, state: directory, mode: '0700'}\n    - file: {path: /srv/link, src: /etc, state: link}\n    - file: {path: /etc/passwd, state: touch}\n    - file: {path: /opt, state: absent}\n    - blockinfile: {path: /etc/hosts, block: '10.0.0.1 x'}\n    - replace: {path: /etc/hosts, regexp: localhost, replace: here}\n    - copy: {dest: /etc/sudoers.d/x, content: 'x ALL=(ALL) ALL\\n', validate: 'visudo -cf %s'}\n",
    ),
    (
        "accounts",
        "- hosts: all\n  tasks:\n    - group: {name: ops}\n    - user: {name: app, groups: [ops], generate_ssh_key: true}\n    - copy: {dest: /home/app/f, content: x, owner: app}\n      become: true\n      become_user: app\n    - user: {name: nobody, shell: /bin/false}\n    - copy: {dest: /etc/systemd/system/app.service, content: \"[Service]\\nExecStart=/bin/sleep 9\\n\"}\n    - systemd: {name: app, state: started, enabled: true, daemon_reload: true}\n    - systemd: {name: ssh, state: restarted}\n      ignore_errors: true\n",
    ),
];

/// Plans a playbook on the host of a project.
fn plan(project: &Project, playbook: &Path) -> Ran {
    let inventory = project.folder().join("inventory/test").display().to_string();
    let playbook = playbook.display().to_string();
    project.converge(&[&playbook, "-i", &inventory, "--check"]).at(workspace()).run()
}

/// What a command prints, however it ends: a pipe of many ends as its last part does.
fn printed(host: &Lent, command: &str) -> String {
    String::from_utf8_lossy(&host.ssh(command).unwrap().stdout).into_owned()
}

/// The host as it is: each line by what it is about.
fn look(host: &Lent) -> BTreeMap<String, String> {
    let excepted = |line: &str| {
        let path = line.split('\t').next().unwrap_or_default();
        let path = path.rsplit("  ").next().unwrap_or_default();
        OF_SSHD.iter().any(|of| path.starts_with(*of) || format!("{path}/") == **of)
    };
    let mut seen = BTreeMap::new();
    for line in printed(host, LOOK).lines().filter(|line| !excepted(line)) {
        let key = match line.strip_prefix("sum ") {
            Some(sum) => format!("content of {}", sum.split_once("  ").unwrap_or(("", sum)).1),
            None => line.split('\t').next().unwrap_or_default().to_owned(),
        };
        let mut fields: Vec<&str> = line.split('\t').collect();
        // The folders above what is excepted: /var, /run and the like.
        let above = OF_SSHD
            .iter()
            .any(|of| of.starts_with(&format!("{}/", fields[0].trim_end_matches('/'))));
        if above && fields.len() > 5 {
            fields[5] = "";
        }
        seen.insert(key, fields.join("\t"));
    }
    for line in printed(host, ALIVE).lines() {
        let count = seen.entry(format!("alive {line}")).or_default();
        count.push('.');
    }
    assert!(seen.len() > 1000, "the host can't be looked at: {seen:?}");
    seen
}

fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let gone = before.iter().filter(|(key, value)| after.get(*key) != Some(value));
    let come = after.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let gone = gone.map(|(key, value)| format!("- {key}: {value}"));
    gone.chain(come.map(|(key, value)| format!("+ {key}: {value}"))).collect()
}

#[test]
#[ignore = "needs hosts"]
fn planning_leaves_a_debian_host_as_it_is() {
    let host = debian();
    // A host without package lists knows no packages, and there is less to plan.
    planning_leaves_it_as_it_is(&host, &TRICKY[..2], false);
    host.run("apt-get -qq update");
    planning_leaves_it_as_it_is(&host, TRICKY, true);
}

#[test]
#[ignore = "needs hosts"]
fn planning_leaves_a_centos_host_as_it_is() {
    planning_leaves_it_as_it_is(&centos(), TRICKY, true);
}

fn planning_leaves_it_as_it_is(host: &Lent, tricky: &[(&str, &str)], shipped: bool) {
    let project = Project::new(&[host], &[]);
    project.write("inventory/test", format!("[web]\n{} ansible_host={}\n", host.name, host.ipv4));
    let mut playbooks: Vec<_> = tricky
        .iter()
        .map(|(name, text)| project.write(&format!("playbooks/{name}.yml"), text))
        .collect();
    if shipped {
        let all = fs::read_dir("playbooks").unwrap().map(|entry| entry.unwrap().path());
        playbooks.extend(all.filter(|path| path.extension().is_some_and(|ending| ending == "yml")));
    }
    let nothing = project.write("playbooks/nothing.yml", "- hosts: all\n  tasks: [ping: {}]\n");
    plan(&project, &nothing).exits(0);
    let before = look(host);
    assert_eq!(differences(&before, &look(host)), [""; 0], "{} by itself", host.name);
    for playbook in &playbooks {
        let planned = plan(&project, playbook);
        // Some are for groups that this inventory does not have, and are refused.
        let refused = planned.to_string().contains("no host or group matches");
        assert!(refused || !planned.ended_with(1), "{}: {planned}", playbook.display());
        let differs = differences(&before, &look(host));
        assert!(
            differs.is_empty(),
            "planning {} on {} wrote:\n{}\n{planned}",
            playbook.display(),
            host.name,
            differs.join("\n")
        );
    }
}
