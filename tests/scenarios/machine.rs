//! A described machine that things are done to.
//!
//! What was done is kept as what is planned is kept, so that reading it goes the way that planning relies on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use converge_host::blob::Blob;
use converge_host::change::{Before, Change, FileChange, FileKind, FileState, UnitAction};
use converge_host::clock::Clock;
use converge_host::data::Map;
use converge_host::host::expected::Expected;
use converge_host::host::machine::Machine;
use converge_host::host::overlay::{Overlay, assume};
use converge_host::host::{
    Command, Group, Host, Installed, Look, Manager, Output, Principal, Scope, Unit, User,
};
use converge_host::stop::{Failure, Result, Stop, Why};

use crate::described::{Described, now};

/// A machine in memory.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    /// As it was at first.
    pub(crate) base: Described,
    /// What was done to it.
    pub(crate) done: Expected,
    /// Files of units that systemd has read since they changed.
    reloaded: BTreeSet<PathBuf>,
    env: Vec<(String, String)>,
}

impl Memory {
    /// Nothing was done to it yet.
    pub(crate) fn new(base: Described) -> Self {
        Self { base, done: Expected::default(), reloaded: BTreeSet::new(), env: Vec::new() }
    }

    fn now(&self) -> Overlay<'_> {
        Overlay { base: &self.base, expected: &self.done }
    }

    fn assume(&mut self, change: &Change) -> Result<()> {
        assume(&self.base, &mut self.done, std::slice::from_ref(change))?;
        // What is done is certain.
        self.done.pending.clear();
        self.done.offers.clear();
        Ok(())
    }

    /// What stands at the path must be what the change was planned for.
    fn unmoved(&self, change: &FileChange) -> Result<()> {
        let path = &change.path;
        let look = self.look(path)?;
        let moved = |is: &str| {
            Err(Stop::failed(format!("`{}` is {is}, unlike when it was planned", path.display())))
        };
        match (&change.before, look) {
            (Before::Absent, Look::Is(_)) => moved("there"),
            (Before::Is(_), Look::Absent) => moved("absent"),
            (Before::Is(FileState { kind: FileKind::File(blob), .. }), Look::Is(_)) => {
                if self.content(path)?.digest != blob.digest {
                    return moved("changed");
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn file(&mut self, change: &FileChange) -> Result<Map> {
        self.unmoved(change)?;
        if let Some(parent) = change.path.parent()
            && change.after.is_some()
            && !self.exists(parent)?
        {
            return Err(Stop::failed(format!("`{}` is absent", parent.display())));
        }
        self.assume(&Change::File(change.clone()))?;
        Ok(Map::new())
    }

    fn run(&mut self, command: &Command) -> Result<Output> {
        let (output, makes) = self.base.run(command);
        for (path, text) in makes {
            let blob = Blob::new(text.as_bytes());
            let owner = self.base.identity.principal();
            let state = FileState {
                mode: Some(0o644),
                owner: Some(owner),
                group: Some(self.base.identity.group.clone()),
                ..FileState::of(FileKind::File(blob))
            };
            self.done.settle(path, Some(state));
        }
        Ok(output)
    }

    fn next_id(&self) -> u32 {
        let users = self.done.users.values().flatten().filter_map(|user| user.uid);
        let groups = self.done.groups.values().flatten().filter_map(|group| group.gid);
        let highest = users.chain(groups).max().unwrap_or(0);
        highest.max(self.base.highest_id()).max(999) + 1
    }
}

impl Machine for Memory {
    fn perform(&mut self, change: &Change) -> Result<Map> {
        match change {
            Change::File(file) => self.file(file),
            Change::Run(run) => {
                let output = self.run(&run.command)?;
                let stamp = Clock::default().stamp(now());
                let results = run.results(&output, &stamp, &stamp);
                if output.ok() {
                    return Ok(results);
                }
                Err(Stop::Failed(Failure { msg: "non-zero return code".into(), results }))
            }
            Change::User(user) => {
                let mut user = user.clone();
                let id = self.next_id();
                if let Some(after) = &mut user.after
                    && after.uid.is_none()
                {
                    after.uid = Some(id);
                    let group = Principal { name: after.group.name.clone(), id: Some(id) };
                    if after.group.id.is_none() && self.group(&group.name)?.is_none() {
                        let own =
                            Group { name: group.name.clone(), gid: Some(id), members: Vec::new() };
                        self.done.groups.insert(own.name.clone(), Some(own));
                        after.group = group;
                    }
                }
                self.assume(&Change::User(user))?;
                Ok(Map::new())
            }
            Change::Group(group) => {
                let mut group = group.clone();
                if let Some(after) = &mut group.after
                    && after.gid.is_none()
                {
                    after.gid = Some(self.next_id());
                }
                self.assume(&Change::Group(group))?;
                Ok(Map::new())
            }
            Change::Unit(unit) => {
                if unit.actions.contains(&UnitAction::DaemonReload) {
                    self.reloaded = self.done.files.keys().cloned().collect();
                }
                self.assume(change)?;
                Ok(Map::new())
            }
            Change::Packages(_) | Change::Act(_) => {
                self.assume(change)?;
                Ok(Map::new())
            }
            Change::Tool(tool) => {
                let mut told = Map::new();
                for step in &tool.steps {
                    let output = self.run(step)?;
                    if !output.ok() {
                        return Err(Stop::failed(output.error_text()));
                    }
                    told.insert("rc".into(), i64::from(output.rc).into());
                    told.insert("stdout".into(), output.text().into());
                }
                self.assume(change)?;
                Ok(told)
            }
            Change::Cache(_) => Ok(Map::new()),
            Change::Wait(_) => Ok(Map::from_iter([("elapsed".to_owned(), 0_i64.into())])),
        }
    }

    fn set_env(&mut self, env: &[(String, String)]) {
        self.env = env.to_vec();
    }

    fn keep(&mut self, bytes: Arc<[u8]>) {
        self.base.keep(bytes);
    }
}

impl Host for Memory {
    fn identity(&self) -> &User {
        &self.base.identity
    }

    fn clock(&self) -> Clock {
        self.base.clock()
    }

    fn variable(&self, name: &str) -> Option<String> {
        let own = self.env.iter().rev().find(|(known, _)| known == name);
        own.map(|(_, value)| value.clone()).or_else(|| self.base.variable(name))
    }

    fn umask(&self) -> u32 {
        self.base.umask()
    }

    fn look(&self, path: &Path) -> Result<Look> {
        self.now().look(path)
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        self.now().content(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        self.now().list(path)
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        self.now().user(name)
    }

    fn user_by_id(&self, id: u32) -> Result<Option<User>> {
        self.now().user_by_id(id)
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        self.now().group(name)
    }

    fn group_by_id(&self, id: u32) -> Result<Option<Group>> {
        self.now().group_by_id(id)
    }

    fn groups(&self) -> Result<Vec<Group>> {
        self.now().groups()
    }

    fn installed(&self, manager: Manager) -> Result<Arc<Installed>> {
        self.now().installed(manager)
    }

    fn unit(&self, name: &str, scope: Scope) -> Result<Unit> {
        let mut unit = self.now().unit(name, scope)?;
        let file = Path::new("/etc/systemd/system").join(name);
        unit.needs_reload &= !self.reloaded.contains(&file);
        Ok(unit)
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        Ok(self.base.run(command).0)
    }

    fn planned(&self, name: &str) -> Result<Option<Option<String>>> {
        self.now().planned(name)
    }

    fn planned_units(&self) -> Vec<String> {
        self.now().planned_units()
    }

    fn program(&self, name: &str) -> Result<Option<PathBuf>> {
        self.base.program(name)
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        self.base.fetch(blob)
    }

    fn unsettled(&self) -> Option<Why> {
        None
    }
}
