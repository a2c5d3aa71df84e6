//! Modules about the system on a real Debian host: what each leaves there, that the plan writes nothing, and that the second run
//! finds nothing to do.

use crate::hosts::debian;
use crate::project::Project;

/// What is asked of the host, and how each is looked up without converge.
const TASKS: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - apt: {name: [cron, postgresql], update_cache: true}
    - apt_repository: {repo: "deb [trusted=yes] file:/srv/none ./", filename: none, update_cache: false}
    - ansible.posix.sysctl: {name: net.ipv4.ip_forward, value: 1, reload: false, sysctl_file: /etc/sysctl.d/own.conf}
    - cron: {name: nightly, minute: "5", hour: "3", job: "true"}
    - cron: {name: own, cron_file: own, user: root, special_time: daily, job: "true"}
    - ansible.posix.mount: {path: /mnt/own, src: tmpfs, fstype: tmpfs, opts: size=1m, state: mounted}
    - hostname: {name: own.example.org}
    - become: true
      become_user: postgres
      block:
        - community.postgresql.postgresql_user: {name: app, password: "s3'cret", role_attr_flags: CREATEDB}
        - community.postgresql.postgresql_db: {name: shop, owner: app, template: template0, encoding: UTF8}
        - community.postgresql.postgresql_ext: {name: pg_trgm, login_db: shop}
        - community.postgresql.postgresql_privs: {login_db: shop, roles: app, type: schema, objs: public, privs: CREATE}
        - community.postgresql.postgresql_slot: {name: replica}
"#;

const HOLDS: &[(&str, &str)] = &[
    ("cat /etc/apt/sources.list.d/none.list", "deb [trusted=yes] file:/srv/none ./"),
    ("cat /etc/sysctl.d/own.conf", "net.ipv4.ip_forward=1"),
    ("crontab -l", "#Ansible: nightly\n5 3 * * * true"),
    ("cat /etc/cron.d/own", "#Ansible: own\n@daily root true"),
    ("findmnt -n -o FSTYPE /mnt/own; grep -c /mnt/own /etc/fstab", "tmpfs\n1"),
    ("hostname; cat /etc/hostname", "own.example.org\nown.example.org"),
    (
        "cd /; PGPASSWORD=\"s3'cret\" psql -h 127.0.0.1 -U app -Atc 'select extname from pg_extension order by 1' shop",
        "pg_trgm\nplpgsql",
    ),
    (
        "cd /; su postgres -c \"psql -Atc \\\"select slot_name || has_schema_privilege('app', 'public', 'CREATE') from pg_replication_slots\\\" shop\"",
        "replicatrue",
    ),
];

#[test]
#[ignore = "needs hosts"]
fn a_debian_host_is_made_what_the_modules_say() {
    let host = debian();
    let project = Project::new(&[&host], &[("playbooks/site.yml", TASKS)]);
    let name = host.run("hostname");
    let plan = project.check(&[]).exits(2).never_says("s3'cret");
    // The kernel's own parameters are not a container's to set, so only the file is asked for.
    assert!(plan.out.contains("own.conf"), "{plan}");
    assert!(!host.has("/etc/cron.d/own") && !host.has("/etc/sysctl.d/own.conf"));
    assert_eq!(host.run("hostname"), name);
    let applied = project.apply(&[]).exits(0);
    for (command, want) in HOLDS {
        assert_eq!(host.run(command).trim(), *want, "{command}\n{applied}");
    }
    project.check(&[]).exits(0).says("No changes.");
    // The host's root is unmounted before it is made new.
    host.run(&format!("hostname {}; umount /mnt/own", name.trim()));
}
