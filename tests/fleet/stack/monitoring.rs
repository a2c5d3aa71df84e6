//! Prometheus and what it scrapes; and a backup that is restored.

use std::time::{Duration, Instant};

use xtask::fleet::place::workspace;

use crate::hosts::{Lent, debian};
use crate::project::Project;
use crate::stack::{converges, project};

/// Where the backup goes is known to the restoration too, so it stands in the inventory.
const BACKUP: &str = r#"
backup_repositories: [/srv/backups]
backup_password: it's secret
backup_postgresql: true
backup_paths: [/etc]
backup_excludes: [/etc/ssl]
"#;

const PLAY: &str = r#"
- hosts: all
  vars:
    postgresql_memory_mb: 512
    prometheus_interval: 1s
    prometheus_jobs:
      - {name: node, targets: ["[::1]:9100"], labels: {site: here}}
      - {name: postgresql, targets: ["127.0.0.1:9187"]}
    postgresql_databases: [{name: toots}]
    prometheus_rules: [{name: hosts, rules: [{alert: Gone, expr: up == 0, for: 5m}]}]
    grafana_apt: file:///srv/repository
    grafana_apt_key: file:///srv/key.asc
    grafana_password: it's secret
    grafana_settings: {server: {domain: watch.test}, smtp: {enabled: true}}
  roles: [postgresql, node_exporter, postgres_exporter, prometheus, grafana, backup]
"#;

/// A package that stands where Grafana can't be fetched, in a repository that is signed as Grafana's is. Its server tells the data
/// source that it was given.
const GRAFANA: &str = r#"
set -e
apt-get -qq update && apt-get -qq install --yes --no-install-recommends apt-utils curl gnupg >/dev/null 2>&1
cd /srv
mkdir -p grafana/DEBIAN grafana/usr/sbin grafana/usr/lib/systemd/system grafana/etc/grafana keys repository/dists/stable/main/binary-$(dpkg --print-architecture)
printf 'Package: grafana\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: stands for it\n' > grafana/DEBIAN/control
printf '#!/bin/sh\ngetent group grafana >/dev/null || groupadd --system grafana\n' > grafana/DEBIAN/postinst
chmod 0755 grafana/DEBIAN/postinst
cat > grafana/usr/sbin/grafana-server <<'SERVER'
#!/usr/bin/perl
use strict;
use IO::Socket::INET;
sub text { open my $file, '<', $_[0] or die "$_[0]: $!"; local $/; return scalar <$file> }
my $settings = text('/etc/grafana/grafana.ini');
my ($address) = $settings =~ /^http_addr = (.*)$/m;
my ($port) = $settings =~ /^http_port = (.*)$/m;
my $source = text('/etc/grafana/provisioning/datasources/managed.yml');
my $server = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port, Listen => 5, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
    while (my $line = <$client>) { last if $line =~ /^\r?\n$/ }
    print $client "HTTP/1.0 200 OK\r\n\r\n$source";
    close $client;
}
SERVER
chmod 0755 grafana/usr/sbin/grafana-server
printf '[Service]\nExecStart=/usr/sbin/grafana-server\n[Install]\nWantedBy=multi-user.target\n' > grafana/usr/lib/systemd/system/grafana-server.service
dpkg-deb --build grafana repository/grafana.deb >/dev/null
export GNUPGHOME=/srv/keys
chmod 0700 keys
gpg --batch --quiet --passphrase '' --quick-generate-key test@example.org rsa2048 sign never 2>&1
gpg --armor --export > key.asc
cd repository
apt-ftparchive packages . > dists/stable/main/binary-$(dpkg --print-architecture)/Packages
apt-ftparchive -o APT::FTPArchive::Release::Suite=stable -o APT::FTPArchive::Release::Components=main \
  -o APT::FTPArchive::Release::Architectures=$(dpkg --print-architecture) release dists/stable > /srv/Release
gpg --batch --clearsign --output dists/stable/InRelease /srv/Release 2>&1
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_monitoring() {
    let hosts = [debian()];
    let [host] = &hosts;
    let project = project(&[host], PLAY);
    let group = format!("[postgresql_primary]\n{} ansible_host={}\n", host.name, host.ipv4);
    project.write("inventory/test", group);
    project.write("inventory/group_vars/all.yml", BACKUP);
    host.run(GRAFANA);
    converges(&hosts, &project);
    let answer = host
        .run("exec 3<>/dev/tcp/127.0.0.1/3000; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3");
    assert!(answer.contains("url: \"http://127.0.0.1:9090\""), "{answer}");
    let begin = Instant::now();
    let ask =
        |query: &str| host.run(&format!("promtool query instant http://127.0.0.1:9090 '{query}'"));
    while !(ask("up").matches("=> 1 ").count() == 2 && ask("pg_up").contains("=> 1 ")) {
        assert!(begin.elapsed() < Duration::from_secs(60), "{} {}", ask("up"), ask("pg_up"));
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(ask("node_memory_MemTotal_bytes").contains(r#"site="here""#));
    project.write("playbooks/site.yml", PLAY.replace("up == 0", "up == == 0"));
    project.apply(&[]).exits(1).says("parse error");
    assert!(host.text("/etc/prometheus/rules.yml").contains("up == 0"));
    project.write("playbooks/site.yml", PLAY);
    is_restored(host, &project);
}

/// A backup by the timer's command, and a database that comes back from it; never over anything.
fn is_restored(host: &Lent, project: &Project) {
    let ask = |database: &str, sql: &str| {
        host.run(&format!("runuser -u postgres -- psql -XqAtc \"{sql}\" {database}"))
    };
    ask("toots", "CREATE TABLE toots (text text); INSERT INTO toots VALUES ('kept')");
    assert_eq!(host.run("systemctl is-active backup.timer"), "active\n");
    host.run("systemctl start backup.service");
    ask("toots", "INSERT INTO toots VALUES ('later')");
    let restore = workspace().join("playbooks/restore.yml").display().to_string();
    let restore = |into: &str| {
        let into = format!("restore_into={into}");
        let args = ["-i", "test", "--yes", "-e", "restore_database=toots", "-e", &into];
        project.converge(&[&restore]).args(&args).run()
    };
    restore("again").exits(0).says("failed=0");
    assert_eq!(ask("again", "SELECT text FROM toots"), "kept\n");
    restore("toots").exits(1).says("is not empty");
    let files = "set -a; . /etc/backup/environment; restic --repo /srv/backups ls latest --tag files --path /etc";
    let files = host.run(files);
    assert!(files.contains("/etc/hostname") && !files.contains("/etc/ssl/"), "{files}");
}
