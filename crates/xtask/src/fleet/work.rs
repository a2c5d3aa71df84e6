//! Changing a fleet: starting, renewing and stopping hosts while nobody else does.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::fleet::access;
use crate::fleet::claim;
use crate::fleet::container;
use crate::fleet::host::{Host, Kind, Process};
use crate::fleet::machine::Machine;
use crate::fleet::network::Network;
use crate::fleet::place::{Lock, Place};
use crate::fleet::registry::Registry;
use crate::fleet::root;
use crate::fleet::seed::Seed;
use crate::packages;
use crate::say;

/// What booting hosts needs on this machine.
const PACKAGES: [&str; 5] =
    ["iproute2", "nftables", "openssh-client", "systemd-container", "util-linux"];

/// How long a host may take to boot. An idle machine needs about a second; a loaded one may need a minute.
const PATIENCE: Duration = Duration::from_secs(180);

/// The right to change one fleet.
#[derive(Debug)]
pub(crate) struct Work {
    place: Place,
    registry: Registry,
    _lock: Lock,
}

impl Work {
    /// Waits for the right to change the fleet.
    pub(crate) fn begin(place: &Place) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            bail!(
                "booting hosts takes namespaces, mounts and cgroups of this machine, which only root may use; run this as root"
            );
        }
        let lock = place.lock()?;
        root::clear_leftovers(place)?;
        Ok(Self { registry: Registry::load(place)?, place: place.clone(), _lock: lock })
    }

    /// The list of hosts as it is now.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Starts those of the wanted hosts that are not running, waits for all, and gives the names of those it started.
    pub(crate) fn start(&mut self, wanted: &[(String, Kind)]) -> Result<Vec<String>> {
        packages::ensure("fleet", &PACKAGES)?;
        let missing = self.missing(wanted)?;
        let result = self.start_all(&missing);
        let names: Vec<String> = missing.into_iter().map(|(name, _)| name).collect();
        match result {
            Ok(()) => Ok(names),
            Err(error) => {
                if let Err(other) = self.stop(&names) {
                    say::progress(
                        "fleet",
                        &format!("after a failure, cannot take down what was started: {other:#}"),
                    );
                }
                Err(error)
            }
        }
    }

    /// Throws the upper layer of a host away and boots it again.
    pub(crate) fn fresh(&mut self, name: &str) -> Result<Host> {
        let names: Vec<&str> = self.registry.hosts.iter().map(|host| host.name.as_str()).collect();
        let running = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let known = self.registry.get(name).cloned();
        let mut host = known
            .with_context(|| format!("no host `{name}` is running; running are: {running}"))?;
        let network = self.network()?;
        container::stop(&host, network)?;
        self.boot_empty(&mut host, network)?;
        self.wait(vec![host.clone()])?;
        self.registry.get(name).cloned().context("the host went away")
    }

    /// Makes hosts stay when the process that started them ends.
    pub(crate) fn disown(&mut self, names: &[String]) -> Result<()> {
        for host in self.registry.hosts.iter_mut().filter(|host| names.contains(&host.name)) {
            host.owner = None;
        }
        self.registry.save()
    }

    /// Takes hosts down with all that belongs to them; the last one takes the network with it.
    pub(crate) fn stop(&mut self, names: &[String]) -> Result<()> {
        let mut errors = Vec::new();
        for name in names {
            if let Err(error) = self.stop_one(name) {
                errors.push(format!("`{name}`: {error:#}"));
            }
        }
        access::write(&self.place, &self.registry)?;
        if self.registry.hosts.is_empty() {
            claim::release(self.place.dir())?;
            self.registry.slot = None;
            self.registry.save()?;
        }
        if errors.is_empty() { Ok(()) } else { bail!("cannot take down {}", errors.join("; ")) }
    }

    /// The wanted hosts that do not run, after removing what is left of those that ended by themselves.
    fn missing(&mut self, wanted: &[(String, Kind)]) -> Result<Vec<(String, Kind)>> {
        let mut missing = Vec::new();
        for (name, kind) in wanted {
            let Some(host) = self.registry.get(name) else {
                missing.push((name.clone(), *kind));
                continue;
            };
            let foreign =
                host.owner.filter(|owner| owner.alive() && Some(*owner) != Process::current());
            let abandoned = host.owner.is_some_and(|owner| !owner.alive());
            if let Some(owner) = foreign {
                bail!(
                    "the host `{name}` belongs to process {}, which still runs; wait for it, or take another prefix",
                    owner.pid
                );
            }
            if abandoned || !host.process.is_some_and(Process::alive) {
                self.stop_one(name)?;
                missing.push((name.clone(), *kind));
            }
        }
        Ok(missing)
    }

    fn start_all(&mut self, missing: &[(String, Kind)]) -> Result<()> {
        if missing.is_empty() {
            return Ok(());
        }
        let machine = Machine::read()?;
        let mut layers = Vec::new();
        for (_, kind) in missing {
            layers.push(root::layers(&self.place, *kind, &machine)?);
        }
        let network = claim::take(self.place.dir())?;
        self.registry.slot = Some(network.slot());
        self.registry.save()?;
        let public_key = access::public_key(&self.place)?;
        let mut hosts = Vec::new();
        for ((name, kind), below) in missing.iter().zip(layers) {
            let mut host = self.describe(name, *kind, below.clone(), network);
            let dir = self.place.host(name);
            remove_dir(&dir)?;
            fs::create_dir(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
            let controller = [network.gateway().to_string(), network.ipv6(1).to_string()];
            let seed = Seed { name, kind: *kind, public_key: &public_key, controller };
            seed.write(dir.join("seed"), &below, &machine)?;
            host.layers.insert(0, dir.join("seed"));
            self.boot_empty(&mut host, network)?;
            hosts.push(host);
        }
        access::write(&self.place, &self.registry)?;
        self.wait(hosts)
    }

    fn describe(
        &self,
        name: &str,
        kind: Kind,
        layers: Vec<std::path::PathBuf>,
        network: Network,
    ) -> Host {
        let index = self.registry.free_index();
        let dir = self.place.host(name);
        Host {
            name: name.to_owned(),
            kind,
            ipv4: network.ipv4(index),
            ipv6: network.ipv6(index),
            ssh_key: self.place.ssh_key(),
            known_hosts: self.place.known_hosts(),
            ssh_config: self.place.ssh_config(),
            upper: dir.join("upper"),
            layers,
            root: dir.join("root"),
            index,
            cgroups: Vec::new(),
            process: None,
            owner: Process::current(),
        }
    }

    /// Boots a host that is down on an empty upper layer. It is listed even if that fails, so that it is cleaned up.
    fn boot_empty(&mut self, host: &mut Host, network: Network) -> Result<()> {
        let dir = self.place.host(&host.name);
        remove_dir(&dir.join("upper"))?;
        remove_dir(&dir.join("work"))?;
        self.registry.put(host.clone());
        self.registry.save()?;
        let started = container::start(host, network);
        self.registry.put(host.clone());
        self.registry.save()?;
        started.with_context(|| format!("cannot boot `{}`", host.name))
    }

    /// Waits for hosts side by side. One that does not come up is booted once more before that is an error.
    fn wait(&mut self, hosts: Vec<Host>) -> Result<()> {
        let waited: Vec<(Host, Result<()>)> = thread::scope(|scope| {
            let waiting: Vec<_> = hosts
                .into_iter()
                .map(|host| {
                    scope.spawn(move || {
                        (container::wait_ready(&host, Instant::now() + PATIENCE), host)
                    })
                })
                .collect();
            let joined = waiting
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            joined.map(|(result, host)| (host, result)).collect()
        });
        let network = self.network()?;
        for (mut host, result) in waited {
            let Err(error) = result else { continue };
            say::progress(
                "fleet",
                &format!("booting `{}` once more, because {error:#}", host.name),
            );
            container::stop(&host, network)?;
            self.boot_empty(&mut host, network)?;
            container::wait_ready(&host, Instant::now() + PATIENCE)?;
        }
        Ok(())
    }

    fn stop_one(&mut self, name: &str) -> Result<()> {
        let Some(host) = self.registry.get(name).cloned() else { return Ok(()) };
        container::stop(&host, self.network()?)?;
        remove_dir(&self.place.host(name))?;
        self.registry.hosts.retain(|host| host.name != name);
        self.registry.save()
    }

    fn network(&self) -> Result<Network> {
        self.registry
            .slot
            .map(Network::new)
            .context("the fleet has hosts but no network; its list of hosts was changed by hand")
    }
}

fn remove_dir(dir: &std::path::Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", dir.display()))
        }
        _ => Ok(()),
    }
}
