//! The module `dnf`, also known as `yum`: one for both, whichever the host has.

mod command;
mod file;
mod install;
mod list;
mod remove;
mod spec;
#[cfg(test)]
mod tests;
mod transaction;

use crate::args::{Args, Choice};
use crate::change::{CacheChange, Change, Changes, PackageAction, PackagesChange};
use crate::data::{Data, Map};
use crate::host::{Host, Manager};
use crate::modules::Module;
use crate::modules::dnf::command::Program;
use crate::modules::known::sure;
use crate::stop::{Result, Stop, Why};

/// Manages packages of Red Hat and its relatives.
///
/// The plan names every package that comes or goes along, as dnf or yum itself foresees it.
#[derive(Args, Debug)]
#[module(name = "dnf", alias = "yum", alias = "dnf5")]
pub(crate) struct Dnf {
    /// The packages: names, `name-1.2*`, `name >= 1.2`, `@group`, paths that a package has, files and URLs of packages.
    #[arg(alias = "pkg")]
    name: Option<Vec<String>>,
    /// What shall be of them; `present` if nothing is said, `absent` with `autoremove`.
    state: Option<State>,
    /// Refresh what is known of the repositories first.
    #[arg(alias = "expire-cache", default = "no")]
    update_cache: bool,
    /// Tell about packages instead: `installed`, `available`, `updates`, or a name.
    list: Option<String>,
    /// Use these repositories too.
    enablerepo: Option<Vec<String>>,
    /// Don't use these repositories.
    disablerepo: Option<Vec<String>>,
    /// Leave these packages alone.
    exclude: Option<Vec<String>>,
    /// Forget which packages the configuration leaves alone: of `all`, `main`, or a repository.
    disable_excludes: Option<String>,
    /// Install what is not signed.
    #[arg(default = "no")]
    disable_gpg_check: bool,
    /// Remove what was installed for others and is needed no more.
    #[arg(default = "no")]
    autoremove: bool,
    /// Let versions become older.
    #[arg(default = "no")]
    allow_downgrade: bool,
    /// Let packages be removed that are in the way.
    #[arg(default = "no")]
    allowerasing: bool,
    /// Insist on the newest versions.
    best: Option<bool>,
    /// Don't insist on the newest versions.
    nobest: Option<bool>,
    /// With `latest`: only what mends bugs.
    #[arg(default = "no")]
    bugfix: bool,
    /// With `latest`: only what mends holes.
    #[arg(default = "no")]
    security: bool,
    /// With `latest`: upgrade only, install nothing new.
    #[arg(default = "no")]
    update_only: bool,
    /// Leave out what can't be had.
    #[arg(default = "no")]
    skip_broken: bool,
    /// Use only what is known already.
    #[arg(default = "no")]
    cacheonly: bool,
    /// Another configuration file.
    conf_file: Option<String>,
    /// Don't use these plugins.
    disable_plugin: Option<Vec<String>>,
    /// Use these plugins too.
    enable_plugin: Option<Vec<String>>,
    /// Where to put what is only downloaded.
    download_dir: Option<String>,
    /// Download, install nothing.
    #[arg(default = "no")]
    download_only: bool,
    /// Whether packages that others merely recommend come along.
    #[arg(default = "yes")]
    install_weak_deps: bool,
    /// Another root.
    #[arg(default = "/")]
    installroot: String,
    /// Another release than the host's.
    releasever: Option<String>,
    /// Whether certificates are checked.
    #[arg(default = "yes")]
    sslverify: bool,
    /// Whether certificates are checked.
    #[arg(default = "yes")]
    validate_certs: bool,
    /// How many seconds to wait for another process that holds the lock.
    #[arg(default = "30")]
    lock_timeout: i64,
    /// Which program: `auto`, `dnf` (also `dnf4`, `dnf5`), `yum` (also `yum3`, `yum4`).
    #[arg(alias = "use", default = "auto")]
    use_backend: String,
    /// Of old versions; not used.
    #[arg(name = "install_repoquery", default = "yes")]
    _install_repoquery: bool,
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
}

/// What is done, as far as it is known.
#[derive(Debug, Default)]
struct Outcome {
    actions: Vec<PackageAction>,
    /// What Ansible returns as `results`.
    told: Vec<String>,
    unknown: Option<Why>,
}

impl Module for Dnf {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let program = self.program(host)?;
        if let Some(list) = &self.list {
            return list::plan(self, &program, list, host, changes);
        }
        let names: Vec<String> = self
            .name
            .iter()
            .flatten()
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        sure(host, &names)?;
        changes.set("rc", Data::Int(0));
        changes.set("results", Data::List(Vec::new()));
        changes.set("msg", "Nothing to do");
        let state =
            self.state.unwrap_or(if self.autoremove { State::Absent } else { State::Present });
        let refresh = self.update_cache && !host.just_refreshed(Manager::Rpm);
        if names.is_empty() && !self.autoremove {
            if refresh {
                changes.set("msg", "Cache updated");
                self.push_refresh(&program, changes);
            }
            return Ok(());
        }
        if state == State::Absent {
            return remove::plan(self, &program, &names, host, changes);
        }
        install::plan(self, &program, &names, state, refresh, host, changes)
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        // Ansible returns no output of dnf, for it has none.
        let mut performed = performed.clone();
        for key in ["stdout", "stderr", "rc", "cache_updated"] {
            performed.shift_remove(key);
        }
        results.extend(performed);
        Ok(())
    }
}

impl Dnf {
    fn push_refresh(&self, program: &Program, changes: &mut Changes) {
        changes.push(Change::Cache(CacheChange {
            manager: Manager::Rpm,
            command: self.refresh(program),
            lock_timeout: self.lock_timeout.max(0).unsigned_abs(),
            ..CacheChange::default()
        }));
    }

    /// Asks for what a transaction does.
    fn push(&self, command: crate::host::Command, outcome: Outcome, changes: &mut Changes) {
        changes.set("results", outcome.told);
        changes.set("msg", "");
        changes.push(Change::Packages(PackagesChange {
            manager: Manager::Rpm,
            actions: outcome.actions,
            commands: vec![command],
            unknown: outcome.unknown,
            lock_timeout: self.lock_timeout.max(0).unsigned_abs(),
            policy_rc_d: None,
        }));
    }

    fn program(&self, host: &dyn Host) -> Result<Program> {
        let names: &[&str] = match self.use_backend.rsplit('.').next().unwrap_or_default() {
            "auto" => &["dnf", "yum"],
            "dnf" | "dnf4" | "yum4" => &["dnf", "dnf-3"],
            "dnf5" => &["dnf5", "dnf"],
            "yum" | "yum3" => &["yum", "dnf"],
            other => {
                return Err(Stop::failed(format!(
                    "there is no backend `{other}`; there are auto, dnf, dnf4, dnf5 and yum"
                )));
            }
        };
        for name in names {
            // One that something planned may bring is not the manager of this host.
            if let Ok(Some(path)) = host.program(name) {
                return Ok(Program::of(name, &path, host));
            }
        }
        Err(Stop::failed(
            "this host has neither `dnf` nor `yum`: its packages are not managed by them",
        ))
    }
}
