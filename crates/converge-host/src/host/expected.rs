//! What is planned so far: how the host will differ from what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::change::FileState;
use crate::host::{Group, Manager, Scope, User};
use crate::stop::Why;

/// Everything that the changes planned so far settle, by what it is about. What is not named here is as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// What stands at a path then; none where it was removed. No key goes through a symbolic link, except at its last part.
    pub files: BTreeMap<PathBuf, Option<FileState>>,
    /// How many of [`pending`](Self::pending) were known when a path was settled: only those after them can touch it again.
    pub settled: BTreeMap<PathBuf, usize>,
    /// Paths below which nothing of what is there now is there then: removed, or replaced by something else.
    pub cleared: BTreeSet<PathBuf>,
    /// Paths of which something planned will make something, or take it away, without saying what.
    pub doubtful: BTreeMap<PathBuf, Doubt>,
    /// Accounts by name; none where it was removed.
    pub users: BTreeMap<String, Option<User>>,
    /// Groups by name, with their members; none where it was removed.
    pub groups: BTreeMap<String, Option<Group>>,
    /// The supplementary groups of a user, all of them, where a change sets them.
    pub memberships: BTreeMap<String, Vec<String>>,
    /// The version of a package, empty where it can't be told; none where it was removed.
    pub packages: BTreeMap<(Manager, String), Option<String>>,
    /// Units by name with suffix.
    pub units: BTreeMap<(Scope, String), UnitExpect>,
    /// Values by name, where a change sets them; none where there is no such thing then.
    pub values: BTreeMap<String, Option<String>>,
    /// Values and packages (`package nginx`), by name, that something sets or changes, or may, without saying more.
    pub doubted_values: BTreeMap<String, Why>,
    /// Why a package manager may offer other packages then than it does now.
    pub offers: BTreeMap<Manager, Why>,
    /// Accounts and groups, by name, that something makes, changes or removes, or may, without saying more.
    pub doubted: BTreeMap<String, Why>,
    /// Whom the call at hand is planned as, where that account is only planned itself.
    pub persona: Option<User>,
    /// Planned things with effects that can't be predicted, in the order of the plan.
    pub pending: Vec<Pending>,
}

/// What is known of a path that something planned makes or removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Who makes or removes it.
    pub why: Why,
    /// Whether at least it exists then.
    pub exists: bool,
}

/// What is known of a unit then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitExpect {
    /// Whether it exists.
    pub exists: bool,
    /// Whether it runs; none where that is as it was.
    pub active: Option<bool>,
    /// Whether it starts at boot; none where that is as it was.
    pub enabled: Option<bool>,
    /// Whether it is masked; none where that is as it was.
    pub masked: Option<bool>,
    /// Why nothing of this is sure.
    pub doubt: Option<Why>,
}

/// A planned thing with effects that can't be predicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What it is, for a person: "package nginx", "command `initdb`".
    pub why: Why,
    /// What it may touch.
    pub reach: Reach,
}

/// What a planned thing may bring about beside what is predicted of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// Files where packages put files; programs, units, accounts.
    Package,
    /// A service that starts: files under `/run`, `/var` and `/tmp`.
    Service,
    /// The kernel: files under `/proc` and `/sys`.
    Kernel,
    /// Everything below this folder.
    Below(PathBuf),
    /// Anything.
    Anything,
}

impl Expected {
    /// Notes a planned package whose files, accounts and units can't be told.
    pub fn package_pending(&mut self, name: &str) {
        self.note(format!("package {name}"), Reach::Package);
    }

    /// Notes a service that will be started and may make files.
    pub fn service_pending(&mut self, name: &str) {
        self.note(format!("unit {name}"), Reach::Service);
    }

    /// Notes a command that will run and may do anything.
    pub fn command_pending(&mut self, shown: &str) {
        self.note(format!("command `{shown}`"), Reach::Anything);
    }

    /// Notes a command whose effect is known, but may bring more than that.
    pub fn act_pending(&mut self, shown: &str, reach: Reach) {
        self.note(shown.to_owned(), reach);
    }

    /// Notes that everything below a folder is rewritten.
    pub fn folder_pending(&mut self, what: &str, folder: &Path) {
        self.note(what.to_owned(), Reach::Below(folder.to_path_buf()));
    }

