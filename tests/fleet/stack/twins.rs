//! The same roles by converge and by ansible-playbook on twins: what they leave on the hosts is the same.

use std::process::Command;

use xtask::fleet::host::Kind;
use xtask::fleet::upper::{Noise, upper_diff};
use xtask::reference::Reference;

use crate::hosts::{Lent, lend};
use crate::project::Project;
use crate::stack::data::UNITS;
use crate::stack::outside::Site;
use crate::stack::{LONG, project};

/// Roles whose modules come with ansible-core, without collections.
const PLAY: &str = r#"
- hosts: all
  vars:
    redis_password: 'a "quoted" word'
    nginx_acme_root: /var/www/acme
    nginx_upstreams: [{name: app, servers: ["127.0.0.1:9001", {address: "127.0.0.1:9002", weight: 2}], method: least_conn}]
    nginx_vhosts:
      - {name: page.test, root: /srv/www/page, page: A page}
      - {name: app.test, proxy: "http://app", listen: 8080}
      - {name: old.test, redirect: "https://new.test", max_body: 5m}
      - {name: late.test, mastodon: {root: /srv/late}, tls: {certificate: /etc/ssl/late.pem, key: /etc/ssl/late.key}}
  roles:
    - redis
    - nginx
    - role: systemd_unit
      vars:"#;

#[test]
#[ignore = "needs hosts"]
fn stack_twins_are_left_alike() {
    let reference = Reference::ansible("test").unwrap();
    let [own, theirs] = lend([Kind::Debian, Kind::Python]);
    let project = project(&[&own], &format!("{PLAY}{UNITS}"));
    project.converge(&["-i", "test", "--yes"]).within(LONG).run().exits(0);
    project.write("inventory/test", format!("{} ansible_host={}\n", theirs.name, theirs.ipv4));
    ansible(&reference, &project, &["-i", "inventory/test", "playbooks/site.yml"]);
    // What a page says names its host, redis notes the time with its data, and Python is only there.
    let noise = [
        "root/.cache",
        "usr/lib/python3",
        "var/lib/dpkg/status",
        "srv/www/page/index.html",
        "var/lib/redis",
    ];
    let asked = [
        "systemctl is-active redis-server nginx one daily.timer; systemctl is-enabled redis-server nginx one daily.timer",
        "dpkg-query -Wf '${Package} ${Version} ${db:Status-Abbrev}\\n' redis-server nginx",
        "getent passwd redis www-data",
        "sed -E 's/(own|test)-[a-z0-9]*//' /srv/www/page/index.html",
    ];
    alike([&own, &theirs], &noise, &[], &asked);
    // And converge finds nothing to do where Ansible was.
    project.check(&[]).exits(0).says("No changes.");
}

/// What an application takes to run: its databases as a distribution makes them, Node, a Ruby of its own, and itself.
const APPLICATION: &str = r#"
- hosts: all
  vars:
    nodejs_packages: []
    nodejs_corepack: true
    mastodon_environment:
      NODE_EXTRA_CA_CERTS: "{{ authorities }}"
      COREPACK_DEFAULT_TO_LATEST: "0"
      COREPACK_ENABLE_AUTO_PIN: "0"
      COREPACK_ENABLE_DOWNLOAD_PROMPT: "0"
    mastodon_domain: social.test
    mastodon_secrets: {SECRET_KEY_BASE: one, OTP_SECRET: two, VAPID_PRIVATE_KEY: three, VAPID_PUBLIC_KEY: four,
      ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY: five, ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT: six,
      ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY: seven}
    mastodon_sidekiq: [{name: all, queues: [default, push], threads: 2}]
    mastodon_settings: {SMTP_FROM_ADDRESS: "The server <a@social.test>"}
  pre_tasks:
    - apt: {name: [postgresql, redis-server], update_cache: true, install_recommends: false}
    - shell: runuser -u postgres -- createuser --createdb mastodon && touch /srv/user
      args: {creates: /srv/user}
  roles: [nodejs, mastodon]
