//! A machine that exists in memory only: what scenarios plan on and apply to.
//!
//! It is an overlay over a machine with nothing on it. Performing a change is believing what the change says of itself, so a
//! scenario shows what the modules ask for, and nothing of how the real machine takes it.

mod bare;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crate::blob::{Blob, Digest};
use crate::change::{Change, FileKind, FileState};
use crate::clock::Clock;
use crate::data::{Data, Map};
use crate::host::expected::{Expected, UnitExpect};
use crate::host::machine::Machine;
use crate::host::memory::bare::Bare;
use crate::host::overlay::{Overlay, assume};
use crate::host::{
    Command, Group, Host, Installed, Look, Manager, Node, Output, Principal, Scope, Unit, User,
};
use crate::stop::{Failure, Result, Stop, Why};

/// The folders that every machine has.
const FOLDERS: &[&str] = &[
    "/bin",
    "/etc",
    "/home",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/usr",
    "/usr/bin",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/var",
    "/var/lib",
    "/var/log",
];

/// A machine in memory.
pub struct Memory {
    bare: Bare,
    state: Expected,
    outputs: Vec<(String, Output)>,
    blobs: RefCell<HashMap<Digest, Arc<[u8]>>>,
    env: Vec<(String, String)>,
}

impl Memory {
    /// A machine with the usual folders and with root, whom everything happens as.
    pub fn new() -> Self {
        let root = account("root", 0, "/root", "/bin/bash");
        let mut memory = Self {
            bare: Bare { root: root.clone() },
            state: Expected::default(),
            outputs: Vec::new(),
            blobs: RefCell::default(),
            env: Vec::new(),
        };
        memory.add_user(root);
        for folder in FOLDERS {
            memory.add(folder, FileKind::Dir, 0o755, "root");
        }
        memory.add("/tmp", FileKind::Dir, 0o1777, "root");
        memory.add_program("/bin/sh");
        memory.add_program("/bin/bash");
        memory
    }

    /// Adds a file, and the directories that it is in.
    #[must_use]
    pub fn with_file(mut self, path: &str, text: &str, mode: u32, owner: &str) -> Self {
        let blob = Blob::new(text.as_bytes());
        self.add(path, FileKind::File(blob), mode, owner);
        self
    }