    /// Notes that a package manager may offer other packages than it does now.
    pub fn offers_pending(&mut self, manager: Manager, why: impl Into<String>) {
        self.offers.entry(manager).or_insert_with(|| Why(why.into()));
    }

    /// Notes what stands at a path then.
    pub fn settle(&mut self, path: PathBuf, state: Option<FileState>) {
        self.doubtful.remove(&path);
        self.settled.insert(path.clone(), self.pending.len());
        self.files.insert(path, state);
    }

    /// Notes that something makes what stands at a path, or may remove it, without saying more.
    pub fn doubt(&mut self, path: PathBuf, why: Why, exists: bool) {
        // What was planned below it may go along with it.
        self.files.retain(|known, _| known == &path || !known.starts_with(&path));
        self.doubtful.insert(path, Doubt { why, exists });
    }

    /// Notes a thing that may or may not be done, and may touch anything.
    pub fn anything_pending(&mut self, why: Why) {
        self.pend(Pending { why, reach: Reach::Anything });
    }

    /// Notes that everything in which another expectation differs from this one may come about or not.
    pub fn may_become(&mut self, then: &Self, why: &Why) {
        let other =
            |left: Option<&Option<FileState>>, right: &Option<FileState>| left != Some(right);
        for (path, state) in &then.files {
            if other(self.files.get(path), state) {
                self.doubt(path.clone(), why.clone(), false);
            }
        }
        for (path, doubt) in &then.doubtful {
            self.doubtful.entry(path.clone()).or_insert_with(|| doubt.clone()).exists = false;
        }
        let users = then.users.iter().filter(|(name, user)| self.users.get(*name) != Some(user));
        let groups = then.groups.iter().filter(|(name, one)| self.groups.get(*name) != Some(one));
        let members = then
            .memberships
            .iter()
            .filter(|(user, groups)| self.memberships.get(*user) != Some(groups));
        let names = users
            .map(|(name, _)| name)
            .chain(groups.map(|(name, _)| name))
            .chain(members.map(|(user, _)| user));
        for name in names.cloned().collect::<Vec<_>>() {
            self.doubt_account(name, why.clone());
        }
        let units = then.units.iter().filter(|(key, unit)| self.units.get(*key) != Some(unit));
        for (scope, name) in units.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.doubt_unit(scope, name, why.clone());
        }
        let values =
            then.values.iter().filter(|(name, value)| self.values.get(*name) != Some(value));
        let values = values.map(|(name, _)| name.clone());
        let packages =
            then.packages.iter().filter(|(key, package)| self.packages.get(*key) != Some(package));
        let packages = packages.map(|((_, name), _)| format!("package {name}"));
        for name in values.chain(packages).collect::<Vec<_>>() {
            self.doubted_values.insert(name, why.clone());
        }
        for (manager, offers) in &then.offers {
            self.offers.entry(*manager).or_insert_with(|| offers.clone());
        }
        for pending in then.pending.iter().skip(self.pending.len()) {
            self.pend(pending.clone());
        }
    }

    /// Notes that an account or group may become another, or may go.
    pub fn doubt_account(&mut self, name: String, why: Why) {
        self.users.remove(&name);
        self.groups.remove(&name);
        self.memberships.remove(&name);
        self.doubted.insert(name, why);
    }

    /// Notes what the value of a name is then.
    pub fn set(&mut self, name: String, value: Option<String>) {
        self.doubted_values.remove(&name);
        self.values.insert(name, value);
    }

    /// Notes that a unit may become another, or may go.
    pub fn doubt_unit(&mut self, scope: Scope, name: String, why: Why) {
        self.units.insert((scope, name), UnitExpect { doubt: Some(why), ..UnitExpect::default() });
    }

    /// Notes that nothing of what is below a path now, really or as planned, is there then.
    pub fn clear(&mut self, path: &Path) {
        self.files.retain(|known, _| known == path || !known.starts_with(path));
        self.settled.retain(|known, _| known == path || !known.starts_with(path));
        self.doubtful.retain(|known, _| known == path || !known.starts_with(path));
        self.cleared.insert(path.to_path_buf());
    }

    /// Whether nothing at all is planned.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn note(&mut self, what: String, reach: Reach) {
        self.pend(Pending { why: Why(what), reach });
    }

    fn pend(&mut self, pending: Pending) {
        if self.pending.last() != Some(&pending) {
            self.pending.push(pending);
        }
    }
}
