//! A host as it will be after the changes planned so far.

mod accounts;
mod commands;
mod paths;
mod unit;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::blob::Blob;
use crate::change::{Change, FileState};
use crate::checksum::Algorithm;
use crate::clock::Clock;
use crate::host::expected::{Expected, Pending, Reach};
use crate::host::network::Network;
use crate::host::real::FETCH;
use crate::host::{
    Command, Existence, Group, Host, Installed, Look, Manager, NodeKind, Output, Scope, Space,
    Unit, User,
};
use crate::stop::{Result, Stop, Why};

/// A host, and what is planned on it.
pub struct Overlay<'h> {
    /// The host as it is.
    pub base: &'h dyn Host,
    /// What is planned.
    pub expected: &'h Expected,
}

/// Notes changes as planned, each seen from where the ones before it leave the host.
pub fn assume(base: &dyn Host, expected: &mut Expected, changes: &[Change]) -> Result<()> {
    for change in changes {
        let effect = match change {
            Change::File(file) => {
                // What is planned is kept by true paths; the path of a change may go through links.
                let path = Overlay { base, expected }.place(&file.path)?;
                &Change::File(crate::change::FileChange { path, ..file.clone() })
            }
            other => other,
        };
        effect.effect().expect(expected);
    }
    Ok(())
}

impl Overlay<'_> {
    /// Why something may be brought about that is not there, if anything planned may bring anything but files of its own.
    fn pending(&self) -> Option<Why> {
        let brings = |reach: &Reach| matches!(reach, Reach::Package | Reach::Anything);
        self.expected.pending.iter().find(|one| brings(&one.reach)).map(|one| one.why.clone())
    }

    /// The same for a thing of this name: what is called alike is the likeliest to bring it.
    pub(super) fn pending_like(&self, name: &str) -> Option<Why> {
        let alike = |one: &&Pending| one.reach == Reach::Package && one.why.may_bring(name);
        let pending = self.expected.pending.iter();
        pending.clone().find(alike).map(|one| one.why.clone()).or_else(|| self.pending())
    }
}

