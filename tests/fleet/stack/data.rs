//! Units, redis and PostgreSQL.

use xtask::fleet::host::Kind;

use crate::hosts::{Lent, lend};
use crate::stack::{converges, project};

/// The data of units, of which a mistake is tried too.
pub(super) const UNITS: &str = r#"
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
        (
            "postgresql_backup: true",
            "postgresql_hba: [{type: host, database: all, user: all, address: nobody/8, method: trust}]",
            "pg_hba.conf is as it was before",
        ),
    ];
    let let_in = |host: &Lent| {
        host.run("find /etc/postgresql /var/lib/pgsql -name pg_hba.conf -exec cat {} + 2>/dev/null || true")
    };
    let before = hosts.each_ref().map(let_in);
    for (right, wrong, said) in mistakes {
        assert!(play.contains(right));
        project.write("playbooks/site.yml", play.replace(right, wrong));
        project.apply(&[]).exits(1).says(said);
    }
    assert_eq!(hosts.each_ref().map(let_in), before);
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
