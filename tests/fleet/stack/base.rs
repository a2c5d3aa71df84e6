//! What every host has, and that nobody can be locked out.

use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::stack::{converges, project};

/// Containers may not set the kernel nor use swap at once.
const PLAY: &str = r#"
- hosts: all
  vars:
    base_hosts: {"10.9.8.7": [db.internal, db]}
    base_timezone: Europe/Berlin
    base_locale: C.UTF-8
    base_sysctl: {vm.overcommit_memory: 1}
    base_sysctl_now: false
    base_limits: [{domain: "*", item: nofile, value: 65535}]
    base_swap_mb: 4
    base_swap_now: false
    base_admin_sudo: nopasswd
    base_admins:
      - name: ada
        key: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC3ZarJGV5hP7ZlDc9kjCZ3ETTM0O3yKOaag5TrPQShm ada@example.org]
    base_sshd: {PasswordAuthentication: false, PermitRootLogin: prohibit-password}
  roles: [base]
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_base() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let project = project(&[&hosts[0], &hosts[1]], PLAY);
    converges(&hosts, &project);
    for host in &hosts {
        assert_eq!(host.run("runuser -u ada -- sudo -n id -un"), "root\n");
        assert_eq!(host.access("/home/ada/.ssh/authorized_keys"), "0600 ada:ada");
        assert!(host.run("sshd -T").contains("passwordauthentication no"));
        assert!(!host.has("/etc/ssh/sshd_config.before"));
        assert!(!host.succeeds("systemctl is-active sshd-restore.timer"));
        assert_eq!(host.run("getent hosts db | tr -s ' '"), "10.9.8.7 db.internal db\n");
        assert_eq!(host.run("date +%Z | grep -c '^CES*T$'"), "1\n");
        assert_eq!(host.run("blkid -o value -s TYPE /swapfile"), "swap\n");
        assert_eq!(host.access("/swapfile"), "0600 root:root");
    }
    let locked = PLAY.replace("PasswordAuthentication: false", "AllowUsers: nobody");
    project.write(
        "playbooks/site.yml",
        locked.replace("base_swap_mb", "base_sshd_patience: 10\n    base_swap_mb"),
    );
    project.apply(&[]).exits(1).says("refuses the login");
    for host in &hosts {
        comes_back(host);
        assert!(host.run("sshd -T").contains("passwordauthentication no"));
    }
    let wrong = PLAY.replace("PasswordAuthentication: false", "PasswordAuthentication: perhaps");
    project.write("playbooks/site.yml", wrong);
    project.apply(&[]).exits(1).says("perhaps");
    project.write("playbooks/site.yml", PLAY);
    project.check(&[]).exits(0).says("No changes.");
}

/// The host itself takes the settings back.
fn comes_back(host: &Lent) {
    let begin = Instant::now();
    while !host.succeeds("true") {
        assert!(begin.elapsed() < Duration::from_secs(60), "{} stays locked", host.name);
        std::thread::sleep(Duration::from_millis(300));
    }
}
