//! The module `setup`: facts.
//!
//! Nearly all are read from files of the kernel and the distribution, so gathering them takes few processes. Values are those
//! that Ansible gives. What is about Python is left out, for there need be none.

mod capabilities;
mod cpu;
mod date;
mod devices;
mod distribution;
mod dmi;
mod interfaces;
mod local;
mod lsb;
mod managers;
mod memory;
mod mounts;
mod platform;
mod python;
mod read;
mod small;
mod ssh;
mod subset;
mod user;
mod virtualization;
mod zone;

use crate::args::Args;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::fnmatch::matches;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::setup::read::Reader;
use crate::modules::setup::subset::Family;
use crate::stop::Result;

/// Gathers facts about the host.
#[derive(Args, Debug)]
#[module(name = "setup", alias = "gather_facts")]
pub(crate) struct Setup {
    /// Which facts: names of families or facts, `all`, `min`; with `!` before, those are left out.
    #[arg(default = "all")]
    gather_subset: Vec<String>,
    /// Only facts whose names match one of these patterns.
    filter: Option<Vec<String>>,
    /// The folder of the host's own facts.
    #[arg(default = "/etc/ansible/facts.d", path)]
    fact_path: String,
    /// How many seconds one thing may take.
    #[arg(default = "10")]
    gather_timeout: i64,
}

impl Module for Setup {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let families = subset::choose(&self.gather_subset)?;
        let read = Reader::new(host);
        let mut facts = Map::new();
        for family in Family::ALL.iter().filter(|family| families.contains(family)) {
            self.gather(*family, &read, &mut facts, changes);
        }
        let mut named: Map = facts
            .into_iter()
            .map(|(name, fact)| (format!("ansible_{}", name.replace('-', "_")), fact))
            .filter(|(name, _)| self.is_wanted(name))
            .collect();
        named.sort_keys();
        let subset: Vec<_> = self.gather_subset.iter().map(String::as_str).collect();
        if self.is_wanted("gather_subset") {
            named.insert("gather_subset".into(), subset.into());
        }
        if self.is_wanted("module_setup") {
            named.insert("module_setup".into(), true.into());
        }
        changes.set("ansible_facts", Data::Map(named));
        Ok(())
    }
}

impl Setup {
    /// A pattern may leave the prefix away.
    fn is_wanted(&self, name: &str) -> bool {
        let filter: Vec<_> =
            self.filter.iter().flatten().filter(|pattern| !pattern.is_empty()).collect();
        let short = name.strip_prefix("ansible_");
        filter.is_empty()
            || filter.iter().any(|pattern| {
                matches(pattern, name) || short.is_some_and(|short| matches(pattern, short))
            })
    }

    fn gather(&self, family: Family, read: &Reader<'_>, facts: &mut Map, changes: &mut Changes) {
        match family {
            Family::Apparmor => small::apparmor(read, facts),
            Family::Caps => capabilities::gather(read, facts),
            Family::Chroot => small::chroot(read, facts),
            Family::Cmdline => small::cmdline(read, facts),
            Family::DateTime => date::gather(read, facts),
            Family::Distribution => distribution::gather(read, facts),
            Family::Dns => small::dns(read, facts),
            Family::Env => small::env(read, facts),
            Family::FibreChannel => small::fibre_channel(read, facts),
            Family::Fips => small::fips(read, facts),
            Family::Hardware => {
                cpu::gather(read, facts);
                memory::gather(read, facts);
                dmi::gather(read, facts);
                devices::gather(read, facts);
                mounts::gather(read, facts);
            }
            Family::Iscsi => small::iscsi(read, facts),
            Family::Loadavg => small::loadavg(read, facts),
            Family::Local => {
                local::gather(read, &self.fact_path, self.gather_timeout, facts, changes);
            }
            Family::Lsb => lsb::gather(read, facts),
            Family::Network => interfaces::gather(read, facts),
            Family::Nvme => small::nvme(read, facts),
            Family::PkgMgr => managers::packages(read, facts),
            Family::Platform => platform::gather(read, facts),
            Family::Python => python::gather(read, facts),
            Family::Selinux => small::selinux(read, facts),
            Family::ServiceMgr => managers::services(read, facts),
            Family::SshKeys => ssh::gather(read, facts),
            Family::Systemd => managers::systemd(read, facts),
            Family::User => user::gather(read, facts),
            Family::Virtual => virtualization::gather(read, facts),
        }
    }
}
