//! What every host has, and that nobody can be locked out.

use std::process::Command;
use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::stack::{converges, project};

/// Containers may neither use swap nor set all of the kernel: what concerns their network is their own.
const PLAY: &str = r#"
- hosts: all
  vars:
    debian: "{{ ansible_facts.os_family == 'Debian' }}"
    base_hostname: "named-{{ ansible_facts.os_family | lower }}"
    base_hosts: {"10.9.8.7": [db.internal, db]}
    base_packages: "{{ ['tree'] if debian else ['tree', 'protobuf-compiler'] }}"
    base_repositories: "{{ [] if debian else
      [{'name': 'epel', 'baseurl': 'file:///srv/epel', 'gpgkey': 'file:///srv/epel/RPM-GPG-KEY-EPEL'}] }}"
    base_upgrade: "{{ not debian }}"
    base_unattended: true
    base_timezone: Europe/Berlin
    base_locale: "{{ 'de_DE.UTF-8' if debian else 'C.UTF-8' }}"
    base_time_servers: ["CLOCK"]
    base_time_now: true
    base_sysctl: {net.core.somaxconn: 1234, net.ipv6.conf.all.accept_redirects: 0}
    base_limits: [{domain: "*", item: nofile, value: 4321}]
    base_swap_mb: 4
    base_selinux: enforcing
    base_firewall: "{{ 'ufw' if debian else 'firewalld' }}"
    base_firewall_allow:
      - {port: 443}
      - {port: 6000-6010, proto: udp}
      - {port: 9100, from: "fd77::/64"}
    base_admin_sudo: nopasswd
    base_admins:
      - name: ada
        state: present
        key: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC3ZarJGV5hP7ZlDc9kjCZ3ETTM0O3yKOaag5TrPQShm ada@example.org]
    base_sshd: {PasswordAuthentication: false, PermitRootLogin: prohibit-password}
  roles: [base]
"#;

/// A host that says what time it is, to whoever asks.
const CLOCK: &str = "
apt-get -qq update && apt-get -qq install --yes --no-install-recommends chrony >/dev/null 2>&1
printf 'local stratum 8\\nallow all\\n' > /etc/chrony/chrony.conf
systemd-run --quiet --unit=clock chronyd -d -x
";

/// What the containers of the tests lack: the right to set the clock, and timers that the tests' own updates would meet. chronyd then
/// asks and compares, and sets nothing.
const DEBIAN: &str = r"
systemctl --quiet unmask apt-daily.timer apt-daily-upgrade.timer
for unit in chrony systemd-timesyncd; do
    mkdir -p /etc/systemd/system/$unit.service.d
    printf '[Unit]\nConditionCapability=\nConditionVirtualization=\n' > /etc/systemd/system/$unit.service.d/container.conf
done
printf '[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -x\n' >> /etc/systemd/system/chrony.service.d/container.conf
printf '[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n' >> /etc/systemd/system/systemd-timesyncd.service.d/container.conf
systemctl daemon-reload
";
const CENTOS: &str = r"
yum --quiet --assumeyes install hello-converge-1.0
mkdir -p /etc/systemd/system/chronyd.service.d /etc/selinux
printf '[Unit]\nConditionCapability=\n' > /etc/systemd/system/chronyd.service.d/container.conf
echo OPTIONS=-x > /etc/sysconfig/chronyd
printf 'SELINUX=permissive\nSELINUXTYPE=targeted\n' > /etc/selinux/config
systemctl daemon-reload
";

/// Whoever gets through to these ports is answered.
const LISTENERS: &str = r"
printf '[Socket]\nListenStream=443\nListenStream=444\nAccept=yes\n' > /run/systemd/system/answer.socket
printf '[Service]\nExecStart=/bin/echo here\nStandardOutput=socket\n' > /run/systemd/system/answer@.service
systemctl daemon-reload && systemctl start answer.socket
";

