//! The shipped roles on bare hosts of both families: planned, applied, looked at from outside, planned again.

use std::time::Duration;

use xtask::fleet::host::{Host, Kind};
use xtask::fleet::place::workspace;

use crate::hosts::{Lent, lend};
use crate::project::Project;

/// The data of units, of which a mistake is tried too.
const UNITS: &str = r#"
        systemd_unit_units:
          - name: one.service
            sections:
              Unit: {Description: One, After: [network.target, time-sync.target]}
              Service: {ExecStart: /bin/sleep 1000, PrivateTmp: true}
              Install: {WantedBy: multi-user.target}
            enabled: true
            state: started
          - {name: never.service, state: absent}
        systemd_unit_dropins:
          - {unit: one.service, name: limits, sections: {Service: {LimitNOFILE: 4321}}}
        systemd_unit_timers:
          - {name: daily, command: "/bin/touch /srv/daily", calendar: "03:00", delay: 1h}
"#;

/// What a run may take that installs packages.
const LONG: Duration = Duration::from_secs(400);

/// A project that has the shipped roles, and this play for all of the hosts.
fn project(hosts: &[&Host], play: &str) -> Project {
    let config = format!("[defaults]\nroles_path = {}\n", workspace().join("roles").display());
    Project::new(hosts, &[("ansible.cfg", &config), ("playbooks/site.yml", play)])
}

/// Plans for bare hosts, which must not write; applies; and then nothing may be left to do.
#[track_caller]
fn converges(hosts: &[Lent], project: &Project) {
    let before: Vec<_> = hosts.iter().map(Lent::done).collect();
    project.check(&[]).exits(2).never_says("failed");
    for (host, before) in hosts.iter().zip(before) {
        assert_eq!(host.done(), before, "planning {} must not write", host.name);
    }
    project.converge(&["-i", "test", "--yes"]).within(LONG).run().exits(0).says("failed=0");
    project.check(&[]).exits(0).says("No changes.");
}

/// The data of databases.
const DATABASES: &str = r#"
    postgresql_users:
      - {name: app, password: "it's \"secret\"", flags: CREATEDB}
      - {name: left, state: absent}
    postgresql_databases:
      - {name: app_production, owner: app, extensions: [pg_trgm, unaccent]}
    postgresql_memory_mb: 1024
    postgresql_settings: {log_min_duration_statement: 500, jit: false}
    postgresql_backup: true
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_data_hosts() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let play = format!(
        "- hosts: all\n  vars:\n    redis_password: 'a \"quoted\" word'\n    redis_maxmemory: 64mb{DATABASES}  roles:\n    - redis\n    \
         - postgresql\n    - role: systemd_unit\n      vars:{UNITS}"
    );
    let project = project(&[&hosts[0], &hosts[1]], &play);
    converges(&hosts, &project);
    for host in &hosts {
        redis_answers(host);
        units_are_there(host);
        postgresql_answers(host);
    }
    let mistakes = [
        ("calendar: \"03:00\"", "calendar: never", "calendar"),
        ("ExecStart: ", "ExecStrt: ", "ExecStrt"),
        ("log_min_duration_statement: 500", "work_mem: much", "work_mem"),
    ];
    for (right, wrong, said) in mistakes {
        assert!(play.contains(right));
        project.write("playbooks/site.yml", play.replace(right, wrong));
        project.apply(&[]).exits(1).says(said);
    }
    project.write("playbooks/site.yml", play);
    project.check(&[]).exits(0).says("No changes.");
}

fn redis_answers(host: &Lent) {
    let ping = "redis-cli -h ::1 ping 2>&1";
    let password = r#"REDISCLI_AUTH='a "quoted" word'"#;
    assert_eq!(host.run(&format!("{password} {ping}")), "PONG\n");
    assert!(host.run(ping).contains("NOAUTH"));
    let memory = host.run(&format!("{password} redis-cli config get maxmemory"));
    assert!(memory.contains("67108864"), "{memory}");
    let listens = host.run("ss -Hltn 'sport = 6379' | awk '{print $4}' | sort");
    assert_eq!(listens, "127.0.0.1:6379\n[::1]:6379\n");
}

