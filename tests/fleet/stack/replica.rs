//! A replica of PostgreSQL, and its promotion.

use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;
use xtask::fleet::place::workspace;

use crate::hosts::{Lent, lend};
use crate::stack::{converges, project};

#[test]
#[ignore = "needs hosts"]
fn stack_replica_is_promoted() {
    let hosts = lend([Kind::Debian, Kind::Debian, Kind::Centos]);
    let [primary, replica, other] = &hosts;
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
    let project = project(&[primary, replica, other], play);
    let line = |host: &Lent| format!("{} ansible_host={}\n", host.name, host.ipv6);
    let groups = |primary: &Lent, replicas: [&Lent; 2]| {
        let [primary, one, two] = [primary, replicas[0], replicas[1]].map(line);
        format!(
            "[postgresql_primary]\n{primary}[postgresql_replica]\n{one}{two}[all:vars]\npostgresql_memory_mb=512\n"
        )
    };
    project.write("inventory/test", groups(primary, [replica, other]));
    converges(&hosts, &project);
    let ask = |sql: &str| format!("runuser -u postgres -- psql -XqAtc \"{sql}\" toots");
    primary.run(&ask("CREATE TABLE toots (text text); INSERT INTO toots VALUES ('kept')"));
    for host in [replica, other] {
        has(host, &ask("SELECT text FROM toots"), "kept\n");
        host.run("runuser -u postgres -- /usr/local/sbin/postgresql-lag");
        assert!(!host.succeeds(&ask("INSERT INTO toots VALUES ('not here')")));
    }
    let promote = workspace().join("playbooks/promote-replica.yml").display().to_string();
    let promote = |args: &[&str]| project.converge(&[&promote, "-i", "test"]).args(args).run();
    // Nothing stops before it is sure which host takes over, and that it has everything.
    promote(&["--yes"]).exits(1).says("there are several replicas");
    let which = format!("{},{}", primary.name, replica.name);
    let away = "ALTER SYSTEM SET primary_conninfo TO ''";
    replica.run(&format!(
        "runuser -u postgres -- psql -XqAtc \"{away}\" -c 'SELECT pg_reload_conf()'"
    ));
    has(replica, &ask("SELECT count(*) FROM pg_stat_wal_receiver"), "0\n");
    promote(&["--yes", "--limit", &which]).exits(1).says("does not stream");
    replica.run("runuser -u postgres -- psql -XqAtc 'ALTER SYSTEM RESET primary_conninfo' -c 'SELECT pg_reload_conf()'");
    primary.run(&ask("INSERT INTO toots VALUES ('later')"));
    has(replica, &ask("SELECT count(*) FROM toots"), "2\n");
    promote(&["--check", "--limit", &which]).exits(2).says("mask postgresql@15-main");
    promote(&["--yes", "--limit", &which]).exits(0).says("failed=0");
    assert_eq!(replica.run(&ask("SELECT text FROM toots")), "kept\nlater\n");
    let ended = primary.run("cat /var/log/postgresql/*.log | grep 'shutdown request'");
    assert!(ended.trim_end().ends_with("received fast shutdown request"), "{ended}");
    replica.run(&ask("INSERT INTO toots VALUES ('written')"));
    assert!(!primary.succeeds("systemctl start postgresql@15-main"));
    assert!(primary.has("/var/lib/postgresql/15/main/standby.signal"));
    promote(&["--check", "--limit", &which]).exits(0).says("No changes.");
    // A primary's data is not thrown away because the inventory still calls it a replica.
    project.apply(&["--limit", &replica.name]).exits(1).says("databases of its own (toots)");
    assert_eq!(replica.run(&ask("SELECT text FROM toots")), "kept\nlater\nwritten\n");

    // With the groups changed, the old primary comes back as a replica, and the other one follows the new primary.
    project.write("inventory/test", groups(replica, [primary, other]));
    project.apply(&[]).exits(0).says("failed=0");
    project.check(&[]).exits(0).says("No changes.");
    replica.run(&ask("INSERT INTO toots VALUES ('at last')"));
    for host in [primary, other] {
        has(host, &ask("SELECT count(*) FROM toots"), "4\n");
        assert_eq!(host.run(&ask("SELECT count(*) FROM pg_replication_slots")), "0\n");
        assert_eq!(host.run("systemctl is-active postgresql-lag.timer"), "active\n");
    }
    assert!(!replica.succeeds("systemctl is-active postgresql-lag.timer"));
}

/// What was written on the primary comes soon.
fn has(host: &Lent, ask: &str, wanted: &str) {
    let begin = Instant::now();
    while host.ssh(ask).unwrap().stdout != wanted.as_bytes() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{} has not got it", host.name);
        std::thread::sleep(Duration::from_millis(100));
    }
}
