//! Backups to a disk, to another site by sftp and to storage that speaks S3; and databases that come back from each.

use std::fs;

use xtask::fleet::host::Kind;
use xtask::fleet::place::{Place, workspace};
use xtask::stack::rclone;

use crate::hosts::{Lent, lend};
use crate::project::Project;
use crate::stack::{converges, project};

/// Where backups go is known to the restoration too, so it stands in the inventory.
const BACKUP: &str = r#"
backup_repositories: [/srv/backups, "sftp://keeper@[OTHER]//srv/sftp/{{ inventory_hostname }}", "s3:http://[OTHER]:9000/{{ inventory_hostname }}"]
backup_password: it's secret
backup_environment: {AWS_ACCESS_KEY_ID: ours, AWS_SECRET_ACCESS_KEY: "it's-another-one"}
backup_ssh_key: "{{ lookup('file', 'OPENS') }}"
backup_known_hosts: "{{ lookup('file', 'KNOWN') }}"
backup_postgresql: true
backup_paths: [/etc]
backup_excludes: [/etc/ssl]
postgresql_users: [{name: app}]
postgresql_databases: [{name: toots, owner: app}]
"#;

const PLAY: &str = "
- hosts: all
  vars:
    base_repositories: [{name: epel, baseurl: 'file:///srv/epel', gpgkey: 'file:///srv/epel/RPM-GPG-KEY-EPEL'}]
    postgresql_memory_mb: 512
  roles: [base, postgresql, backup]
";

/// The other site: an account that may do nothing but sftp, and a server of S3.
const OTHER: &str = r#"
useradd --create-home keeper
mkdir -p ~keeper/.ssh /srv/s3 /srv/sftp
chown keeper: /srv/sftp
ssh-keygen -q -t ed25519 -N '' -f /root/key
echo "restrict,command=\"/usr/lib/openssh/sftp-server\" $(cat /root/key.pub)" > ~keeper/.ssh/authorized_keys
chown -R keeper: ~keeper/.ssh
chmod 0755 /usr/local/bin/rclone
systemd-run --quiet --unit=s3 rclone serve s3 --auth-key "ours,it's-another-one" --addr '[::]:9000' /srv/s3
for try in $(seq 100); do if (exec 3<>/dev/tcp/::1/9000) 2>/dev/null; then exit; fi; sleep 0.2; done
exit 1
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_backups_come_back() {
    let [debian, centos, other] = lend([Kind::Debian, Kind::Centos, Kind::Debian]);
    let rclone = rclone::program("test", &Place::find().unwrap()).unwrap();
    fs::copy(rclone, other.root.join("usr/local/bin/rclone")).unwrap();
    other.run(OTHER);
    let hosts = [debian, centos];
    let project = project(&[&hosts[0], &hosts[1]], PLAY);
    let key = project.keep("key", other.text("/root/key"));
    let backup = BACKUP.replace("OTHER", &other.ipv6.to_string());
    let backup = backup.replace("OPENS", &key.display().to_string());
    let backup = backup.replace("KNOWN", &other.known_hosts.display().to_string());
    project.write("inventory/group_vars/all.yml", backup);
    let line = |host: &Lent| format!("{} ansible_host={}\n", host.name, host.ipv4);
    let groups = format!("[postgresql_primary]\n{}{}", line(&hosts[0]), line(&hosts[1]));
    project.write("inventory/test", groups);
    converges(&hosts, &project);
    for host in &hosts {
        assert_eq!(host.access("/etc/backup/ssh_key"), "0600 root:root");
        assert_eq!(host.run("systemctl is-active backup.timer"), "active\n");
        is_restored(host, &project);
        let kept = other.run(&format!("ls /srv/sftp/{0} /srv/s3/{0}", host.name));
        assert_eq!(kept.matches("snapshots").count(), 2, "{kept}");
        let plain = format!("! grep -rq kept /srv/sftp/{0} /srv/s3/{0}", host.name);
        assert!(other.succeeds(&plain), "what leaves the host is encrypted");
    }
    // One site lets nobody in: the others still get everything, and the unit says that it failed.
    other.run("mv ~keeper/.ssh ~keeper/ssh");
    let [host, _] = &hosts;
    let list = "set -a; . /etc/backup/environment; restic --no-lock --tag files snapshots --json | grep -o short_id.*";
    let of = |place: &str| host.run(&format!("export RESTIC_REPOSITORY={place}; {list}"));
    let places =
        ["/srv/backups".to_owned(), format!("s3:http://[{}]:9000/{}", other.ipv6, host.name)];
    let before = places.clone().map(|place| of(&place));
    host.run("mkdir /etc/more");
    assert!(!host.succeeds("systemctl start backup.service"));
    assert!(host.run("journalctl --unit backup.service").contains("backup into sftp:"));
    for (place, before) in places.iter().zip(before) {
        assert_ne!(of(place), before, "{place}");
    }
}

/// A backup by the timer's command, and a database that comes back from each place; never over anything.
fn is_restored(host: &Lent, project: &Project) {
    let ask = |database: &str, sql: &str| {
        host.run(&format!("runuser -u postgres -- psql -XqAtc \"{sql}\" {database}"))
    };
    ask("toots", "SET ROLE app; CREATE TABLE toots (text text); INSERT INTO toots VALUES ('kept')");
    host.run("systemctl start backup.service");
    ask("toots", "INSERT INTO toots VALUES ('later')");
    let playbook = workspace().join("playbooks/restore.yml").display().to_string();
    let restore = |from: usize, into: &str| {
        let from = format!("restore_repository={{{{ backup_repositories[{from}] }}}}");
        let into = format!("restore_into={into}");
        let args = [
            "-i",
            "test",
            "--yes",
            "-l",
            &host.name,
            "-e",
            "restore_database=toots",
            "-e",
            &into,
            "-e",
            &from,
        ];
        project.converge(&[&playbook]).args(&args).run()
    };
    for (from, into) in ["disk", "sftp", "s3"].into_iter().enumerate() {
        restore(from, into).exits(0).says("failed=0");
        assert_eq!(ask(into, "SELECT text FROM toots"), "kept\n");
    }
    let owners = "SELECT tableowner, pg_get_userbyid(datdba) FROM pg_tables, pg_database WHERE tablename = 'toots' AND datname = 'disk'";
    assert_eq!(ask("disk", owners), "app|app\n");
    restore(0, "toots").exits(1).says("is not empty");
    // What could not be dumped leaves nothing that would be taken for the latest.
    let open = |limit: i32| {
        ask(
            "postgres",
            &format!("UPDATE pg_database SET datconnlimit = {limit} WHERE datname = 'toots'"),
        );
    };
    open(-2);
    assert!(!host.succeeds("systemctl start backup.service"));
    open(-1);
    restore(0, "again").exits(0).says("failed=0");
    assert_eq!(ask("again", "SELECT text FROM toots"), "kept\n");
    let files = "set -a; . /etc/backup/environment; restic --repo /srv/backups ls latest --tag files --path /etc";
    let files = host.run(files);
    assert!(files.contains("/etc/hostname") && !files.contains("/etc/ssl/"), "{files}");
}
