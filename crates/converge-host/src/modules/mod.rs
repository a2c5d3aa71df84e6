//! The modules: one file each.
//!
//! A module reads the host and asks for changes. It can't write, it doesn't know whether its changes will be shown or
//! performed, and it answers the same for the real host and for one that is only planned.

mod alternatives;
mod apt;
mod apt_key;
mod apt_repository;
#[cfg(any(test, feature = "far"))]
mod archive;
pub mod asked;
mod assemble;
mod authorized_key;
mod blockinfile;
mod bundler;
#[cfg(any(test, feature = "far"))]
mod capabilities;
mod command;
mod commands;
mod copy;
mod cron;
#[cfg(any(test, feature = "far"))]
mod crypto;
mod deb822_repository;
mod debconf;
#[cfg(test)]
mod desk;
mod dnf;
mod dpkg_selections;
mod fetch;
mod file;
mod files;
mod find;
mod firewalld;
mod gem;
mod get_url;
mod getent;
mod git;
#[cfg(any(test, feature = "far"))]
mod git_config;
mod group;
mod hold;
mod hostname;
#[cfg(any(test, feature = "far"))]
mod htpasswd;
mod http;
mod ini_file;
mod iptables;
pub(crate) mod known;
mod known_hosts;
mod lineinfile;
mod locale_gen;
mod modprobe;
mod mount;
#[cfg(any(test, feature = "far"))]
mod mysql;
mod npm;
mod package;
mod package_facts;
mod pam_limits;
#[cfg(any(test, feature = "far"))]
mod pamd;
mod ping;
mod pip;
mod piped;
mod postgresql;
mod ppa;
mod raw;
mod reboot;
mod replace;
mod revert;
mod rpm_key;
#[cfg(test)]
mod scenario;
mod script;
mod seboolean;
#[cfg(any(test, feature = "far"))]
mod sefcontext;
mod selinux;
#[cfg(any(test, feature = "far"))]
mod seport;
#[cfg(test)]
mod served;
mod service;
mod service_facts;
mod setup;
mod shell;
mod slurp;
mod stat;
pub mod synchronize;
mod sysctl;
mod systemd_service;
#[cfg(test)]
mod tasks;
mod tempfile;
mod template;
mod timezone;
mod ufw;
mod unarchive;
mod unit_state;
mod uri;
mod user;
mod wait_for;
mod wait_for_connection;
mod yum_repository;

pub(crate) use hold::refusal;
pub(crate) use unit_state::full_name as full_unit_name;

use crate::args::{Args, Bound, Invalid, Spec};
use crate::change::Changes;
use crate::data::Map;
use crate::host::Host;
use crate::stop::Result;

/// A module: its fields are its arguments.
pub trait Module: Args {
    /// Asks for the changes that make the host what the arguments say. None asked for means nothing to do.
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()>;

    /// Completes the return values after the changes were performed, or were added to what is planned: `host` is as it is
    /// then, `performed` is what performing the changes returned.
    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        Ok(())
    }
}

/// A module whose arguments were read.
pub trait Ready {
    /// See [`Module::plan`].
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()>;

    /// See [`Module::report`].
    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()>;
}

/// A module in the table of all.
pub struct Entry {
    /// Its declaration.
    pub spec: &'static Spec,
    /// Reads its arguments.
    pub read: fn(&mut Bound) -> Result<Box<dyn Ready>, Invalid>,
    /// Whether it is planned beside the controller, and no helper has it (see [`crate::host::asked`]).
    pub far: bool,
}

impl<M: Module> Ready for M {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        Module::plan(self, host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        Module::report(self, host, performed, results)
    }
}

impl Entry {
    /// The entry of a module.
    pub const fn of<M: Module + 'static>() -> Self {
        Self {
            spec: M::SPEC,
            read: |bound| M::read(bound).map(|module| Box::new(module) as Box<dyn Ready>),
            far: false,
        }
    }

    /// The entry of one that is planned beside the controller.
    #[cfg(any(test, feature = "far"))]
    pub const fn far<M: Module + 'static>() -> Self {
        Self { far: true, ..Self::of::<M>() }
    }
}

/// The module of a name, short or full.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.spec.answers_to(name))
}