    /// Adds a directory, and those that it is in.
    #[must_use]
    pub fn with_dir(mut self, path: &str, mode: u32, owner: &str) -> Self {
        self.add(path, FileKind::Dir, mode, owner);
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn with_link(mut self, path: &str, target: &str) -> Self {
        self.add(path, FileKind::Link(target.into()), 0o777, "root");
        self
    }

    /// Adds an account with a group of its own.
    #[must_use]
    pub fn with_user(mut self, name: &str, uid: u32) -> Self {
        self.add_user(account(name, uid, &format!("/home/{name}"), "/bin/bash"));
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, name: &str, gid: u32, members: &[&str]) -> Self {
        let members = members.iter().map(ToString::to_string).collect();
        let group = Group { name: name.into(), gid: Some(gid), members };
        self.state.groups.insert(name.into(), Some(group));
        self
    }

    /// Adds a package.
    #[must_use]
    pub fn with_package(mut self, manager: Manager, name: &str, version: &str) -> Self {
        self.state.packages.insert((manager, name.into()), Some(version.into()));
        self
    }

    /// Adds a unit of the system. `name` has its suffix.
    #[must_use]
    pub fn with_unit(mut self, name: &str, active: bool, enabled: bool) -> Self {
        let unit = UnitExpect {
            exists: true,
            active: Some(active),
            enabled: Some(enabled),
            masked: Some(false),
            doubt: None,
        };
        self.state.units.insert((Scope::System, name.into()), unit);
        self
    }

    /// Says which system it is, in os-release(5).
    #[must_use]
    pub fn with_os(self, id: &str, version: &str) -> Self {
        let text = format!("ID={id}\nVERSION_ID=\"{version}\"\nPRETTY_NAME=\"{id} {version}\"\n");
        self.with_file("/etc/os-release", &text, 0o644, "root")
    }

    /// Says what comes out of a command, by how it is shown (see [`Command::shown`]).
    #[must_use]
    pub fn with_output(mut self, shown: &str, rc: i32, stdout: &str) -> Self {
        let output = Output { rc, stdout: stdout.into(), ..Output::default() };
        self.outputs.push((shown.into(), output));
        let program = shown.split(' ').next().unwrap_or_default();
        if !program.contains('/') {
            self.add_program(&format!("/usr/bin/{program}"));
        }
        self
    }

    /// Says how a command fails, by how it is shown, and what it writes to standard error.
    #[must_use]
    pub fn with_error(mut self, shown: &str, rc: i32, stderr: &str) -> Self {
        let output = Output { rc, stderr: stderr.into(), ..Output::default() };
        self.outputs.push((shown.into(), output));
        self
    }

    fn add(&mut self, path: &str, kind: FileKind, mode: u32, owner: &str) {
        let path = PathBuf::from(path);
        let above: Vec<PathBuf> = path.ancestors().skip(1).map(Path::to_path_buf).collect();
        for folder in above.into_iter().rev() {
            if folder != Path::new("/") && !self.state.files.contains_key(&folder) {
                self.state.files.insert(folder, Some(self.owned(FileKind::Dir, 0o755, "root")));
            }
        }
        let state = self.owned(kind, mode, owner);
        self.state.files.insert(path, Some(state));
    }

    fn add_program(&mut self, path: &str) {
        self.add(path, FileKind::File(Blob::new(&b""[..])), 0o755, "root");
    }

    fn owned(&self, kind: FileKind, mode: u32, owner: &str) -> FileState {
        let user = self.state.users.get(owner).and_then(Option::as_ref);
        let unknown = Principal { name: owner.into(), id: None };
        FileState {
            mode: (!matches!(kind, FileKind::Link(_))).then_some(mode),
            owner: Some(user.map_or(unknown.clone(), User::principal)),
            group: Some(user.map_or(unknown, |user| user.group.clone())),
            ..FileState::of(kind)
        }
    }

    fn add_user(&mut self, user: User) {
        let group =
            Group { name: user.group.name.clone(), gid: user.group.id, members: Vec::new() };
        self.state.groups.entry(group.name.clone()).or_insert(Some(group));
        self.state.users.insert(user.name.clone(), Some(user));
    }

    fn overlay(&self) -> Overlay<'_> {
        Overlay { base: &self.bare, expected: &self.state }
    }

    fn output(&self, command: &Command) -> Option<&Output> {
        let shown = command.shown();
        self.outputs.iter().find(|(known, _)| *known == shown).map(|(_, output)| output)
    }

    fn said(&self, shown: &str, command: &Command) -> Result<Output> {
        let by_words = || self.outputs.iter().find(|(known, _)| known == shown);
        match self.output(command).or_else(|| by_words().map(|(_, output)| output)) {
            Some(output) => Ok(output.clone()),
            None => Err(Stop::failed(format!("the scenario does not say what `{shown}` prints"))),
        }
    }