"#;

#[test]
#[ignore = "needs hosts"]
fn stack_twins_have_the_same_application() {
    let reference = Reference::ansible("test").unwrap();
    let [own, theirs, outside] = lend([Kind::Debian, Kind::Python, Kind::Debian]);
    let line =
        |host: &Lent| format!("all: {{hosts: {{{}: {{ansible_host: {}}}}}}}", host.name, host.ipv4);
    let site = Site::new(&outside, &line(&own));
    let playbook = site.project.write("playbooks/site.yml", APPLICATION).display().to_string();
    site.run(&playbook, &["--yes"]).exits(0).says("failed=0");
    site.project.write("inventory/stack/hosts.yml", line(&theirs));
    let password = site.password();
    let args = ["-i", "inventory/stack", "--vault-id", &password, &playbook];
    ansible(&reference, &site.project, &args);
    // Repositories and caches say when they were made, the keeper's secrets are by chance, and Python is only there, with what the
    // databases need too (readline).
    let noise = [
        "etc/mastodon/secrets",
        "etc/postgresql-common",
        "etc/ssl",
        "home/mastodon/.ansible",
        "home/mastodon/.cache",
        "home/mastodon/.rbenv/.git",
        "home/mastodon/.rbenv/plugins/ruby-build/.git",
        "home/mastodon/live/.git",
        "root/.ansible",
        "root/.cache",
        "usr/lib/python3",
        "var/lib/dpkg/status",
        "var/lib/postgresql",
        "var/lib/redis",
    ];
    let readline = ["readline", "libhistory", "inputrc", "rluserman"];
    let units = "mastodon-web mastodon-streaming mastodon-sidekiq-all mastodon-media.timer";
    let asked = [
        &format!("systemctl is-active {units}; systemctl is-enabled {units}"),
        "id mastodon; getent passwd mastodon",
        "git -C /home/mastodon/live -c safe.directory=* status --branch --short; git -C /home/mastodon/live -c safe.directory=* rev-parse HEAD",
        "runuser -u mastodon -- psql -XAtc 'SELECT version FROM schema_migrations ORDER BY 1' mastodon_production",
    ];
    alike([&own, &theirs], &noise, &readline, &asked);
    // And converge finds nothing to do where Ansible was.
    site.run(&playbook, &["--check"]).exits(0).says("No changes.");
}

/// What converge did to one host is what ansible-playbook did to the other: nothing differs in what they wrote but below `noise`, and where one of
/// the words of `but` is in the path, and both answer these questions alike.
#[track_caller]
pub(super) fn alike(
    [own, theirs]: [&Lent; 2],
    noise: &[&'static str],
    but: &[&str],
    asked: &[impl AsRef<str>],
) {
    let noise = noise.iter().copied().fold(Noise::default(), Noise::and);
    let told = upper_diff(own, theirs, &noise).unwrap();
    let told = told.iter().map(ToString::to_string);
    let told: Vec<String> =
        told.filter(|told| !but.iter().any(|word| told.contains(word))).collect();
    assert_eq!(told, [""; 0]);
    for asked in asked.iter().map(AsRef::as_ref) {
        assert_eq!(own.run(asked), theirs.run(asked), "{asked}");
    }
}

/// Runs a playbook of the project by ansible-playbook.
pub(super) fn ansible(reference: &Reference, project: &Project, args: &[&str]) {
    let path = [reference.bin(), "/usr/bin".into(), "/bin".into()];
    let output = Command::new(reference.program("ansible-playbook"))
        .args(args)
        .current_dir(project.folder())
        .env_clear()
        .envs([("HOME", project.home()), ("ANSIBLE_LOCAL_TEMP", project.home().join("tmp"))])
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("LANG", "C.UTF-8")
        .env("ANSIBLE_SSH_ARGS", format!("-F {}", project.home().join(".ssh/config").display()))
        .env("ANSIBLE_PIPELINING", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
