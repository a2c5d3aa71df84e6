//! The machine that this process runs on.

mod accounts;
mod ahead;
mod controller;
mod fence;
pub(crate) mod files;
mod looking;
mod network;
pub(crate) mod packages;
mod run;
mod sorter;
pub(crate) mod units;

pub use controller::{Controller, PROGRAM as FETCH};

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Mode;

use crate::blob::{Blob, Digest};
use crate::checksum::Algorithm;
use crate::clock::Clock;
use crate::host::network::Network;
use crate::host::real::accounts::Accounts;
use crate::host::real::ahead::Ahead;
use crate::host::real::fence::Fence;
use crate::host::real::packages::Packages;
use crate::host::real::sorter::Sorter;
use crate::host::{
    Command, Group, Host, Installed, Look, Manager, Output, Scope, Space, Unit, User,
};
use crate::stop::{Result, Stop, Why};

/// What the kernel says of this process.
const STATUS: &str = "/proc/self/status";

/// The machine that this process runs on, as the user that it runs as.
pub struct Real {
    /// Whom it runs as.
    pub identity: User,
    umask: u32,
    selinux: bool,
    clock: OnceCell<Clock>,
    accounts: RefCell<Accounts>,
    packages: RefCell<Packages>,
    ahead: RefCell<Ahead>,
    sorter: RefCell<Sorter>,
    refreshed: Cell<Option<Manager>>,
    /// Whether commands only look, so that nothing that they write for themselves may stay.
    looks: Cell<bool>,
    /// Whether nothing but looking is ever done (see [`crate::look`]).
    only_looks: bool,
    /// What keeps it from staying, once somebody asked; none where it can't be had.
    fence: RefCell<Option<Option<Fence>>>,
    blobs: RefCell<HashMap<Digest, Arc<[u8]>>>,
    env: RefCell<Vec<(String, String)>>,
    /// Who makes requests of HTTP where the host has no program for it.
    controller: Option<Controller>,
}

impl Real {
    /// Looks up whom the process runs as, its umask, and whether SELinux is on.
    pub fn new() -> Self {
        let mut accounts = Accounts::default();
        Self {
            identity: accounts.own(),
            umask: own_umask(),
            selinux: Path::new("/sys/fs/selinux/enforce").exists(),
            clock: OnceCell::new(),
            accounts: RefCell::new(accounts),
            packages: RefCell::default(),
            ahead: RefCell::default(),
            sorter: RefCell::default(),
            refreshed: Cell::default(),
            looks: Cell::default(),
            only_looks: false,
            fence: RefCell::default(),
            blobs: RefCell::default(),
            env: RefCell::default(),
            controller: None,
        }
    }

    /// The machine as this user sees it, whoever the process runs as, and only to be looked at.
    pub(crate) fn looking(self, identity: User) -> Self {
        Self { identity, only_looks: true, ..self }
    }

    /// Says who makes requests of HTTP where the host has no program for it.
    pub fn set_controller(&mut self, controller: Controller) {
        self.controller = Some(controller);
    }

    /// Whether nothing but looking is ever done.
    pub fn only_looks(&self) -> bool {
        self.only_looks
    }

    /// Keeps the bytes of a content that came over the wire.
    pub fn keep(&self, bytes: impl Into<Arc<[u8]>>) {
        let bytes = bytes.into();
        self.blobs.borrow_mut().insert(Digest::of(&bytes), bytes);
    }

    /// Forgets which packages are installed, since a command changed them.
    pub(crate) fn forget_packages(&self, manager: Manager) {
        self.packages.borrow_mut().forget(manager);
    }

    /// Forgets what was asked about ahead, since something is done to the machine.
    pub(crate) fn forget_units(&self) {
        self.ahead.borrow_mut().forget();
    }

    /// Remembers, until the next call, that the lists of a package manager are as new as can be.
    pub(crate) fn note_refreshed(&self, manager: Manager) {
        self.refreshed.set(Some(manager));
    }

    /// Sets what is added to the environment of every command from now on, as a new call begins.
    pub fn set_env(&self, env: Vec<(String, String)>) {
        *self.env.borrow_mut() = env;
        self.refreshed.set(None);
    }

    /// The bytes of a content, where they are at hand.
    pub fn bytes(&self, blob: &Blob) -> Option<Arc<[u8]>> {
        blob.bytes.clone().or_else(|| self.blobs.borrow().get(&blob.digest).cloned())
    }

    /// Whether the kernel enforces or watches SELinux policy.
    pub fn has_selinux(&self) -> bool {
        self.selinux
    }

    /// Runs a command to its end, whatever its exit code.
    pub fn run(&self, command: &Command) -> Result<Output> {
        if self.only_looks {
            return self.ask(command);
        }
        if let Some(controller) = self.controller.as_ref().filter(|_| controller::is_for(command)) {
            return controller.fetch(command);
        }
        let fenced = if self.looks.get() && Fence::is_for(command) {
            let mut fence = self.fence.borrow_mut();
            let fence = fence.get_or_insert_with(Fence::raise).as_ref();
            Some(fence.map_or_else(|| Fence::without(command), |fence| fence.around(command)))
        } else {
            None
        };
        let fenced = fenced.as_ref().unwrap_or(command);
        run::run(fenced, &self.identity, &self.env.borrow())
    }

