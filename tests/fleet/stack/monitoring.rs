//! Prometheus and what it scrapes.

use std::time::{Duration, Instant};

use crate::hosts::debian;
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
    let hosts = [debian()];
    let [host] = &hosts;
    let project = project(&[host], PLAY);
    let group = format!("[postgresql_primary]\n{} ansible_host={}\n", host.name, host.ipv4);
    project.write("inventory/test", group);
    converges(&hosts, &project);
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
