//! The module `apt`.

mod cache;
mod clean;
mod command;
mod deb;
mod install;
mod policy;
mod remove;
mod simulate;
#[cfg(test)]
mod tests;
mod upgrade;
mod wanted;

use crate::args::{Args, Choice};
use crate::change::{Change, Changes};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::sure;
use crate::stop::{Result, Stop};

/// Manages packages of Debian and its relatives.
///
/// The plan names every package that comes or goes along, as apt-get itself foresees it.
#[derive(Args, Debug)]
#[module(name = "apt", exclusive("deb", "name", "upgrade"))]
pub(crate) struct Apt {
    /// The packages. `name=1.2*` and `name>=1.2` ask for versions, `name/release` for a release, `name*` for all that match.
    #[arg(alias = "package", alias = "pkg")]
    name: Option<Vec<String>>,
    /// What shall be of them.
    #[arg(default = "present")]
    state: State,
    /// Refresh the package lists first.
    #[arg(alias = "update-cache")]
    update_cache: Option<bool>,
    /// Refresh them only if they are older than this many seconds.
    #[arg(default = "0")]
    cache_valid_time: i64,
    /// How often a refresh that failed is tried again.
    #[arg(default = "5")]
    update_cache_retries: i64,
    /// How many seconds lie between two tries at most.
    #[arg(default = "12")]
    update_cache_retry_max_delay: i64,
    /// Upgrade what is installed.
    upgrade: Option<Upgrade>,
    /// A `.deb` file on the host, or a URL of one.
    #[arg(path)]
    deb: Option<String>,
    /// Remove configuration files too.
    #[arg(default = "no")]
    purge: bool,
    /// Remove what was installed for others and is needed no more.
    #[arg(default = "no")]
    autoremove: bool,
    /// Remove downloaded packages that are offered no more.
    #[arg(default = "no")]
    autoclean: bool,
    /// Remove all downloaded packages.
    #[arg(default = "no")]
    clean: bool,
    /// The release that packages come from.
    #[arg(alias = "default-release")]
    default_release: Option<String>,
    /// Whether recommended packages come along; apt's configuration says so where this does not.
    #[arg(alias = "install-recommends")]
    install_recommends: Option<bool>,
    /// Upgrade only, install nothing new.
    #[arg(default = "no")]
    only_upgrade: bool,
    /// Let versions become older.
    #[arg(alias = "allow-downgrade", alias = "allow_downgrades", alias = "allow-downgrades")]
    #[arg(default = "no")]
    allow_downgrade: bool,
    /// Install what is not signed.
    #[arg(alias = "allow-unauthenticated", default = "no")]
    allow_unauthenticated: bool,
    /// Change packages that are held.
    #[arg(default = "no")]
    allow_change_held_packages: bool,
    /// Allow everything that apt-get asks back about.
    #[arg(default = "no")]
    force: bool,
    /// Options of dpkg, separated by commas.
    #[arg(default = "force-confdef,force-confold")]
    dpkg_options: String,
    /// Fail where anything would be removed.
    #[arg(default = "no")]
    fail_on_autoremove: bool,
    /// What policy-rc.d shall exit with meanwhile; 101 keeps services from being started.
    policy_rc_d: Option<i64>,
    /// How many seconds to wait for another process that holds apt's lock.
    #[arg(default = "60")]
    lock_timeout: i64,
    /// Taken and not used: apt-get is used always.
    #[arg(name = "force_apt_get", default = "no")]
    _force_apt_get: bool,
    /// Taken and not used: nothing needs to be installed for this module.
    #[arg(name = "auto_install_module_deps", default = "yes")]
    _auto_install_module_deps: bool,
}

/// What shall be of packages.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Installed.
    #[choice(alias = "installed")]
    Present,
    /// Installed in the newest version.
    Latest,
    /// Not installed.
    #[choice(alias = "removed")]
    Absent,
    /// What is needed to build them is installed.
    #[choice("build-dep")]
    BuildDep,
    /// Installed, and what is broken is put right.
    Fixed,
}

/// How much is upgraded.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// Nothing.
    No,
    /// What can be without removing anything.
    #[choice(alias = "safe")]
    Yes,
    /// Everything.
    #[choice(alias = "full")]
    Dist,
}

impl Module for Apt {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        // One that something planned may bring is not the manager of this host.
        if !matches!(host.program("apt-get"), Ok(Some(_))) {
            return Err(Stop::failed(
                "this host has no `apt-get`: its packages are not managed by apt",
            ));
        }
        let given = self.name.as_deref().unwrap_or_default();
        let names: Vec<_> = given.iter().filter(|name| *name != "*").cloned().collect();
        let all = names.len() < given.len();
        sure(host, &names)?;
        if self.clean {
            clean::everything(self, host, changes)?;
            if given.is_empty() && self.upgrade.is_none() && self.deb.is_none() {
                return Ok(());
            }
        }
        let refreshed = cache::refresh(self, host, changes)?;
        match self.upgrade {
            Some(Upgrade::No) | None => {}
            Some(mode) => return upgrade::plan(self, mode, host, changes),
        }
        if let Some(deb) = &self.deb {
            return deb::plan(self, deb, host, changes);
        }
        if all && self.state == State::Latest {
            if !names.is_empty() {
                return Err(Stop::failed(
                    "`*` with `state: latest` upgrades everything: no other name may stand beside it",
                ));
            }
            return upgrade::plan(self, Upgrade::Yes, host, changes);
        }
        match self.state {
            State::Absent if !names.is_empty() => remove::plan(self, &names, host, changes),
            _ if !names.is_empty() => install::plan(self, &names, refreshed, host, changes),
            State::Fixed => install::plan(self, &names, refreshed, host, changes),
            _ if self.autoremove => remove::unneeded(self, host, changes),
            _ if self.autoclean => clean::outdated(self, host, changes),
            _ => Ok(()),
        }
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let mut performed = performed.clone();
        // Ansible returns the exit code of apt-get only with a failure.
        performed.shift_remove("rc");
        results.extend(performed);
        if results.contains_key("cache_update_time") {
            results.insert("cache_update_time".into(), cache::update_time(host)?.into());
        }
        if results.get("msg") == Some(&Data::Null)
            && let Some(stdout) = results.get("stdout").cloned()
        {
            results.insert("msg".into(), stdout);
        }
        Ok(())
    }
}

impl Apt {
    fn push(&self, mut change: crate::change::PackagesChange, changes: &mut Changes) {
        change.lock_timeout = self.lock_timeout.max(0).unsigned_abs();
        change.policy_rc_d = self.policy_rc_d;
        changes.push(Change::Packages(change));
    }
}
