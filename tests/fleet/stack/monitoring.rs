//! Prometheus and what it scrapes, by ansible-playbook on a twin as well.

use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;
use xtask::reference::Reference;

use crate::hosts::{Lent, lend};
use crate::stack::twins::{alike, ansible};
use crate::stack::{converges, project};

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
  roles: [postgresql, node_exporter, postgres_exporter, prometheus]
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_monitoring() {
    let reference = Reference::collections("test").unwrap();
    let [host, twin] = lend([Kind::Debian, Kind::Python]);
    let project = project(&[&host], PLAY);
    let group =
        |host: &Lent| format!("[postgresql_primary]\n{} ansible_host={}\n", host.name, host.ipv4);
    project.write("inventory/test", group(&host));
    project.write("inventory/twin", group(&twin));
    let args = ["-i", "inventory/twin", "playbooks/site.yml"];
    let host = std::thread::scope(|scope| {
        let by_ansible = scope.spawn(|| ansible(&reference, &project, &args));
        let hosts = [host];
        converges(&hosts, &project);
        by_ansible.join().unwrap();
        let [host] = hosts;
        host
    });
    are_alike(&host, &twin);
    project.converge(&["-i", "twin", "--check"]).run().exits(0).says("No changes.");
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
}

/// What converge did to one host is what ansible-playbook did to the other.
fn are_alike(own: &Lent, theirs: &Lent) {
    // What is measured, keys and clusters differ, and Ansible needs a driver of Python for PostgreSQL.
    let noise = [
        "etc/ssl",
        "root/.cache",
        "usr/lib/python3",
        "var/lib/dpkg/status",
        "var/lib/postgresql",
        "var/lib/prometheus",
    ];
    let asked = [
        "systemctl is-active prometheus prometheus-node-exporter prometheus-postgres-exporter postgresql@15-main",
        "systemctl is-enabled prometheus prometheus-node-exporter prometheus-postgres-exporter postgresql",
        "stat -c '%a %U %G %n' /etc/default/prometheus* /etc/prometheus/*",
        "runuser -u postgres -- psql -XAtc 'SELECT r.rolname, m.rolname FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member' | sort",
    ];
    alike([own, theirs], &noise, &["python3-psycopg2"], &asked);
}
