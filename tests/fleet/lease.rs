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

#[test]
#[ignore = "needs hosts"]
fn a_hold_outlives_every_connection() {
    let host = debian();
    let project = Project::tasks(&[&host], "- copy: {dest: /etc/one, content: x}");
    let lock = |who: &str, words: &[&str]| {
        project.converge(&["lock"]).args(words).args(&["-i", "test"]).env("USER", who).run()
    };
    let free = format!("{}: free\n", host.name);
    assert_eq!(lock("bob", &["list"]).exits(0).out, free);
    lock("bob", &["hold", "--reason", "a new disk", "--for", "1h"]).exits(0);
    the_helper_leaves(&host);
    let told = lock("ann", &["list"]).exits(0).says("bob@").says("a new disk");
    assert!(told.out.contains("for 59 minutes") || told.out.contains("for 1 hour"), "{told:?}");
    project.check(&[]).exits(2);
    let refused = project.converge(&["-i", "test", "--yes"]).env("USER", "ann").run().exits(1);
    assert!(refused.out.contains("keeps others away from this host since"), "{refused:?}");
    assert!(refused.out.contains("a new disk; nothing was done"), "{refused:?}");
    assert!(!host.has("/etc/one"));
    lock("ann", &["release"]).exits(1).says("keeps others away");
    lock("ann", &["hold", "--reason", "mine"]).exits(1).says("keeps others away");
    // Whom others are kept away for goes on working, and anybody does when it is released.
    project.converge(&["-i", "test", "--yes"]).env("USER", "bob").run().exits(0);
    host.run("rm /etc/one");
    lock("ann", &["release", "--force"]).exits(0);
    assert_eq!(lock("ann", &["list"]).exits(0).out, free);
    project.converge(&["-i", "test", "--yes"]).env("USER", "ann").run().exits(0);
    // One that has run out keeps nobody away: the file is as old as it is on the host itself.
    lock("bob", &["hold", "--reason", "soon over", "--for", "30m"]).exits(0);
    host.run("touch -d '31 minutes ago' /var/lib/converge/hold; rm /etc/one");
    assert_eq!(lock("ann", &["list"]).exits(0).out, free);
    project.converge(&["-i", "test", "--yes"]).env("USER", "ann").run().exits(0);
    // What is held by its kernel lock is listed as well.
    let slow = Project::tasks(&[&host], SLOW);
    let mut first = slow.converge(&["-i", "test", "--yes"]).env("USER", "bob").start();
    wait_until("the first change", || host.has("/etc/first"));
    lock("ann", &["list"]).exits(0).says("changes it since");
    host.run("touch /tmp/go-on");
    assert!(first.wait().unwrap().success());
}
