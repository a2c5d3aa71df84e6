//! What every host has, and its backups, by converge and by ansible-playbook on twins.

use xtask::fleet::host::Kind;
use xtask::reference::Reference;

use crate::hosts::{Lent, lend};
use crate::stack::twins::{alike, ansible};
use crate::stack::{LONG, project};

/// Their names and where they are told are the same, for the files that name them.
const PLAY: &str = r#"
- hosts: all
  vars:
    base_hostname: named
    base_motd: Changes belong into the repository
    base_hosts: {"10.9.8.7": [db.internal, db]}
    base_packages: [tree]
    base_repositories: [{name: extra, repo: "deb [trusted=yes] file:/srv/extra ./"}]
    base_unattended: true
    base_timezone: Europe/Berlin
    base_locale: de_DE.UTF-8
    base_time_servers: ["2001:db8::1"]
    base_sysctl: {net.core.somaxconn: 1234, net.ipv6.conf.all.accept_redirects: 0}
    base_limits: [{domain: "*", item: nofile, value: 4321}, {domain: "@operators", type: soft, item: core, value: 0}]
    base_swap_mb: 1
    base_firewall: ufw
    base_firewall_allow:
      - {port: 443}
      - {port: 6000-6010, proto: udp}
      - {port: 9100, from: "fd77::/64"}
    base_admin_sudo: nopasswd
    base_admins:
      - name: ada
        key: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC3ZarJGV5hP7ZlDc9kjCZ3ETTM0O3yKOaag5TrPQShm ada@example.org]
      - {name: bob, state: absent}
    base_sshd: {PasswordAuthentication: false, PermitRootLogin: prohibit-password}
    backup_repositories: [/srv/backups]
    backup_password: it's secret
    backup_ssh_key: no key
    backup_known_hosts: other.test ssh-ed25519 AAAA
    backup_postgresql: true
    backup_paths: [/etc]
    backup_excludes: [/etc/ssl]
  roles: [base, backup]
"#;

/// An account that is to go, a repository, and the timers that the fleet keeps from meeting the tests' own updates. What the other host's
/// Python came without is left out on both.
const BEFORE: &str = r#"
useradd --create-home bob
mkdir /srv/extra; touch /srv/extra/Packages
echo 'APT::Install-Recommends "false";' > /etc/apt/apt.conf.d/99lean
systemctl --quiet unmask apt-daily.timer apt-daily-upgrade.timer
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_twins_have_the_same_base_and_backups() {
    let reference = Reference::collections("test").unwrap();
    let [own, theirs] = lend([Kind::Debian, Kind::Python]);
    let project = project(&[&theirs], PLAY);
    for host in [&own, &theirs] {
        host.run(BEFORE);
    }
    let theirs_runs = std::thread::scope(|scope| {
        let by_ansible = scope.spawn(|| {
            ansible(&reference, &project, &["-i", "inventory/test", "playbooks/site.yml"]);
        });
        let own_inventory = format!("{} ansible_host={}\n", own.name, own.ipv4);
        project.write("inventory/own", own_inventory);
        project.converge(&["-i", "own", "--yes"]).within(LONG).run().exits(0);
        by_ansible.join()
    });
    theirs_runs.unwrap();
    // What Ansible does otherwise with these two is in docs/compat.md.
    let zone = |host: &Lent| host.text("/etc/timezone");
    assert_eq!([zone(&own), zone(&theirs)], ["Europe/Berlin\n", "Etc/UTC\n"]);
    theirs.run("echo Europe/Berlin > /etc/timezone");
    assert!(!own.has("/etc/machine-info") && theirs.has("/etc/machine-info"));
    // It has the host's first name, too.
    let neighbours = |host: &Lent| host.text("/etc/hosts").replace(&host.name, "");
    assert_eq!(neighbours(&own), neighbours(&theirs));
    // Repositories of restic and marks of swap are by chance.
    let noise = [
        "etc/hosts",
        "etc/machine-info",
        "root/.cache",
        "srv/backups",
        "swapfile",
        "usr/lib/python3",
        "var/lib/dpkg/status",
    ];
    let asked = [
        "hostname; date +%Z; localectl status | head -1; getent hosts db",
        "systemctl is-active ssh apt-daily-upgrade.timer backup.timer sshd-restore.timer; \
         systemctl is-enabled ssh chrony apt-daily-upgrade.timer backup.timer ufw",
        "dpkg-query -Wf '${Package} ${Version} ${db:Status-Abbrev}\\n' tree chrony ufw restic unattended-upgrades locales",
        "getent passwd ada bob; getent group operators; getent shadow ada",
        "ufw status verbose; sysctl -n net.core.somaxconn net.ipv6.conf.all.accept_redirects; blkid -o value -s TYPE /swapfile",
        "sshd -T | grep -e passwordauth -e permitroot",
        "stat -c '%a %U %s' /swapfile /srv/backups; set -a; . /etc/backup/environment; restic -r /srv/backups cat config | grep -c version",
    ];
    let asked = asked.map(|asked| format!("{{ {asked}; }} 2>&1 || true"));
    alike([&own, &theirs], &noise, &[], &asked);
    // And converge finds nothing to do where Ansible was.
    project.check(&[]).exits(0).says("No changes.");
}
