//! The shipped playbook, from bare hosts to pages that are served.

use std::process::Output;

use crate::hosts::{converge, hosts};

#[track_caller]
fn exits(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "\n{text}\n{told}");
    text
}

#[test]
#[ignore = "needs the fleet's hosts"]
fn bare_hosts_become_what_the_project_says_and_stay_so() {
    let hosts = hosts();
    assert!(hosts.len() >= 2, "a Debian and a CentOS-like host are needed");
    let plan = exits(&converge(&hosts, &["--check"]), 2);
    assert!(
        plan.contains("+ package nginx") && plan.contains("start and enable nginx.service"),
        "{plan}"
    );
    for host in &hosts {
        assert_eq!(
            host.ssh("test -e /etc/nginx && echo there"),
            "",
            "planning {} must not write",
            host.name
        );
    }
    let applied = exits(&converge(&hosts, &["--yes"]), 0);
    assert!(applied.contains("failed=0"), "{applied}");
    for host in &hosts {
        assert_eq!(host.ssh("systemctl is-active nginx"), "active", "{}", host.name);
        assert_eq!(host.ssh("systemctl is-enabled nginx"), "enabled", "{}", host.name);
        assert!(host.page().contains(&host.name), "{} serves its own page", host.name);
    }
    let again = exits(&converge(&hosts, &["--check"]), 0);
    assert!(again.contains("No changes."), "{again}");
    hand_edit_is_seen_and_mended(&hosts[0]);
}

/// What somebody typed on the host is shown, and taken back.
fn hand_edit_is_seen_and_mended(host: &crate::hosts::Host) {
    host.ssh("echo '# typed by hand' >> /etc/nginx/nginx.conf");
    let only = ["--limit", host.name.as_str()];
    let drift = exits(&converge(&[], &[&only[..], &["--check"]].concat()), 2);
    assert!(drift.contains("-# typed by hand"), "{drift}");
    exits(&converge(&[], &[&only[..], &["--yes"]].concat()), 0);
    assert_eq!(host.ssh("grep -c typed /etc/nginx/nginx.conf"), "0");
}
