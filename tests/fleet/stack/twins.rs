//! The same roles by converge and by ansible-playbook on twins: what they leave on the hosts is the same.

use std::process::Command;

use xtask::fleet::host::Kind;
use xtask::fleet::upper::{Noise, upper_diff};
use xtask::reference::Reference;

use crate::hosts::{Lent, lend};
use crate::project::Project;
use crate::stack::data::UNITS;
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
    ansible(&reference, &project, &theirs);
    // What a page says names its host, redis notes the time with its data, and Python is only there.
    let noise = [
        "root/.cache",
        "usr/lib/python3",
        "var/lib/dpkg/status",
        "srv/www/page/index.html",
        "var/lib/redis",
    ];
    let noise = noise.into_iter().fold(Noise::default(), Noise::and);
    let told: Vec<String> =
        upper_diff(&own, &theirs, &noise).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(told, [""; 0]);
    for asked in [
        "systemctl is-active redis-server nginx one daily.timer; systemctl is-enabled redis-server nginx one daily.timer",
        "dpkg-query -Wf '${Package} ${Version} ${db:Status-Abbrev}\\n' redis-server nginx",
        "getent passwd redis www-data",
        "sed -E 's/(own|test)-[a-z0-9]*//' /srv/www/page/index.html",
    ] {
        assert_eq!(own.run(asked), theirs.run(asked), "{asked}");
    }
    // And converge finds nothing to do where Ansible was.
    project.check(&[]).exits(0).says("No changes.");
}

/// Runs the project's playbook on a host by ansible-playbook.
fn ansible(reference: &Reference, project: &Project, host: &Lent) {
    project.write("inventory/test", format!("{} ansible_host={}\n", host.name, host.ipv4));
    let path = [reference.bin(), "/usr/bin".into(), "/bin".into()];
    let output = Command::new(reference.program("ansible-playbook"))
        .args(["-i", "inventory/test", "playbooks/site.yml"])
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
