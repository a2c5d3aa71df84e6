//! `cargo xtask fleet`: real hosts for work by hand.

use std::time::Instant;

use anyhow::Result;
use clap::Subcommand;

use crate::fleet::host::{Host, Process};
use crate::fleet::place::Place;
use crate::fleet::registry::Registry;
use crate::fleet::work::Work;
use crate::fleet::{Fleet, Spec, guard};
use crate::say;

/// What to do with the hosts.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Boots hosts, and leaves those alone that already run
    Up {
        /// How many of Debian [default: 1 if no other kind is asked for]
        #[arg(long, value_name = "N")]
        debian: Option<usize>,
        /// How many that look like CentOS 7 [default: 1 if no other kind is asked for]
        #[arg(long, value_name = "N")]
        centos: Option<usize>,
        /// How many of Debian with Python 3, for ansible-core as the reference
        #[arg(long, value_name = "N", default_value_t = 0)]
        python: usize,
        /// What the hosts' names begin with
        #[arg(long, value_name = "PREFIX", default_value = "", value_parser = prefix)]
        name: String,
    },
    /// Takes hosts down with all that belongs to them; the built roots are kept
    Down {
        /// Only the hosts whose names begin so
        #[arg(long, value_name = "PREFIX", default_value = "")]
        name: String,
    },
    /// Lists the running hosts
    List,
    /// Throws away all that was done to a host and boots it again
    Fresh {
        /// The host
        name: String,
    },
    /// Waits for a process to end and takes its hosts down
    #[command(name = guard::COMMAND, hide = true)]
    Guard {
        /// The process
        pid: u32,
    },
}

impl Command {
    /// Does it.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Up { debian, centos, python, name } => {
                let unless_asked = usize::from(debian.is_none() && centos.is_none() && python == 0);
                let debian = debian.unwrap_or(unless_asked);
                up(&Spec { prefix: name, debian, centos: centos.unwrap_or(unless_asked), python })
            }
            Self::Down { name } => down(&name),
            Self::List => list(),
            Self::Fresh { name } => fresh(&name),
            Self::Guard { pid } => guard::watch(pid),
        }
    }
}

fn up(spec: &Spec) -> Result<()> {
    let start = Instant::now();
    let fleet = Fleet::up(spec)?;
    let (hosts, found) = (fleet.hosts().len(), fleet.found().count());
    let place = fleet.place().clone();
    table(fleet.hosts());
    fleet.keep()?;
    let already = if found > 0 { format!(", {found} of them before") } else { String::new() };
    say::progress(
        "fleet",
        &format!("{hosts} hosts up{already} ({:.1} s)", start.elapsed().as_secs_f64()),
    );
    say::progress(
        "fleet",
        &format!("reach them by `ssh -F {} NAME`", place.ssh_config().display()),
    );
    say::progress("fleet", &format!("their inventory is {}", place.inventory().display()));
    Ok(())
}

fn down(prefix: &str) -> Result<()> {
    let mut work = Work::begin(&Place::find()?)?;
    let names: Vec<String> = work
        .registry()
        .hosts
        .iter()
        .map(|host| host.name.clone())
        .filter(|name| name.starts_with(prefix))
        .collect();
    work.stop(&names)?;
    say::progress("fleet", &format!("{} hosts down", names.len()));
    Ok(())
}

fn list() -> Result<()> {
    let registry = Registry::load(&Place::find()?)?;
    if registry.hosts.is_empty() {
        say::progress("fleet", "no hosts are up");
    }
    table(&registry.hosts);
    Ok(())
}

fn fresh(name: &str) -> Result<()> {
    let start = Instant::now();
    Work::begin(&Place::find()?)?.fresh(name)?;
    say::progress("fleet", &format!("`{name}` is as new ({:.1} s)", start.elapsed().as_secs_f64()));
    Ok(())
}

fn table(hosts: &[Host]) {
    let width = hosts.iter().map(|host| host.name.len()).max().unwrap_or_default();
    for host in hosts {
        let state = if host.process.is_some_and(Process::alive) { "up" } else { "ended" };
        say::line(&format!(
            "{:width$}  {:6}  {:15}  {:20}  {state}",
            host.name,
            host.kind.name(),
            host.ipv4,
            host.ipv6
        ));
    }
}

/// A prefix must make names that hosts and network namespaces may have; see hostname(7).
fn prefix(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.len() <= 20 && text.chars().all(allowed) && !text.starts_with('-') {
        Ok(text.to_owned())
    } else {
        Err("use up to 20 of a-z, 0-9 and `-`, with no `-` in front".to_owned())
    }
}