#[test]
#[ignore = "needs hosts"]
fn stack_base() {
    let [debian, centos, clock] = lend([Kind::Debian, Kind::Centos, Kind::Debian]);
    let hosts = [debian, centos];
    let [debian, centos] = &hosts;
    clock.run(CLOCK);
    debian.run(DEBIAN);
    centos.run(CENTOS);
    let play = PLAY.replace("CLOCK", &clock.ipv6.to_string());
    let project = project(&[debian, centos], &play);
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
        assert!(!host.run("swapon --noheadings").contains("/swapfile"), "containers may not");
        assert!(host.text("/etc/fstab").contains("/swapfile none swap sw 0 0"));
        assert_eq!(host.run("sysctl -n net.core.somaxconn"), "1234\n");
        assert_eq!(host.run("sysctl -n net.ipv6.conf.all.accept_redirects"), "0\n");
        assert_eq!(host.run("su - ada -c 'ulimit -n'"), "4321\n");
        asks_for_the_time(host, "chronyc -n sources", &format!("^* {}", clock.ipv6));
    }
    debian_is_looked_after(debian);
    centos_is_looked_after(centos);

    // The next release of CentOS has another program that installs updates, and Debian another one that asks for the time.
    centos.run("sed -i '/^VERSION_ID/s/7/8/' /usr/lib/os-release; sed -i s/7.9.2009/8.4.2105/ /etc/centos-release; yum --quiet --assumeyes downgrade hello-converge-1.0");
    let play = play
        .replace("base_time_now", "base_time_client: \"{{ 'systemd-timesyncd' if debian else 'chrony' }}\"\n    base_time_now")
        .replace("6000-6010, proto: udp", "6000-6010, proto: udp, state: absent")
        .replace("from: \"fd77::/64\"}", "from: \"fd77::/64\", state: absent}")
        .replace("base_upgrade: \"{{ not debian }}\"", "base_upgrade: false");
    project.write("playbooks/site.yml", &play);
    project.apply(&[]).exits(0).says("failed=0");
    project.check(&[]).exits(0).says("No changes.");
    let closed = debian.run("ufw status")
        + &centos.run("firewall-cmd --list-all; firewall-cmd --permanent --list-all");
    assert!(
        !closed.contains("6000") && !closed.contains("9100") && closed.contains("443"),
        "{closed}"
    );
    asks_for_the_time(debian, "timedatectl timesync-status", &clock.ipv6.to_string());
    assert_eq!(centos.run("systemctl is-enabled dnf-automatic.timer"), "enabled\n");
    centos.run("systemctl start dnf-automatic.service");
    assert_eq!(centos.run("hello-converge"), "hello from 2.0\n");

    nobody_is_locked_out(&hosts, &project, &play);
}

fn debian_is_looked_after(host: &Lent) {
    assert_eq!(host.run("hostname; cat /etc/hostname"), "named-debian\nnamed-debian\n");
    assert_eq!(host.run("systemctl is-active apt-daily-upgrade.timer"), "active\n");
    let said = host.run("LC_ALL=C unattended-upgrade --dry-run --verbose 2>&1");
    assert!(said.contains("Allowed origins are:"), "{said}");
    assert!(host.run("apt-config dump").contains("APT::Periodic::Unattended-Upgrade \"1\";"));
    assert!(host.run("locale -a").contains("de_DE.utf8"));
    let rules = host.run("ufw status verbose");
    for rule in
        ["Status: active", "deny (incoming)", "22/tcp ", "443/tcp ", "6000:6010/udp ", "fd77::/64"]
    {
        assert!(rules.contains(rule), "{rule}: {rules}");
    }
    assert!(kernel_rules(host).contains("ufw6-user-input"));
    lets_in(host);
}

fn centos_is_looked_after(host: &Lent) {
    assert_eq!(host.run("hostname; cat /etc/hostname"), "named-redhat\nnamed-redhat\n");
    assert_eq!(host.run("hello-converge"), "hello from 2.0\n", "all is brought up to date");
    assert_eq!(
        host.run("rpm -q --queryformat '%{NAME}\\n' protobuf-compiler"),
        "protobuf-compiler\n"
    );
    assert!(
        host.run("rpm -q gpg-pubkey --queryformat '%{SUMMARY}\\n'").contains("EPEL of the tests")
    );
    let settings = host.text("/etc/yum/yum-cron.conf");
    assert!(
        settings.contains("update_cmd = default\n") && settings.contains("apply_updates = yes\n"),
        "{settings}"
    );
    assert_eq!(host.run("systemctl is-active yum-cron"), "active\n");
    assert_eq!(host.text("/etc/selinux/config"), "SELINUX=enforcing\nSELINUXTYPE=targeted\n");
    for layer in ["", "--permanent"] {
        assert_eq!(
            host.run(&format!("firewall-cmd {layer} --list-ports")),
            "22/tcp 443/tcp 6000-6010/udp\n"
        );
        let rule = "rule family=\"ipv6\" source address=\"fd77::/64\" port port=\"9100\" protocol=\"tcp\" accept\n";
        assert_eq!(host.run(&format!("firewall-cmd {layer} --list-rich-rules")), rule);
    }
    let rules = kernel_rules(host);
    assert!(rules.contains("table inet firewalld") && rules.contains("tcp dport 443 "), "{rules}");
    lets_in(host);
}

