//! The modules: one file each.
//!
//! A module reads the host and asks for changes. It can't write, it doesn't know whether its changes will be shown or
//! performed, and it answers the same for the real host and for one that is only planned.

mod apt;
mod blockinfile;
mod command;
mod commands;
mod copy;
mod dnf;
mod file;
mod files;
mod group;
mod lineinfile;
mod package;
mod ping;
mod raw;
mod replace;
mod revert;
#[cfg(test)]
mod scenario;
mod service;
mod setup;
mod shell;
mod slurp;
mod stat;
mod systemd_service;
#[cfg(test)]
mod tasks;
mod template;
mod unit_state;
mod user;
mod wait_for;
mod yum_repository;

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
        }
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
    Entry::of::<blockinfile::BlockInFile>(),
    Entry::of::<command::Command>(),
    Entry::of::<copy::Copy>(),
    Entry::of::<dnf::Dnf>(),
    Entry::of::<file::File>(),
    Entry::of::<lineinfile::LineInFile>(),
    Entry::of::<group::GroupModule>(),
    Entry::of::<package::Package>(),
    Entry::of::<ping::Ping>(),
    Entry::of::<raw::Raw>(),
    Entry::of::<replace::Replace>(),
    Entry::of::<revert::Revert>(),
    Entry::of::<service::Service>(),
    Entry::of::<setup::Setup>(),
    Entry::of::<shell::Shell>(),
    Entry::of::<slurp::Slurp>(),
    Entry::of::<stat::Stat>(),
    Entry::of::<systemd_service::SystemdService>(),
    Entry::of::<template::Template>(),
    Entry::of::<user::UserModule>(),
    Entry::of::<yum_repository::YumRepository>(),
    Entry::of::<wait_for::WaitFor>(),
];
