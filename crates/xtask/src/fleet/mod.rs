//! Real hosts on this machine: each with its own systemd, sshd, network and root, booted in about a second.
//!
//! [`Fleet::up`] is the way in. A host is a container of systemd-nspawn on an overlay: cached [`root`] layers, then a
//! [`seed`] that makes it itself, then an empty upper layer, which so holds exactly what was done to the host. What of
//! the machine a fleet uses is [`claim`]ed, listed in a [`registry`], and given back by [`Fleet::down`].

pub mod access;
pub mod cgroup;
pub mod claim;
pub mod command;
pub mod container;
pub mod guard;
pub mod host;
pub mod layer;
pub mod machine;
pub mod network;
pub mod overlay;
pub mod place;
pub mod registry;
pub mod repository;
pub mod root;
pub mod seed;
pub mod sources;
pub mod upper;
mod work;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::fleet::host::{Host, Kind, Process};
use crate::fleet::place::Place;
use crate::fleet::work::Work;
use crate::say;

/// Which hosts are wanted.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// What their names begin with.
    pub prefix: String,
    /// How many of Debian.
    pub debian: usize,
    /// How many that look like CentOS.
    pub centos: usize,
    /// How many of Debian with Python.
    pub python: usize,
}

impl Spec {
    /// The name and kind of each host.
    pub fn hosts(&self) -> Vec<(String, Kind)> {
        let count = |kind| match kind {
            Kind::Debian => self.debian,
            Kind::Centos => self.centos,
            Kind::Python => self.python,
        };
        let named = |kind: Kind| {
            (1..=count(kind)).map(move |n| (format!("{}{}{n}", self.prefix, kind.name()), kind))
        };
        Kind::ALL.into_iter().flat_map(named).collect()
    }
}

/// Running hosts. Those that this value started are taken down when it is dropped, unless they are [kept](Self::keep).
#[derive(Debug)]
pub struct Fleet {
    place: Place,
    hosts: Vec<Host>,
    started: Vec<String>,
}

impl Fleet {
    /// Boots the hosts of `spec`, or finds them already running, and returns when each can be logged into.
    ///
    /// # Errors
    /// Who is not root cannot. After an error no host is left that this call started.
    pub fn up(spec: &Spec) -> Result<Self> {
        Self::up_at(Place::find()?, spec)
    }

    /// As [`up`](Self::up), with the fleet's files elsewhere.
    pub fn up_at(place: Place, spec: &Spec) -> Result<Self> {
        let mut work = Work::begin(&place)?;
        let wanted = spec.hosts();
        let started = work.start(&wanted)?;
        let names: Vec<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
        let hosts = work
            .registry()
            .hosts
            .iter()
            .filter(|host| names.contains(&host.name.as_str()))
            .cloned()
            .collect();
        Ok(Self { place, hosts, started })
    }

    /// The hosts, in the order of the kinds and numbers.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The hosts of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(move |host| host.kind == kind)
    }

    /// The host of this name.
    pub fn host(&self, name: &str) -> Result<&Host> {
        self.hosts
            .iter()
            .find(|host| host.name == name)
            .with_context(|| format!("no host `{name}` is running"))
    }

    /// The hosts that were already running, in whatever state earlier work left them.
    pub fn found(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(|host| !self.started.contains(&host.name))
    }

    /// Where the fleet keeps its files.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Throws away all that was done to a host and boots it again, with the same name, addresses and keys.
    pub fn fresh(&mut self, name: &str) -> Result<()> {
        let mut work = Work::begin(&self.place)?;
        let renewed = work.fresh(name)?;
        for host in self.hosts.iter_mut().filter(|host| host.name == name) {
            *host = renewed.clone();
        }
        Ok(())
    }

    /// Makes those hosts as new that were already running.
    pub fn renew_found(&mut self) -> Result<()> {
        let found: Vec<String> = self.found().map(|host| host.name.clone()).collect();
        found.iter().try_for_each(|name| self.fresh(name))
    }

    /// Leaves the hosts running until `cargo xtask fleet down`.
    pub fn keep(mut self) -> Result<()> {
        let started = std::mem::take(&mut self.started);
        Work::begin(&self.place)?.disown(&started)
    }

    /// Takes down the hosts that this value started.
    pub fn down(mut self) -> Result<()> {
        let started = std::mem::take(&mut self.started);
        Work::begin(&self.place)?.stop(&started)
    }

    /// Writes an inventory with these hosts and no others that may be running, and gives its path.
    pub fn inventory(&self, name: &str) -> Result<PathBuf> {
        access::write_inventory(&self.place, name, &self.hosts)
    }

    /// The environment that tells tests in another process about the hosts.
    ///
    /// `CONVERGE_FLEET` is 1, `CONVERGE_FLEET_HOSTS` is a JSON list of [`Host`]s, `CONVERGE_FLEET_INVENTORY` names an
    /// inventory of them, and `CONVERGE_FLEET_XTASK` is a program whose `fleet fresh NAME` renews one.
    pub fn env(&self) -> Result<Vec<(&'static str, OsString)>> {
        // Not by its path, where cargo may have put a new program since this one was started.
        let xtask = format!("/proc/{}/exe", std::process::id());
        Ok(vec![
            ("CONVERGE_FLEET", "1".into()),
            ("CONVERGE_FLEET_HOSTS", serde_json::to_string(&self.hosts)?.into()),
            ("CONVERGE_FLEET_INVENTORY", self.inventory("test")?.into()),
            ("CONVERGE_FLEET_XTASK", xtask.into()),
        ])
    }

    /// Takes down every host of the fleet in `place` whose owner is this process.
    pub(crate) fn down_owned_by(place: &Place, owner: Process) -> Result<()> {
        let mut work = Work::begin(place)?;
        let names: Vec<String> = work
            .registry()
            .hosts
            .iter()
            .filter(|host| host.owner == Some(owner))
            .map(|host| host.name.clone())
            .collect();
        work.stop(&names)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if self.started.is_empty() {
            return;
        }
        let started = std::mem::take(&mut self.started);
        if let Err(error) = Work::begin(&self.place).and_then(|mut work| work.stop(&started)) {
            say::progress("fleet", &format!("cannot take {} down: {error:#}", started.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fleet::Spec;

    #[test]
    fn hosts_are_named_after_prefix_kind_and_number() {
        let spec = Spec { prefix: "t-".to_owned(), debian: 2, centos: 1, python: 0 };
        let names: Vec<String> = spec.hosts().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["t-debian1", "t-debian2", "t-centos1"]);
    }
}