/// The rules of the host's kernel, read from this machine.
fn kernel_rules(host: &Lent) -> String {
    let [_, network, ..] = host.ipv4.octets();
    let namespace = format!("cvg{}-{}", network - 77, host.name);
    let listed =
        Command::new("ip").args(["netns", "exec", &namespace, "nft", "list", "ruleset"]).output();
    String::from_utf8(listed.unwrap().stdout).unwrap()
}

/// What is let in can be reached from here, and nothing else.
fn lets_in(host: &Lent) {
    host.run(LISTENERS);
    let second = Duration::from_secs(2);
    for address in [host.ipv4.into(), std::net::IpAddr::from(host.ipv6)] {
        let reached =
            |port: u16| std::net::TcpStream::connect_timeout(&(address, port).into(), second);
        assert!(reached(443).is_ok(), "{address}");
        assert!(reached(444).is_err(), "{address}");
    }
}

/// Whether its client got an answer from who knows the time.
fn asks_for_the_time(host: &Lent, ask: &str, said: &str) {
    let begin = Instant::now();
    while !host.run(ask).contains(said) {
        assert!(begin.elapsed() < Duration::from_secs(60), "{}: {}", host.name, host.run(ask));
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn nobody_is_locked_out(hosts: &[Lent], project: &crate::project::Project, play: &str) {
    let locked = play.replace("PasswordAuthentication: false", "AllowUsers: nobody");
    project.write(
        "playbooks/site.yml",
        locked.replace("base_swap_mb", "base_sshd_patience: 10\n    base_swap_mb"),
    );
    project.apply(&[]).exits(1).says("refuses the login");
    for host in hosts {
        comes_back(host);
        assert!(host.run("sshd -T").contains("passwordauthentication no"));
    }
    let wrong = play.replace("PasswordAuthentication: false", "PasswordAuthentication: perhaps");
    project.write("playbooks/site.yml", wrong);
    project.apply(&[]).exits(1).says("perhaps");
    project.write("playbooks/site.yml", play);
    project.check(&[]).exits(0).says("No changes.");
    nobody_makes_it_worse(&hosts[0], project, play);
}

/// Who comes in by another way while the host waits changes what was there before, and not what locks out.
fn nobody_makes_it_worse(host: &Lent, project: &crate::project::Project, play: &str) {
    let only_admin = play
        .replace("PasswordAuthentication: false", "AllowUsers: admin")
        .replace("base_swap_mb", "base_sshd_patience: 600\n    base_swap_mb");
    project.write("playbooks/site.yml", only_admin);
    let words = ["-i", "test", "--yes", "--tags", "base-ssh", "--limit", &host.name];
    let mut locked_out = project.converge(&words).start();
    let begin = Instant::now();
    while !host.text("/etc/ssh/sshd_config").contains("AllowUsers") || host.succeeds("true") {
        assert!(begin.elapsed() < Duration::from_secs(60), "the change is not made");
        std::thread::sleep(Duration::from_millis(100));
    }
    locked_out.kill().unwrap();
    locked_out.wait().unwrap();
    project.write("playbooks/site.yml", play);
    let by_admin = ["-u", "admin", "--become"];
    project.converge(&words).args(&by_admin).run().exits(0).says("failed=0");
    assert!(host.run("sshd -T").contains("passwordauthentication no"));
    assert!(!host.has("/etc/ssh/sshd_config.before"));
    assert!(!host.succeeds("systemctl is-active sshd-restore.timer"));
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
