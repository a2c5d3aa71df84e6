//! A replica of PostgreSQL, and its promotion.

use xtask::fleet::host::Kind;
use xtask::fleet::place::workspace;

use crate::hosts::{Lent, lend};
use crate::stack::{converges, project};

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
