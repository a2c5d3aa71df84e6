//! The whole way of a change: staging and production of five hosts each, real health checks, a fix in the middle, and somebody who
//! edits a file by hand afterwards.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use xtask::fleet::host::{Host, Kind};

use crate::browser::Browser;
use crate::hosts::Own;
use crate::project::Project;
use crate::trouble::wait_until;

/// A page that a program writes for each visitor, in the form that Prometheus reads.
const SITE: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Settings
      copy: {dest: /etc/page.conf, content: \"title = Page\\nowner = ops\\nversion = 1\\n\", mode: '0644'}
    - name: Program
      copy: {src: page, dest: /usr/local/bin/page, mode: '0755'}
    - name: Socket
      copy: {dest: /etc/systemd/system/page.socket, content: \"[Socket]\\nListenStream=8080\\nAccept=yes\\n[Install]\\nWantedBy=sockets.target\\n\"}
    - name: Service
      copy: {dest: /etc/systemd/system/page@.service, content: \"[Service]\\nExecStart=/usr/local/bin/page\\nStandardInput=socket\\n\"}
    - name: Listening
      systemd: {name: page.socket, state: started, enabled: true, daemon_reload: true}
";

/// What answers; `OK` is how well it is.
const PAGE: &str = r#"#!/bin/sh
while read -r line && [ "${#line}" -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n'
printf 'page_version %s\npage_ok %s\n' "$(sed -n 's/^version = //p' /etc/page.conf)" OK
"#;

/// `WATCH` is where Prometheus is.
const ENVIRONMENTS: &str = "\
[environments.staging]

[environments.prod]
after = 'staging'

[environments.prod.rollout]
canary = 1
batches = [1, '50%']
soak = '2s'

[[environments.prod.rollout.checks]]
http = 'http://{host}:8080/'
contains = 'page_version'
within = '10s'

[[environments.prod.rollout.checks]]
promql = 'page_ok{instance=\"{host}:8080\"} == 1'
server = 'http://WATCH:9090'
within = '10s'
";

fn run(host: &Host, command: &str) -> String {
    host.ssh_ok(command).unwrap_or_else(|error| panic!("{error:#}"))
}

/// The version that each host's page tells of; 0 where there is none.
fn versions(hosts: &[&Host]) -> String {
    let version = |host: &&Host| {
        let text = std::fs::read_to_string(host.root.join("etc/page.conf")).unwrap_or_default();
        let told = text.lines().find_map(|line| line.strip_prefix("version = "));
        told.unwrap_or("0").to_owned()
    };
    hosts.iter().map(version).collect::<Vec<_>>().join(" ")
}

/// Prometheus on a host, asking these every second.
fn watch(host: &Host, prod: &[&Host]) {
    let targets = prod.iter().map(|host| format!("'{}:8080'", host.ipv4)).collect::<Vec<_>>();
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: page\n  metrics_path: /\n  \
         static_configs: [{{targets: [{}]}}]\n",
        targets.join(", ")
    );
    std::fs::create_dir_all(host.root.join("etc/prometheus")).unwrap();
    std::fs::write(host.root.join("etc/prometheus/prometheus.yml"), config).unwrap();
    run(
        host,
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Options::=--force-confold install \
         --yes --no-install-recommends prometheus >/dev/null 2>&1 && promtool check config /etc/prometheus/prometheus.yml",
    );
}

fn page(ok: &str) -> String {
    PAGE.replace("OK\n", &format!("{ok}\n")).replace("200 1", "200 OK")
}

#[test]
#[ignore = "needs hosts"]
fn a_change_goes_from_five_hosts_to_five_others_and_what_is_edited_there_is_found() {
    let own = Own::boot("way-", 9, 2);
    let mut debian = own.hosts().iter().filter(|host| host.kind == Kind::Debian);
    let mut centos = own.hosts().iter().filter(|host| host.kind == Kind::Centos);
    let mut five = || debian.by_ref().take(4).chain(centos.by_ref().take(1)).collect::<Vec<_>>();
    let (staging, prod) = (five(), five());
    let watcher = debian.next().unwrap();
    thread::scope(|scope| {
        let watching = scope.spawn(|| watch(watcher, &prod));
        let told = the_walk(&staging, &prod, watcher, || watching.join().unwrap());
        what_is_edited_is_found(&told, &prod, watcher);
    });
}

/// From the first commit to a second one that is everywhere. `watched` waits until Prometheus is there.
fn the_walk(staging: &[&Host], prod: &[&Host], watcher: &Host, watched: impl FnOnce()) -> Project {
    let project = Project::new(&[], &[]);
    let line = |host: &&Host| format!("{} ansible_host={}\n", host.name, host.ipv4);
    project.ssh_config(watcher, "");
    project.write("inventory/staging", staging.iter().map(line).collect::<String>());
    project.write("inventory/prod", prod.iter().map(line).collect::<String>());
    project.write("converge.toml", ENVIRONMENTS.replace("WATCH", &watcher.ipv4.to_string()));
    project.write("playbooks/site.yml", SITE);
    project.write("playbooks/files/page", page("1"));
    project.commit();
    let converge = |words: &[&str]| project.converge(words).within(Duration::from_secs(300)).run();
    let promote = || converge(&["promote", "staging", "prod", "--yes"]);

    // Nothing gets there before it passed.
    converge(&["-i", "prod", "--yes"]).exits(4).says("has not passed");
    promote().exits(4);
    assert_eq!(versions(prod), "0 0 0 0 0");
    converge(&["-i", "staging", "--yes"]).exits(0).says("staging has passed");
    assert_eq!((&*versions(staging), &*versions(prod)), ("1 1 1 1 1", "0 0 0 0 0"));
    watched();
    let first = promote().exits(0).says("prod has passed");
    for batch in 1..=4 {
        assert!(first.out.contains(&format!("Batch {batch} of 4: ")), "{first}");
    }
    assert_eq!(versions(prod), "1 1 1 1 1");

    // The second version asks for something that one host of production lacks.
    project.write("playbooks/site.yml", SITE.replace("version = 1", "version = 2"));
    project.write("playbooks/files/page", page("$(cat /srv/state || echo 0)"));
    project.commit();
    staging.iter().for_each(|host| drop(run(host, "echo 1 > /srv/state")));
    let forgotten = prod[2];
    let others = prod.iter().filter(|host| host.name != forgotten.name);
    others.for_each(|host| drop(run(host, "echo 1 > /srv/state")));
    promote().exits(4).says("staging");
    assert_eq!(versions(prod), "1 1 1 1 1");
    converge(&["-i", "staging", "--yes"]).exits(0).says("staging has passed");
    let stopped = promote().exits(1).says("the rollout of prod stopped in batch 3 of 4");
    assert!(stopped.err.contains(&format!("{}: promql page_ok", forgotten.name)), "{stopped}");
    assert_eq!(versions(prod), "2 2 2 2 1", "the rest is untouched");
    let status = converge(&["rollout", "status"]).exits(0);
    assert!(status.out.contains(&format!("  failed     {}\n", forgotten.name)), "{status}");
    assert!(status.out.contains(&format!("  waiting    {}\n", prod[4].name)), "{status}");

    // Nobody mended it: it stops there again. Then somebody does.
    converge(&["rollout", "resume", "--yes"]).exits(1);
    assert_eq!(versions(prod), "2 2 2 2 1");
    run(forgotten, "echo 1 > /srv/state");
    converge(&["rollout", "resume", "--yes"]).exits(0).says("prod has passed");
    assert_eq!(versions(prod), "2 2 2 2 2");
    project
}

/// Somebody edits a file on one host; the next check says so in every way that it has.
fn what_is_edited_is_found(project: &Project, prod: &[&Host], watcher: &Host) {
    let check = |code| {
        let call = project.converge(&["drift", "-i", "prod", "--report", "html=page.html"]);
        call.args(&["--report", "prometheus=metrics.prom"]).run().exits(code)
    };
    check(0);
    let edited = prod[3];
    run(edited, "sed -i 's/owner = ops/owner = me/' /etc/page.conf");
    let told = check(2);
    for words in [&*edited.name, "/etc/page.conf", "line 2", "-owner = me", "+owner = ops"] {
        assert!(told.out.contains(words), "it should name `{words}`: {told}");
    }
    prod.iter().filter(|host| host.name != edited.name).for_each(|other| {
        assert!(!told.out.contains(&format!("  {}  ", other.name)), "{told}");
    });
    let metrics = std::fs::read_to_string(project.folder().join("metrics.prom")).unwrap();
    for host in prod {
        let count = u8::from(host.name == edited.name);
        let line = format!("host=\"{}\",class=\"drift\"}} {count}\n", host.name);
        assert!(metrics.contains(&line), "{metrics}");
    }
    std::fs::write(watcher.root.join("srv/metrics.prom"), &metrics).unwrap();
    run(watcher, "promtool check metrics < /srv/metrics.prom");

    let browser = Browser::start(1200, 900);
    browser.open(&project.folder().join("page.html"));
    let value = |script: &str| browser.value(script);
    assert_eq!(value("document.getElementById('verdict').textContent"), "drifted");
    assert_eq!(value("document.querySelectorAll('.item').length"), 1);
    let summary = value("document.querySelector('.item summary').textContent");
    let summary = summary.as_str().unwrap().to_owned();
    for words in [&*edited.name, "/etc/page.conf", "line 2"] {
        assert!(summary.contains(words), "the page should name `{words}`: {summary}");
    }
    let side =
        |class: &str| value(&format!("document.querySelector('.item td.{class}').textContent"));
    assert_eq!((side("gone"), side("come")), ("owner = me".into(), "owner = ops".into()));
    assert_eq!(browser.complaints(), Value::Array(Vec::new()));

    run(edited, "sed -i 's/owner = me/owner = ops/' /etc/page.conf");
    wait_until("it recovers", || check(0).out.contains("Recovered"));
}
