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
    /// The packages.
    #[arg(alias = "pkg")]
    name: Data,
    /// `present`, `absent`, `latest`, and what else the manager knows.
    state: String,
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
        let Entry { spec, read } = self.manager(host)?;
        let given: Vec<(&str, Option<Data>)> = vec![
            ("name", Some(self.name.clone())),
            ("state", Some(Data::Str(self.state.clone()))),
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
