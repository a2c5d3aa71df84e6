//! One run at a time changes a host.

use crate::hosts::{centos, debian};
use crate::project::Project;
use crate::trouble::{the_helper_leaves, wait_until};

/// Changes something at once, and is at it until it may go on.
const SLOW: &str = "
- copy: {dest: /etc/first, content: x}
- shell: while [ ! -e /tmp/go-on ]; do sleep 0.1; done
- copy: {dest: /etc/last, content: x}
";

#[test]
#[ignore = "needs hosts"]
fn two_admins_at_once() {
    let host = debian();
    let (one, other) = (
        Project::tasks(&[&host], SLOW),
        Project::tasks(&[&host], "- copy: {dest: /etc/other, content: x}"),
    );
    let mut first = one.converge(&["-i", "test", "--yes"]).start();
    wait_until("the first change", || host.has("/etc/first"));

    // Looking is free, and a run that finds nothing to do is in nobody's way.
    other.check(&[]).exits(2);
    let idle = Project::tasks(&[&host], "- copy: {dest: /etc/first, content: x}");
    idle.apply(&[]).exits(0);

    let refused = other.apply(&[]).exits(1).says("changes this host since");
    assert!(refused.out.contains("so nothing was done"), "{refused:?}");
    assert!(!host.has("/etc/other"));

    host.run("touch /tmp/go-on");
    assert!(first.wait().unwrap().success());
    assert!(host.has("/etc/last"));
    other.apply(&[]).exits(0);
    assert!(host.has("/etc/other"));
}

#[test]
#[ignore = "needs hosts"]
fn who_was_killed_holds_nothing() {
    let host = centos();
    let (one, other) = (
        Project::tasks(&[&host], SLOW),
        Project::tasks(&[&host], "- copy: {dest: /etc/other, content: x}"),
    );
    let mut first = one.converge(&["-i", "test", "--yes"]).start();
    wait_until("the first change", || host.has("/etc/first"));
    first.kill().unwrap();
    first.wait().unwrap();
    the_helper_leaves(&host);
    other.apply(&[]).exits(0);
    assert!(host.has("/etc/other") && !host.has("/etc/last"));
    host.run("touch /tmp/go-on");
}