impl Host for Overlay<'_> {
    fn identity(&self) -> &User {
        self.expected.persona.as_ref().unwrap_or_else(|| self.base.identity())
    }

    fn clock(&self) -> Clock {
        self.base.clock()
    }

    fn variable(&self, name: &str) -> Option<String> {
        match (&self.expected.persona, name) {
            (Some(user), "HOME") => Some(user.home.clone()),
            (Some(user), "USER" | "LOGNAME") => Some(user.name.clone()),
            _ => self.base.variable(name),
        }
    }

    fn variables(&self) -> Vec<(String, String)> {
        self.base.variables()
    }

    fn space(&self, path: &Path) -> Option<Space> {
        self.base.space(path)
    }

    fn network(&self) -> Result<Network> {
        self.base.network()
    }

    fn umask(&self) -> u32 {
        self.base.umask()
    }

    fn look(&self, path: &Path) -> Result<Look> {
        if self.expected.is_empty() {
            return self.base.look(path);
        }
        self.entry(&self.place(path)?)
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        let (at, look) = self.resolve(path)?;
        match look {
            Look::Is(_) => Ok(true),
            Look::Absent => Ok(false),
            Look::Unknown(why) => match self.expected.doubtful.get(&self.place(&at)?) {
                Some(doubt) if doubt.exists => Ok(true),
                _ => Err(Stop::Unknown(why)),
            },
        }
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        self.read(path, &|at| self.base.content(at))
    }

    fn fingerprint(&self, path: &Path) -> Result<Blob> {
        self.read(path, &|at| self.base.fingerprint(at))
    }

    fn checksum(&self, path: &Path, algorithm: Algorithm) -> Result<String> {
        if self.expected.is_empty() {
            return self.base.checksum(path, algorithm);
        }
        let blob = self.content(path)?;
        Ok(algorithm.of(&self.fetch(&blob)?))
    }

    fn flags(&self, path: &Path) -> Result<Option<u32>> {
        let place = self.place(path)?;
        if !matches!(self.entry(&place)?, Look::Is(_)) {
            return Ok(None);
        }
        if let Some(Some(FileState { flags: Some(flags), .. })) = self.expected.files.get(&place) {
            return Ok(Some(*flags));
        }
        self.base.flags(&place)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        if self.expected.is_empty() {
            return self.base.list(path);
        }
        self.names(path)
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        accounts::user(self, name)
    }

    fn user_by_id(&self, id: u32) -> Result<Option<User>> {
        accounts::user_by_id(self, id)
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        accounts::group(self, name)
    }

    fn group_by_id(&self, id: u32) -> Result<Option<Group>> {
        accounts::group_by_id(self, id)
    }

    fn groups(&self) -> Result<Vec<Group>> {
        accounts::groups(self)
    }

    fn installed(&self, manager: Manager) -> Result<Arc<Installed>> {
        let base = self.base.installed(manager)?;
        let planned = || self.expected.packages.iter().filter(|((of, _), _)| *of == manager);
        if planned().next().is_none() {
            return Ok(base);
        }
        let mut installed = Installed::clone(&base);
        for ((_, name), version) in planned() {
            match version {
                Some(version) => installed.insert(name.clone(), version.clone()),
                None => installed.remove(name),
            };
        }
        Ok(Arc::new(installed))
    }

    fn unit(&self, name: &str, scope: Scope) -> Result<Unit> {
        let base = match self.base.unit(name, scope) {
            // Where there is no systemd now, there may be one then.
            Err(Stop::Failed(failure)) => {
                return Err(self.pending().map_or(Stop::Failed(failure), Stop::Unknown));
            }
            other => other?,
        };
        let mut unit = unit::planned(self, base, scope)?;
        if unit.exists == Existence::No
            && let Some(why) = self.pending_like(name)
        {
            unit.exists = Existence::Unknown(why);
        }
        Ok(unit)
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        match self.in_the_way(command)? {
            Some(why) => Err(Stop::Unknown(why)),
            None => self.base.probe(command),
        }
    }

    fn sort(&self, path: &Path) -> Result<Output> {
        match self.in_the_way(&Command::sorts(path))? {
            Some(why) => Err(Stop::Unknown(why)),
            None => self.base.sort(path),
        }
    }

    fn planned_units(&self) -> Vec<String> {
        let system = |(scope, _): &&(Scope, String)| *scope == Scope::System;
        self.expected.units.keys().filter(system).map(|(_, name)| name.clone()).collect()
    }

    fn planned(&self, name: &str) -> Result<Option<Option<String>>> {
        if let Some(why) = self.doubted(name) {
            return Err(Stop::Unknown(why));
        }
        match self.expected.values.get(name) {
            Some(value) => Ok(Some(value.clone())),
            None => self.base.planned(name),
        }
    }

    fn doubted(&self, name: &str) -> Option<Why> {
        self.expected.doubted_values.get(name).cloned().or_else(|| self.base.doubted(name))
    }

    fn observe(&self, command: &Command) -> Result<Output> {
        self.base.observe(command)
    }

    fn offers(&self, manager: Manager) -> Option<Why> {
        let refreshed = self.expected.offers.get(&manager).cloned();
        let sources =
            |path: &&PathBuf| manager.sources().iter().any(|folder| path.starts_with(folder));
        let changed =
            || self.expected.files.keys().chain(self.expected.doubtful.keys()).find(sources);
        let of_file =
            || changed().map(|path| Why(format!("the planned change of {}", path.display())));
        let anything = || self.expected.pending.iter().find(|one| one.reach == Reach::Anything);
        refreshed
            .or_else(of_file)
            .or_else(|| anything().map(|one| one.why.clone()))
            .or_else(|| self.base.offers(manager))
    }

    fn program(&self, name: &str) -> Result<Option<PathBuf>> {
        // It is no file of the host.
        if name == FETCH {
            return self.base.program(name);
        }
        if let Some(path) = self.base.program(name)?
            && matches!(self.resolve(&path)?.1, Look::Is(_))
        {
            return Ok(Some(path));
        }
        commands::planned_program(self, name)
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        self.base.fetch(blob)
    }

    fn unsettled(&self) -> Option<Why> {
        self.expected.pending.first().map(|one| one.why.clone()).or_else(|| self.base.unsettled())
    }
}

/// Whether it is a regular file.
fn is_file(look: &Look) -> bool {
    matches!(look, Look::Is(node) if node.kind == NodeKind::File)
}

#[cfg(test)]
mod tests;
