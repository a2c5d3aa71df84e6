//! The shipped roles on bare hosts of both families: planned, applied, looked at from outside, planned again.

mod alone;
mod app;
mod backup;
mod base;
mod data;
mod monitoring;
mod outside;
mod replica;
mod ruby;
mod twins;
mod twins_base;
mod vendors;
mod web;

use std::time::Duration;

use xtask::fleet::host::Host;
use xtask::fleet::place::workspace;

use crate::hosts::Lent;
use crate::project::Project;

/// What a run may take that installs packages.
const LONG: Duration = Duration::from_secs(900);

/// A project that has the shipped roles, and this play for all of the hosts.
fn project(hosts: &[&Host], play: &str) -> Project {
    let config = format!("[defaults]\nroles_path = {}\n", workspace().join("roles").display());
    Project::new(hosts, &[("ansible.cfg", &config), ("playbooks/site.yml", play)])
}

/// Plans for bare hosts, which must not write; applies that plan, which stops where a host leaves it; and then nothing may
/// be left to do.
#[track_caller]
fn converges(hosts: &[Lent], project: &Project) {
    let before: Vec<_> = hosts.iter().map(Lent::done).collect();
    project.converge(&["plan", "-i", "test", "-o", "a.plan"]).within(LONG).run().exits(2);
    for (host, before) in hosts.iter().zip(before) {
        assert_eq!(host.done(), before, "planning {} must not write", host.name);
    }
    project.converge(&["apply", "a.plan"]).within(LONG).run().exits(0).says("failed=0");
    project.check(&[]).exits(0).says("No changes.");
}
