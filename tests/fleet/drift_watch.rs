//! The role that checks for drift at times: from a host of its own, another is checked, measured, shown and told of.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;
use xtask::fleet::place::workspace;

use crate::hosts::{Lent, lend};
use crate::project::Project;

const SITE: &str = "
- hosts: web
  gather_facts: false
  tasks:
    - name: Greeting
      copy: {dest: /etc/motd, content: \"one\\ntwo\\n\", mode: '0644'}
";

/// What lets the other look and do nothing else.
const WATCHED: &str = "
- hosts: web
  roles: [drift_watched]
  vars:
    drift_watched_keys: [\"{{ lookup('file', public) }}\"]
    drift_watched_sudoers: \"{{ lookup('pipe', program ~ ' drift --sudoers --user drift') }}\\n\"
";

/// What the watching host is made of. The program is put there by the test.
const WATCH: &str = "
- hosts: watch
  vars:
    drift_watch_repository: /srv/infra.git
    drift_watch_checks:
      - {inventory: test, calendar: hourly, applied: main, options: [--user, drift, --become]}
    drift_watch_ssh_key: \"{{ lookup('file', key) }}\\n\"
    drift_watch_known_hosts: \"{{ lookup('file', known) }}\\n\"
    drift_watch_webhook: \"http://{{ chat }}/hook\"
    prometheus_interval: 1s
    prometheus_jobs: [{name: node, targets: ['127.0.0.1:9100']}]
    prometheus_rules: \"{{ lookup('file', rules) | from_yaml }}\"
  roles: [node_exporter, drift_watch, prometheus]
";

/// Takes two messages, as chat does, and gives their bodies.
fn chat(address: Ipv4Addr) -> (String, JoinHandle<[String; 2]>) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let here = listener.local_addr().unwrap().to_string();
    (here, std::thread::spawn(move || [message(&listener), message(&listener)]))
}

fn message(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    String::from_utf8(body).unwrap()
}

#[test]
#[ignore = "needs hosts"]
fn a_host_watches_another_and_says_what_moved() {
    let [watch, web] = lend([Kind::Debian, Kind::Centos]);
    let config = format!("[defaults]\nroles_path = {}\n", workspace().join("roles").display());
    let project =
        Project::new(&[&web, &watch], &[("ansible.cfg", &config), ("playbooks/site.yml", SITE)]);
    project.write("inventory/test", format!("[web]\n{} ansible_host={}\n", web.name, web.ipv4));
    project.commit();
    project.apply(&[]).exits(0);
    let watched = project.write("playbooks/watched.yml", WATCHED).display().to_string();
    let public = format!("public={}", watch.ssh_key.with_extension("pub").display());
    let program = format!("program={}", env!("CARGO_BIN_EXE_converge"));
    let allow = |how: &str| {
        let call = project.converge(&[&watched, "-i", "test", how]);
        call.args(&["-e", &public, "-e", &program]).run()
    };
    allow("--yes").exits(0).says("failed=0");
    allow("--check").exits(0).says("No changes.");

    // This machine's address on the network of the hosts.
    let [first, second, ..] = watch.ipv4.octets();
    let (hook, heard) = chat(Ipv4Addr::new(first, second, 0, 1));
    project
        .write("inventory/own", format!("[watch]\n{} ansible_host={}\n", watch.name, watch.ipv4));
    let playbook = project.write("playbooks/watch.yml", WATCH).display().to_string();
    let own = |how: &str| {
        let given = [
            format!("key={}", watch.ssh_key.display()),
            format!("known={}", watch.known_hosts.display()),
            format!("chat={hook}"),
            format!("rules={}", workspace().join("roles/drift_watch/files/alerts.yml").display()),
        ];
        let call = project
            .converge(&[&playbook, "-i", "inventory/own", how])
            .within(Duration::from_secs(400));
        given.iter().fold(call, |call, given| call.args(&["-e", given])).run()
    };
    fs::copy(env!("CARGO_BIN_EXE_converge"), watch.root.join("usr/local/bin/converge")).unwrap();
    own("--yes").exits(0).says("failed=0");
    own("--check").exits(0).says("No changes.");
    assert_eq!(watch.run("systemctl is-active drift-watch-test.timer"), "active\n");

    // The repository, which is another machine's in earnest.
    let copy = ["clone", "--quiet", "--bare", "--", "."];
    let bare = watch.root.join("srv/infra.git").display().to_string();
    project.git(&[&copy[..], &[bare.as_str()]].concat());
    watch.run("chown -R drift-watch: /srv/infra.git");

    web.run("sed -i s/two/zwei/ /etc/motd");
    // But for the helper of who logs in, in their own home.
    let done = || {
        let mut done = web.done();
        done.retain(|path, _| !path.starts_with("var/lib/drift/.cache"));
        done
    };
    let before = done();
    watch.run("systemctl start drift-watch-test.service");
    assert_eq!(done(), before, "looking writes nothing");
    let metrics = "/var/lib/prometheus/node-exporter/converge-test.prom";
    let of_web = format!("host=\"{}\",class=\"drift\"}} 1", web.name);
    assert!(watch.text(metrics).contains(&of_web), "{}", watch.text(metrics));
    watch.run(&format!("promtool check metrics < {metrics}"));
    // It sorts labels.
    is_measured(&watch, &format!("converge_drift_items{{class=\"drift\",host=\"{}\"", web.name));
    let page = watch.text("/var/lib/drift-watch/pages/test.html");
    assert!(page.contains("/etc/motd") && page.contains("zwei"), "{page}");

    // Prometheus reads that, and the rules that come with the role make an alert of it.
    let firing = "ALERTS{alertname=\"HostDrifted\", alertstate=\"firing\"}";
    let host = format!("host=\"{}\"", web.name);
    let told = until(&watch, firing, |told| told.contains("=> 1 "));
    assert!(told.contains(&host) && told.contains("severity=\"warning\""), "{told}");

    // Nothing is new at the next check, and nobody is told anything.
    watch.run("systemctl start drift-watch-test.service");
    assert!(watch.text(metrics).contains(&of_web), "it is measured all the same");

    // Somebody puts it right: the alert ends, and chat is told.
    project.apply(&[]).exits(0);
    watch.run("systemctl start drift-watch-test.service");
    assert!(watch.text(metrics).contains(&of_web.replace("} 1", "} 0")), "{}", watch.text(metrics));
    until(&watch, firing, |told| !told.contains("=> 1 "));
    let [moved, recovered] = heard.join().unwrap();
    assert!(moved.contains(&format!("{}: /etc/motd content line 2", web.name)), "{moved}");
    assert!(recovered.contains("No drift; 1 recovered."), "{recovered}");
}

/// Asks Prometheus until it tells what is wanted.
fn until(watch: &Lent, query: &str, wanted: impl Fn(&str) -> bool) -> String {
    let ask = format!("promtool query instant http://127.0.0.1:9090 '{query}'");
    let begin = Instant::now();
    loop {
        let told = watch.run(&ask);
        if wanted(&told) {
            return told;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{query}: {told}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Whether the node exporter tells what was measured.
fn is_measured(watch: &Lent, sample: &str) {
    let told = watch.run("curl -sS --retry 10 --retry-connrefused http://127.0.0.1:9100/metrics");
    assert!(told.contains(sample), "{told}");
    assert!(told.contains("\nnode_textfile_scrape_error 0\n"), "{told}");
}