fn units_are_there(host: &Lent) {
    assert_eq!(host.run("systemctl is-active one daily.timer"), "active\nactive\n");
    assert_eq!(host.run("systemctl show -P LimitNOFILE one"), "4321\n");
    host.run("systemctl start daily.service && test -e /srv/daily");
}

fn postgresql_answers(host: &Lent) {
    let app = "PGPASSWORD=\"it's \\\"secret\\\"\" psql -h ::1 -U app -XAtc";
    let made = "CREATE TABLE IF NOT EXISTS toots (text text); INSERT INTO toots VALUES ('kept')";
    host.run(&format!("{app} \"{made}\" app_production"));
    assert!(!host.succeeds("PGPASSWORD=wrong psql -h ::1 -U app -c 'SELECT 1' app_production"));
    let settings = "SELECT current_setting('shared_buffers'), current_setting('data_checksums'), current_setting('jit')";
    assert_eq!(host.run(&format!("{app} \"{settings}\" app_production")), "256MB|on|off\n");
    let known =
        "SELECT extname FROM pg_extension WHERE extname ~ '^(pg_trgm|unaccent)$' ORDER BY 1";
    assert_eq!(host.run(&format!("{app} \"{known}\" app_production")), "pg_trgm\nunaccent\n");
    host.run("systemctl start postgresql-backup.service");
    let restore = "cd /var/backups/postgresql && createdb again && pg_restore --no-owner --dbname=again app_production-*.dump \
                   && psql -XAtc 'SELECT text FROM toots' again && dropdb again";
    assert_eq!(host.run(&format!("runuser -u postgres -- sh -c \"{restore}\"")), "kept\n");
}

#[test]
#[ignore = "needs hosts"]
fn stack_replica_is_promoted() {
    let hosts = lend([Kind::Debian, Kind::Debian]);
    let [primary, replica] = &hosts;
    let play = r#"
- hosts: postgresql_primary
  vars:
    postgresql_listen: ["*"]
    postgresql_users:
      - {name: replication, password: "with:colon", flags: REPLICATION}
    postgresql_databases:
      - {name: toots}
    postgresql_hba:
      - {type: host, database: replication, user: replication, address: all, method: scram-sha-256}
  roles: [postgresql]
- hosts: postgresql_replica
  vars: {postgresql_replica_password: "with:colon"}
  roles: [postgresql_replica]
"#;
    let project = project(&[primary, replica], play);
    let line = |host: &Lent| format!("{} ansible_host={}\n", host.name, host.ipv6);
    let groups = format!(
        "[postgresql_primary]\n{}[postgresql_replica]\n{}[all:vars]\npostgresql_memory_mb=512\n",
        line(primary),
        line(replica)
    );
    project.write("inventory/test", groups);
    converges(&hosts, &project);
    let ask = |sql: &str| format!("runuser -u postgres -- psql -XqAtc \"{sql}\" toots");
    primary.run(&ask("CREATE TABLE toots (text text); INSERT INTO toots VALUES ('kept')"));
    let promote = workspace().join("playbooks/promote-replica.yml").display().to_string();
    let promote = |args: &[&str]| project.converge(&[&promote, "-i", "test"]).args(args).run();
    promote(&["--check"]).exits(2).says("stop and mask");
    promote(&["--yes"]).exits(0).says("failed=0");
    assert_eq!(replica.run(&ask("SELECT text FROM toots")), "kept\n");
    replica.run(&ask("INSERT INTO toots VALUES ('written')"));
    assert!(!primary.succeeds("systemctl start postgresql@15-main"));
    assert!(primary.has("/var/lib/postgresql/15/main/standby.signal"));
    promote(&["--check"]).exits(0).says("No changes.");
    // A primary's data is not thrown away because the inventory still calls it a replica.
    project.apply(&["--limit", "postgresql_replica"]).exits(1).says("databases of its own (toots)");
    assert_eq!(replica.run(&ask("SELECT text FROM toots")), "kept\nwritten\n");
}