/// Every module.
#[rustfmt::skip]
pub static ALL: &[Entry] = &[
    Entry::of::<apt::Apt>(),
    Entry::of::<assemble::Assemble>(),
    Entry::of::<authorized_key::AuthorizedKey>(),
    Entry::of::<blockinfile::BlockInFile>(),
    Entry::of::<command::Command>(),
    Entry::of::<copy::Copy>(),
    Entry::of::<dnf::Dnf>(),
    Entry::of::<fetch::Fetch>(),
    Entry::of::<fetch::Put>(),
    Entry::of::<file::File>(),
    Entry::of::<find::Find>(),
    Entry::of::<get_url::GetUrl>(),
    Entry::of::<git::Git>(),
    Entry::of::<hold::HoldModule>(),
    Entry::of::<ini_file::IniFile>(),
    Entry::of::<known_hosts::KnownHosts>(),
    Entry::of::<lineinfile::LineInFile>(),
    Entry::of::<group::GroupModule>(),
    Entry::of::<package::Package>(),
    Entry::of::<ping::Ping>(),
    Entry::of::<raw::Raw>(),
    Entry::of::<replace::Replace>(),
    Entry::of::<script::Script>(),
    Entry::of::<revert::Revert>(),
    Entry::of::<service::Service>(),
    Entry::of::<setup::Setup>(),
    Entry::of::<shell::Shell>(),
    Entry::of::<slurp::Slurp>(),
    Entry::of::<stat::Stat>(),
    Entry::of::<synchronize::Synchronize>(),
    Entry::of::<systemd_service::SystemdService>(),
    Entry::of::<tempfile::TempFile>(),
    Entry::of::<template::Template>(),
    Entry::of::<unarchive::Unarchive>(),
    Entry::of::<uri::Uri>(),
    Entry::of::<user::UserModule>(),
    Entry::of::<yum_repository::YumRepository>(),
    Entry::of::<apt_repository::AptRepository>(),
    Entry::of::<apt_key::AptKey>(),
    Entry::of::<rpm_key::RpmKey>(),
    Entry::of::<deb822_repository::Deb822Repository>(),
    Entry::of::<sysctl::Sysctl>(),
    Entry::of::<package_facts::PackageFacts>(),
    Entry::of::<service_facts::ServiceFacts>(),
    Entry::of::<mount::Mount>(),
    Entry::of::<cron::Cron>(),
    Entry::of::<getent::Getent>(),
    Entry::of::<hostname::Hostname>(),
    Entry::of::<timezone::Timezone>(),
    Entry::of::<modprobe::Modprobe>(),
    Entry::of::<alternatives::Alternatives>(),
    Entry::of::<selinux::Selinux>(),
    Entry::of::<seboolean::Seboolean>(),
    Entry::of::<locale_gen::LocaleGen>(),
    Entry::of::<dpkg_selections::DpkgSelections>(),
    Entry::of::<debconf::Debconf>(),
    Entry::of::<pam_limits::PamLimits>(),
    Entry::of::<firewalld::Firewalld>(),
    Entry::of::<ufw::Ufw>(),
    Entry::of::<postgresql::db::PostgresqlDb>(),
    Entry::of::<postgresql::ext::PostgresqlExt>(),
    Entry::of::<postgresql::hba::PostgresqlPgHba>(),
    Entry::of::<postgresql::ping::PostgresqlPing>(),
    Entry::of::<postgresql::privs::PostgresqlPrivs>(),
    Entry::of::<postgresql::query::PostgresqlQuery>(),
    Entry::of::<postgresql::slot::PostgresqlSlot>(),
    Entry::of::<postgresql::user::PostgresqlUser>(),
    Entry::of::<pip::Pip>(),
    Entry::of::<npm::Npm>(),
    Entry::of::<gem::Gem>(),
    Entry::of::<bundler::Bundler>(),
    Entry::of::<reboot::Reboot>(),
    Entry::of::<wait_for_connection::WaitForConnection>(),
    Entry::of::<iptables::Iptables>(),
    Entry::of::<wait_for::WaitFor>(),
    Entry::of::<asked::LookAt>(),
    Entry::of::<asked::TakeUp>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<mysql::db::MysqlDb>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<mysql::user::MysqlUser>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<archive::Archive>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<htpasswd::Htpasswd>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<pamd::Pamd>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<git_config::GitConfig>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<capabilities::Capabilities>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<sefcontext::Sefcontext>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<seport::Seport>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::privatekey::OpensslPrivatekey>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::publickey::OpensslPublickey>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::csr::OpensslCsr>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::certificate::X509Certificate>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::get_certificate::GetCertificate>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::keypair::OpensshKeypair>(),
    #[cfg(any(test, feature = "far"))]
    Entry::far::<crypto::dhparam::OpensslDhparam>(),
];