    /// Runs a command that answers everybody alike, with nothing around it that whoever started this process could have set.
    fn ask(&self, command: &Command) -> Result<Output> {
        looking::alike(command)?;
        let mut env: Vec<_> = looking::environment(&self.identity).into_iter().collect();
        env.extend(self.env.borrow().iter().cloned());
        let command = Command { cwd: Some("/".into()), ..command.clone() };
        let output = run::alone(&command, &self.identity, &env)?;
        looking::answered(&command, output)
    }

    /// Says whether commands only look from now on: what package managers write for themselves must not stay then.
    pub fn set_looks(&self, looks: bool) {
        self.looks.set(looks);
        if !looks {
            self.fence.borrow_mut().take();
        }
    }

    /// Runs commands in order and fails at the first that fails.
    pub fn run_all(&self, commands: &[Command]) -> Result<Vec<Output>> {
        commands.iter().map(|command| run::checked(command, self.run(command)?)).collect()
    }
}

/// The mask of this process. Linux 4.7 tells it; before, it can only be read by setting it, which every thread sees.
fn own_umask() -> u32 {
    let status = std::fs::read_to_string(STATUS).unwrap_or_default();
    let told = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    told.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok()).unwrap_or_else(|| {
        let umask = rustix::process::umask(Mode::empty());
        rustix::process::umask(umask);
        umask.bits()
    })
}

impl Default for Real {
    fn default() -> Self {
        Self::new()
    }
}

impl Host for Real {
    fn identity(&self) -> &User {
        &self.identity
    }

    fn clock(&self) -> Clock {
        *self.clock.get_or_init(|| {
            if env::var_os("TZ").is_none() && !Path::new("/etc/localtime").exists() {
                return Clock::default();
            }
            let zone = self.run(&Command::new(["date", "+%z"])).unwrap_or_default();
            Clock::from_zone(&zone.text()).unwrap_or_default()
        })
    }

    fn variable(&self, name: &str) -> Option<String> {
        let set = self.env.borrow();
        let set = set.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        set.or_else(|| match self.only_looks {
            true => looking::environment(&self.identity).remove(name),
            false => env::var(name).ok(),
        })
    }

    fn umask(&self) -> u32 {
        self.umask
    }

    fn look(&self, path: &Path) -> Result<Look> {
        files::look(path, &mut self.accounts.borrow_mut(), self.selinux)
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        if self.only_looks && path == Path::new(STATUS) {
            return Err(Stop::Unknown(Why("what the process of root would be".into())));
        }
        files::content(path)
    }

    fn fingerprint(&self, path: &Path) -> Result<Blob> {
        files::fingerprint(path)
    }

    fn checksum(&self, path: &Path, algorithm: Algorithm) -> Result<String> {
        files::checksum(path, algorithm)
    }

    fn flags(&self, path: &Path) -> Result<Option<u32>> {
        Ok(files::flags(path))
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        files::list(path)
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        Ok(self.accounts.borrow_mut().user(name))
    }

    fn user_by_id(&self, id: u32) -> Result<Option<User>> {
        Ok(self.accounts.borrow_mut().user_by_id(id))
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        Ok(self.accounts.borrow_mut().group(name))
    }

    fn group_by_id(&self, id: u32) -> Result<Option<Group>> {
        Ok(self.accounts.borrow_mut().group_by_id(id))
    }

    fn groups(&self) -> Result<Vec<Group>> {
        Ok(self.accounts.borrow_mut().groups())
    }

    fn installed(&self, manager: Manager) -> Result<Arc<Installed>> {
        packages::installed(self, manager)
    }

    fn unit(&self, name: &str, scope: Scope) -> Result<Unit> {
        units::unit(self, name, scope)
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        self.run(&command.clone().env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8"))
    }

    fn sort(&self, path: &Path) -> Result<Output> {
        if self.only_looks {
            return self.probe(&looking::sorts(path)?);
        }
        let answer = self.sorter.borrow_mut().sort(path);
        answer.map_or_else(|| self.probe(&Command::sorts(path)), Ok)
    }

    fn program(&self, name: &str) -> Result<Option<PathBuf>> {
        // Whoever only looks may find it and not run it, as with any other.
        if name == controller::PROGRAM {
            return Ok(self.controller.as_ref().map(|_| name.into()));
        }
        if self.only_looks {
            let search = self.variable("PATH").unwrap_or_default();
            return Ok(run::find(name, &search, looking::runs));
        }
        Ok(run::program(name, &self.env.borrow()))
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        self.bytes(blob).ok_or(Stop::Need(blob.digest))
    }

    fn variables(&self) -> Vec<(String, String)> {
        let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
        let mut all: BTreeMap<_, _> = match self.only_looks {
            true => looking::environment(&self.identity),
            false => env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
        };
        all.extend(self.env.borrow().iter().cloned());
        all.into_iter().collect()
    }

    fn space(&self, path: &Path) -> Option<Space> {
        let told = rustix::fs::statvfs(path).ok()?;
        Some(Space {
            block_size: told.f_bsize,
            fragment_size: told.f_frsize,
            blocks: told.f_blocks,
            blocks_free: told.f_bfree,
            blocks_available: told.f_bavail,
            inodes: told.f_files,
            inodes_free: told.f_ffree,
            inodes_available: told.f_favail,
        })
    }

    fn network(&self) -> Result<Network> {
        network::network()
    }

    fn just_refreshed(&self, manager: Manager) -> bool {
        self.refreshed.get() == Some(manager)
    }

    fn unsettled(&self) -> Option<Why> {
        None
    }
}
