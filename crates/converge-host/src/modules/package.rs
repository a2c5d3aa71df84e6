//! The module `package`: whatever package manager the host has.

use crate::args::{Args, Bound, Spec};
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::{Entry, Module, Ready, find};
use crate::stop::{Result, Stop};

/// Manages packages by the package manager that the host has.
///
/// Arguments that only one manager knows are given to it as they are.
#[derive(Args)]
#[module(name = "package")]
pub(crate) struct Package {
    /// The packages; nothing where only the manager's lists are refreshed.
    #[arg(alias = "pkg")]
    name: Option<Data>,
    /// `present`, `absent`, `latest`, and what else the manager knows.
    state: Option<Data>,
    /// The manager: `auto`, `apt`, `dnf` or `yum`.
    #[arg(name = "use", default = "auto")]
    manager: String,
    /// Refresh what the manager knows of its repositories first.
    update_cache: Option<Data>,
    /// apt: refresh only if the lists are older than this many seconds.
    cache_valid_time: Option<Data>,
    /// apt: remove configuration files too.
    purge: Option<Data>,
    /// Remove what was installed for others and is needed no more.
    autoremove: Option<Data>,
    /// Let versions become older.
    allow_downgrade: Option<Data>,
    /// apt: install what is not signed.
    allow_unauthenticated: Option<Data>,
    /// apt: whether recommended packages come along.
    install_recommends: Option<Data>,
    /// apt: the release that packages come from.
    default_release: Option<Data>,
    /// dnf: repositories that are used beside the enabled ones.
    enablerepo: Option<Data>,
    /// dnf: repositories that are not used.
    disablerepo: Option<Data>,
    /// dnf: install what is not signed.
    disable_gpg_check: Option<Data>,
    /// dnf: packages that are left alone.
    exclude: Option<Data>,
    /// dnf: plugins that are not used.
    disable_plugin: Option<Data>,
    /// dnf: plugins that are used.
    enable_plugin: Option<Data>,
    /// dnf: let packages be removed that are in the way.
    allowerasing: Option<Data>,
    /// dnf: don't insist on the newest versions.
    nobest: Option<Data>,
    /// dnf: insist on the newest versions.
    best: Option<Data>,
    /// dnf: whether packages that others merely recommend come along.
    install_weak_deps: Option<Data>,
    /// dnf: upgrade only, install nothing new.
    update_only: Option<Data>,
    /// dnf: leave out what can't be had.
    skip_broken: Option<Data>,
    /// dnf: only what mends holes.
    security: Option<Data>,
    /// dnf: only what mends bugs.
    bugfix: Option<Data>,
    /// dnf: another configuration file.
    conf_file: Option<Data>,
    /// dnf: forget which packages the configuration leaves alone.
    disable_excludes: Option<Data>,
    /// dnf: another release than the host's.
    releasever: Option<Data>,
    /// dnf: another root.
    installroot: Option<Data>,
    /// dnf: whether certificates are checked.
    validate_certs: Option<Data>,
    /// dnf: whether certificates are checked.
    sslverify: Option<Data>,
    /// dnf: download, install nothing.
    download_only: Option<Data>,
    /// dnf: use only what is known already.
    cacheonly: Option<Data>,
    /// How many seconds to wait for another process that holds the manager's lock.
    lock_timeout: Option<Data>,
    /// apt: allow everything that apt-get asks back about.
    force: Option<Data>,
    /// apt: upgrade only, install nothing new.
    only_upgrade: Option<Data>,
    /// apt: options of dpkg, separated by commas.
    dpkg_options: Option<Data>,
    /// apt: change packages that are held.
    allow_change_held_packages: Option<Data>,
    /// apt: what policy-rc.d shall exit with meanwhile.
    policy_rc_d: Option<Data>,
    /// apt: taken and not used.
    force_apt_get: Option<Data>,
}

impl Module for Package {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.of(host)?.plan(host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        self.of(host)?.report(host, performed, results)
    }
}

impl Package {
    /// The module of the host's manager, with these arguments.
    fn of(&self, host: &dyn Host) -> Result<Box<dyn Ready>> {
        let Entry { spec, read, .. } = self.manager(host)?;
        let given: Vec<(&str, Option<Data>)> = vec![
            ("name", self.name.clone()),
            ("state", self.state.clone()),
            ("update_cache", self.update_cache.clone()),
            ("cache_valid_time", self.cache_valid_time.clone()),
            ("purge", self.purge.clone()),
            ("autoremove", self.autoremove.clone()),
            ("allow_downgrade", self.allow_downgrade.clone()),
            ("allow_unauthenticated", self.allow_unauthenticated.clone()),
            ("install_recommends", self.install_recommends.clone()),
            ("default_release", self.default_release.clone()),
            ("enablerepo", self.enablerepo.clone()),
            ("disablerepo", self.disablerepo.clone()),
            ("disable_gpg_check", self.disable_gpg_check.clone()),
            ("exclude", self.exclude.clone()),
            ("disable_plugin", self.disable_plugin.clone()),
            ("enable_plugin", self.enable_plugin.clone()),
            ("allowerasing", self.allowerasing.clone()),
            ("nobest", self.nobest.clone()),
            ("best", self.best.clone()),
            ("install_weak_deps", self.install_weak_deps.clone()),
            ("update_only", self.update_only.clone()),
            ("skip_broken", self.skip_broken.clone()),
            ("security", self.security.clone()),
            ("bugfix", self.bugfix.clone()),
            ("conf_file", self.conf_file.clone()),
            ("disable_excludes", self.disable_excludes.clone()),
            ("releasever", self.releasever.clone()),
            ("installroot", self.installroot.clone()),
            ("validate_certs", self.validate_certs.clone()),
            ("sslverify", self.sslverify.clone()),
            ("download_only", self.download_only.clone()),
            ("cacheonly", self.cacheonly.clone()),
            ("lock_timeout", self.lock_timeout.clone()),
            ("force", self.force.clone()),
            ("only_upgrade", self.only_upgrade.clone()),
            ("dpkg_options", self.dpkg_options.clone()),
            ("allow_change_held_packages", self.allow_change_held_packages.clone()),
            ("policy_rc_d", self.policy_rc_d.clone()),
            ("force_apt_get", self.force_apt_get.clone()),
        ];
        let args =
            given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        let told = |wrong: String| {
            Stop::failed(format!(
                "invalid arguments of `{}`, which `package` means here: {wrong}",
                name(spec)
            ))
        };
        let mut bound = Bound::new(spec, args).map_err(|wrong| {
            told(wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        read(&mut bound).map_err(|wrong| told(wrong.to_string()))
    }

    fn manager(&self, host: &dyn Host) -> Result<&'static Entry> {
        // One that something planned may bring is not the manager of this host.
        let there = |name: &str| matches!(host.program(name), Ok(Some(_)));
        let wanted = match self.manager.strip_prefix("ansible.builtin.").unwrap_or(&self.manager) {
            "auto" if there("apt-get") => "apt",
            "auto" if there("dnf") || there("yum") => "dnf",
            "auto" => {
                return Err(Stop::failed(
                    "there is no package manager that is known: neither apt-get nor dnf nor yum",
                ));
            }
            "yum" | "dnf4" | "dnf5" => "dnf",
            other => other,
        };
        find(wanted).filter(|entry| matches!(name(entry.spec), "apt" | "dnf")).ok_or_else(|| {
            Stop::failed(format!("there is no package manager `{wanted}`; there are apt and dnf"))
        })
    }
}

fn name(spec: &Spec) -> &'static str {
    spec.name
}
