//! The shipped playbook, from bare hosts to pages that are served.

use std::process::Command;
use std::time::{Duration, Instant};

use xtask::fleet::host::Kind;
use xtask::fleet::place::workspace;

use crate::hosts::{Lent, lend};
use crate::project::{Project, Seen};

/// Runs converge on the shipped playbook and these hosts.
fn site(hosts: &[Lent], project: &Project, args: &[&str], code: i32) -> Seen {
    let inventory = project.folder().join("inventory/test").display().to_string();
    let call = project.converge(&["playbooks/site.yml", "-i", &inventory]).args(args);
    let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
    call.args(&["--limit", &names.join(",")]).at(workspace()).run().exits(code)
}

/// Whether the host comes to serve its own page: a reload takes nginx a moment.
fn serves_its_page(host: &Lent) -> bool {
    let url = format!("http://{}/", host.ipv4);
    let curl = ["-sS", "--fail", "--max-time", "20", "--", &url];
    let begin = Instant::now();
    loop {
        let page = Command::new("curl").args(curl).output().unwrap().stdout;
        if String::from_utf8_lossy(&page).contains(&host.name) {
            return true;
        }
        if begin.elapsed() > Duration::from_secs(30) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs hosts"]
fn bare_hosts_become_what_the_project_says_and_stay_so() {
    let hosts = lend([Kind::Debian, Kind::Centos]);
    let project = Project::new(&[&hosts[0], &hosts[1]], &[]);
    let inventory = std::fs::read_to_string(project.folder().join("inventory/test")).unwrap();
    project.write("inventory/test", format!("[web]\n{inventory}"));
    let plan = site(&hosts, &project, &["--check"], 2);
    plan.says("+ package nginx").says("start and enable nginx.service");
    for host in &hosts {
        assert!(host.touched().is_empty(), "planning {} must not write", host.name);
    }
    site(&hosts, &project, &["--yes"], 0).says("failed=0");
    for host in &hosts {
        assert_eq!(host.run("systemctl is-active nginx"), "active\n", "{}", host.name);
        assert_eq!(host.run("systemctl is-enabled nginx"), "enabled\n", "{}", host.name);
        assert!(serves_its_page(host), "{} serves its own page", host.name);
    }
    site(&hosts, &project, &["--check"], 0).says("No changes.");
    for only in hosts.chunks(1) {
        a_hand_edit_is_seen_and_mended(only, &project);
    }
}

/// What somebody typed on the host is shown, and taken back.
fn a_hand_edit_is_seen_and_mended(only: &[Lent], project: &Project) {
    only[0].run("echo '# typed by hand' >> /etc/nginx/nginx.conf");
    site(only, project, &["--check"], 2).says("-# typed by hand");
    site(only, project, &["--yes"], 0);
    assert!(!only[0].text("/etc/nginx/nginx.conf").contains("typed"));
}
