//! From staging to production, host by host.

use std::net::SocketAddr;
use std::time::Duration;

use xtask::fleet::host::Kind;
use xtask::relay;

use crate::hosts::{Lent, lend};
use crate::project::Project;
use crate::trouble::wait_until;

const SITE: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Page
      copy: {src: page, dest: /etc/page, mode: '0644'}
";

const ENVIRONMENTS: &str = "\
[environments.staging]

[environments.prod]
after = 'staging'

[environments.prod.rollout]
canary = 1
batches = 1
soak = '3s'
checks = [{ unit = 'ssh.service', within = '4s' }, { command = 'test -e /etc/page' }]
";

/// The page that each host has.
fn pages(hosts: &[&Lent]) -> String {
    let page = |host: &&Lent| {
        if host.has("/etc/page") { host.text("/etc/page") } else { "none".into() }
    };
    hosts.iter().map(page).collect::<Vec<_>>().join(" ")
}

#[test]
#[ignore = "needs hosts"]
fn a_change_goes_to_production_as_it_passed_staging_and_stops_where_a_host_is_lost() {
    let [stage, one, two, three] = lend([Kind::Centos, Kind::Debian, Kind::Debian, Kind::Debian]);
    let prod = [&one, &two, &three];
    let project = Project::new(&[], &[]);
    let relay = through(&one, 0);
    let port = relay.address().port();
    let line = |host: &Lent| format!("{} ansible_host={}\n", host.name, host.ipv4);
    project.write("inventory/staging", line(&stage));
    let first = format!("{} ansible_host=127.0.0.1 ansible_port={port}\n", one.name);
    project.write("inventory/prod", first + &line(&two) + &line(&three));
    project.ssh_config(&one, &format!("Host 127.0.0.1\n  HostKeyAlias {}", one.name));
    project.write("converge.toml", ENVIRONMENTS);
    project.write("playbooks/site.yml", SITE);
    project.write("playbooks/files/page", "1");
    project.commit();
    let promote = |project: &Project| {
        project.converge(&["promote", "staging", "prod", "--yes"]).within(Duration::from_secs(200))
    };

    let refused = promote(&project).run().exits(4);
    assert!(refused.err.contains("`staging` is not as this commit left it"), "{refused:?}");
    project.converge(&["-i", "prod", "--yes"]).run().exits(4).says("has not passed");
    assert_eq!(pages(&prod), "none none none");
    project.converge(&["-i", "staging", "--yes"]).run().exits(0).says("staging has passed");
    promote(&project).run().exits(0).says("prod has passed");
    assert_eq!(pages(&prod), "1 1 1");

    // The canary is lost while it soaks: nobody else gets the change.
    project.write("playbooks/files/page", "2");
    project.commit();
    project.converge(&["-i", "staging", "--yes"]).run().exits(0);
    let running = promote(&project).start();
    wait_until("the canary", || one.text("/etc/page") == "2");
    std::thread::sleep(Duration::from_millis(1500));
    drop(relay);
    let output = running.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("the rollout of prod stopped in batch 1 of 3"), "{told}");
    assert_eq!(pages(&prod), "2 1 1");
    let status = project.converge(&["rollout", "status"]).run().exits(0);
    assert!(status.out.contains(&format!("  failed     {}\n", one.name)), "{status:?}");

    // As long as it is away, resuming stops there again; then what stopped goes on.
    let resume = || {
        let call = project.converge(&["rollout", "resume", "--yes"]);
        call.within(Duration::from_secs(200)).run()
    };
    resume().exits(1);
    assert_eq!(pages(&prod), "2 1 1");
    let _back = through(&one, port);
    resume().exits(0).says("prod has passed");
    assert_eq!(pages(&prod), "2 2 2");
}

fn through(host: &Lent, port: u16) -> relay::Relay {
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    relay::start(listen, SocketAddr::from((host.ipv4, 22)), Duration::ZERO).unwrap()
}