    /// What has happened leaves nothing open, and everybody has a number.
    fn settle(&mut self) {
        let state = &mut self.state;
        state.pending.clear();
        state.settled.clear();
        state.offers.clear();
        for (path, doubt) in std::mem::take(&mut state.doubtful) {
            let made = doubt.exists.then(|| FileState::of(FileKind::File(Blob::new(&b""[..]))));
            state.files.insert(path, made);
        }
        let mut next =
            1 + state.users.values().flatten().filter_map(|user| user.uid).fold(999, u32::max);
        let groups = state.groups.values().flatten().filter_map(|group| group.gid);
        next = groups.fold(next, |next, gid| next.max(gid + 1));
        for user in state.users.values_mut().flatten().filter(|user| user.uid.is_none()) {
            user.uid = Some(next);
            user.group.id = user.group.id.or(Some(next));
            next += 1;
        }
        for group in state.groups.values_mut().flatten().filter(|group| group.gid.is_none()) {
            group.gid = Some(next);
            next += 1;
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Memory {
    fn perform(&mut self, change: &Change) -> Result<Map> {
        let mut told = Map::new();
        match change {
            Change::Run(run) => {
                let output = self.said(&run.shown, &run.command)?;
                let stamp = self.clock().stamp(UNIX_EPOCH);
                told = run.results(&output, &stamp, &stamp);
                if !output.ok() {
                    let msg = "non-zero return code".into();
                    return Err(Stop::Failed(Failure { msg, results: told }));
                }
            }
            Change::Cache(cache) if self.output(&cache.command).is_some_and(|it| !it.ok()) => {
                return Err(Stop::failed("the package lists can't be refreshed"));
            }
            Change::Wait(_) => {
                told.insert("elapsed".into(), 0_i64.into());
                told.insert("match_groups".into(), Data::List(Vec::new()));
                told.insert("match_groupdict".into(), Map::new().into());
            }
            Change::File(file) => {
                let after = file.after.as_ref().map(|after| &after.kind);
                if let Some(FileKind::File(blob)) = after {
                    self.fetch(blob)?;
                }
            }
            _ => {}
        }
        assume(&self.bare, &mut self.state, std::slice::from_ref(change))?;
        self.settle();
        Ok(told)
    }

    fn set_env(&mut self, env: &[(String, String)]) {
        self.env = env.to_vec();
    }

    fn keep(&mut self, bytes: Arc<[u8]>) {
        self.blobs.borrow_mut().insert(Digest::of(&bytes), bytes);
    }
}

impl Host for Memory {
    fn identity(&self) -> &User {
        &self.bare.root
    }

    fn clock(&self) -> Clock {
        Clock::default()
    }

    fn variable(&self, name: &str) -> Option<String> {
        let set = self.env.iter().rev().find(|(key, _)| key == name);
        set.map(|(_, value)| value.clone())
    }

    fn umask(&self) -> u32 {
        self.bare.umask()
    }

    fn look(&self, path: &Path) -> Result<Look> {
        let overlay = self.overlay();
        let times = match self.state.files.get(&overlay.place(path)?) {
            Some(Some(FileState { times, .. })) => *times,
            _ => None,
        };
        // Nothing gets older here while a scenario lasts.
        let (accessed, modified) = times.unwrap_or((UNIX_EPOCH, UNIX_EPOCH));
        Ok(match overlay.look(path)? {
            Look::Is(node) => Look::Is(Node { accessed, modified, changed: UNIX_EPOCH, ..node }),
            other => other,
        })
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        let (at, look) = self.resolve(path)?;
        let place = self.overlay().place(&at)?;
        // The bytes of a large content came by themselves.
        if let (Look::Is(_), Some(Some(FileState { kind: FileKind::File(blob), .. }))) =
            (look, self.state.files.get(&place))
        {
            return Ok(Blob { bytes: Some(self.fetch(blob)?), ..blob.clone() });
        }
        self.overlay().content(path)
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        self.overlay().list(path)
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        self.overlay().user(name)
    }

    fn user_by_id(&self, id: u32) -> Result<Option<User>> {
        self.overlay().user_by_id(id)
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        self.overlay().group(name)
    }

    fn group_by_id(&self, id: u32) -> Result<Option<Group>> {
        self.overlay().group_by_id(id)
    }

    fn groups(&self) -> Result<Vec<Group>> {
        self.overlay().groups()
    }

    fn installed(&self, manager: Manager) -> Result<Arc<Installed>> {
        self.overlay().installed(manager)
    }

    fn unit(&self, name: &str, scope: Scope) -> Result<Unit> {
        // A unit file on this machine was there before anybody looked, so systemd has read it.
        Ok(Unit { needs_reload: false, ..self.overlay().unit(name, scope)? })
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        self.said(&command.shown(), command)
    }

    fn planned(&self, name: &str) -> Result<Option<Option<String>>> {
        Ok(self.state.values.get(name).cloned())
    }

    fn program(&self, name: &str) -> Result<Option<PathBuf>> {
        self.overlay().program(name)
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        let kept = || self.blobs.borrow().get(&blob.digest).cloned();
        blob.bytes.clone().or_else(kept).ok_or(Stop::Need(blob.digest))
    }

    fn unsettled(&self) -> Option<Why> {
        None
    }
}

fn account(name: &str, id: u32, home: &str, shell: &str) -> User {
    User {
        name: name.into(),
        uid: Some(id),
        group: Principal { name: name.into(), id: Some(id) },
        comment: String::new(),
        home: home.into(),
        shell: shell.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::answer::Answerer;
    use crate::data::{Data, Map};
    use crate::host::{Host, Manager};
    use crate::wire::{Ask, Call, Done, Reply};

    const DO: Ask = Ask::Perform { gate: false, reviewed: None };

    fn ask(
        answerer: &mut Answerer<Memory>,
        how: &Ask,
        module: &str,
        args: &[(&str, Data)],
    ) -> Reply {
        let args: Map = args.iter().map(|(key, data)| ((*key).to_owned(), data.clone())).collect();
        let call = Call { module: module.into(), args, env: Vec::new() };
        answerer.answer(how, &call).unwrap()
    }

    #[track_caller]
    fn done(reply: Reply) -> Done {
        match reply {
            Reply::Done(done) => done,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_done_stays_done() {
        let memory = Memory::new()
            .with_os("debian", "12")
            .with_user("app", 1000)
            .with_file("/etc/app/conf", "a=1\n", 0o640, "app")
            .with_link("/etc/alias", "app/conf")
            .with_package(Manager::Apt, "nginx", "1.22")
            .with_unit("nginx.service", true, false);
        let mut answerer = Answerer::new(memory);
        let line = [("path", "/etc/alias".into()), ("line", "b=2".into())];
        assert!(done(ask(&mut answerer, &DO, "lineinfile", &line)).changed);
        assert!(!done(ask(&mut answerer, &DO, "lineinfile", &line)).changed);
        let stat = done(ask(&mut answerer, &DO, "stat", &[("path", "/etc/app/conf".into())]));
        let stat = stat.results["stat"].as_map().unwrap();
        assert_eq!((&stat["mode"], &stat["pw_name"]), (&"0640".into(), &"app".into()));
        assert_eq!(stat["size"], Data::Int(8));
        assert!(answerer.machine.unit("nginx.service", crate::host::Scope::System).unwrap().active);
        assert_eq!(answerer.machine.installed(Manager::Apt).unwrap()["nginx"], "1.22");
    }

    #[test]
    fn commands_print_what_the_scenario_says() {
        let memory =
            Memory::new().with_output("uptime -p", 0, "up 1 day\n").with_output("false", 1, "");
        let mut answerer = Answerer::new(memory);
        let up = done(ask(&mut answerer, &Ask::Probe, "command", &[("cmd", "uptime -p".into())]));
        assert_eq!(up.results["stdout"], Data::from("up 1 day"));
        let args = [("cmd", "false".into())];
        assert!(matches!(ask(&mut answerer, &DO, "command", &args), Reply::Failed(..)));
        let shell = [("cmd", "unknown | words".into())];
        match ask(&mut answerer, &DO, "shell", &shell) {
            Reply::Failed(failure, _) => {
                assert_eq!(failure.msg, "the scenario does not say what `unknown | words` prints");
            }
            other => panic!("{other:?}"),
        }
    }
}
