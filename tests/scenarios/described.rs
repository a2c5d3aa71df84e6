//! A machine as a scenario describes it: one line a thing, everything else is absent.
//!
//! ```text
//! login deploy                                  whom connections log in as; root where nothing is said
//! file /etc/motd 0644 root:root = "hello\n"     mode and owner may be left out
//! dir /srv/app 0750
//! link /srv/current -> /srv/app
//! user deploy 1001
//! group web 200 deploy
//! unit nginx.service active enabled
//! run "uptime -p" => rc=0 out="up 3 days\n" err="" makes /run/x = "text"
//! unreachable "no route to host"
//! lost "the cable was cut"                      the connection ends when something is to be performed
//! ```

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use converge_host::blob::{Blob, Digest};
use converge_host::clock::Clock;
use converge_host::data::Map;
use converge_host::host::{
    Command, Existence, Group, Host, Installed, Look, Manager, Node, NodeKind, Output, Principal,
    Scope, Unit, User,
};
use converge_host::stop::{Result, Stop, Why};

/// A machine at rest.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    /// Whom connections log in as.
    pub(crate) login: String,
    /// Why it can't be reached.
    pub(crate) unreachable: Option<String>,
    /// Why the connection is lost when something is to be performed.
    pub(crate) lost: Option<String>,
    /// What commands do.
    pub(crate) scripts: Vec<Script>,
    /// Whom requests run as now.
    pub(crate) identity: User,
    nodes: BTreeMap<PathBuf, (Node, Option<Blob>)>,
    users: Vec<User>,
    groups: Vec<Group>,
    units: BTreeMap<String, (bool, bool)>,
    blobs: RefCell<HashMap<Digest, Arc<[u8]>>>,
}

/// What a command does, by its words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Script {
    /// As it would be typed.
    pub(crate) command: String,
    /// What comes out.
    pub(crate) output: Output,
    /// Files that it writes.
    pub(crate) makes: Vec<(PathBuf, String)>,
}

/// Directories that every machine has.
const FOLDERS: &[&str] =
    &["/", "/bin", "/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/var"];

/// Programs that every machine has.
const PROGRAMS: &[&str] = &["bash", "echo", "false", "sh", "true"];

impl Default for Described {
    fn default() -> Self {
        let mut machine = Self {
            login: "root".into(),
            unreachable: None,
            lost: None,
            scripts: Vec::new(),
            identity: account("root", 0),
            nodes: BTreeMap::new(),
            users: vec![account("root", 0)],
            groups: vec![Group { name: "root".into(), gid: Some(0), members: Vec::new() }],
            units: BTreeMap::new(),
            blobs: RefCell::default(),
        };
        for folder in FOLDERS {
            machine.place(Path::new(folder), NodeKind::Dir, 0o755, None, None);
        }
        for program in PROGRAMS {
            machine.program_at(&Path::new("/bin").join(program));
        }
        machine
    }
}

impl Described {
    /// Reads a description.
    pub(crate) fn read(text: &str) -> std::result::Result<Self, String> {
        let mut machine = Self::default();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            machine.line(line).ok_or_else(|| format!("can't read `{line}` of a host"))?;
        }
        machine.identity = machine
            .users
            .iter()
            .find(|user| user.name == machine.login)
            .cloned()
            .ok_or_else(|| format!("`{}` logs in and has no account", machine.login))?;
        Ok(machine)
    }

    /// Keeps the bytes of a content.
    pub(crate) fn keep(&self, bytes: Arc<[u8]>) {
        self.blobs.borrow_mut().insert(Digest::of(&bytes), bytes);
    }

    /// The account of a name.
    pub(crate) fn account(&self, name: &str) -> Option<User> {
        self.users.iter().find(|user| user.name == name).cloned()
    }

    /// The highest number of an account or group.
    pub(crate) fn highest_id(&self) -> u32 {
        let users = self.users.iter().filter_map(|user| user.uid);
        users.chain(self.groups.iter().filter_map(|group| group.gid)).max().unwrap_or(0)
    }

    /// Runs a command: one of the scripts, or one of the few that every machine has.
    pub(crate) fn run(&self, command: &Command) -> (Output, Vec<(PathBuf, String)>) {
        let words = match command.argv.as_slice() {
            [shell, flag, text] if shell.ends_with("sh") && flag == "-c" => text.clone(),
            argv => argv.join(" "),
        };
        if let Some(script) = self.scripts.iter().find(|script| script.command == words) {
            return (script.output.clone(), script.makes.clone());
        }
        let output = |rc: i32, stdout: String, stderr: String| Output {
            rc,
            stdout: stdout.into_bytes(),
            stderr: stderr.into_bytes(),
            took: Duration::ZERO,
        };
        let (name, rest) = words.split_once(' ').unwrap_or((&words, ""));
        let output = match name {
            "true" => output(0, String::new(), String::new()),
            "false" => output(1, String::new(), String::new()),
            "echo" => output(0, format!("{}\n", rest.replace(['"', '\''], "")), String::new()),
            "exit" => output(rest.parse().unwrap_or(2), String::new(), String::new()),
            _ => output(127, String::new(), format!("sh: {name}: not found")),
        };
        (output, Vec::new())
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        let (head, text) = match rest.split_once(" = ") {
            Some((head, text)) if word == "file" => (head, unquote(text)?),
            _ => (rest, String::new()),
        };
        let mut words = head.split_whitespace();
        match word {
            "login" => self.login = words.next()?.to_owned(),
            "unreachable" => self.unreachable = Some(unquote(rest)?),
            "lost" => self.lost = Some(unquote(rest)?),
            "file" | "dir" => {
                let path = PathBuf::from(words.next()?);
                let (mut mode, mut owner) = (None, None);
                for word in words {
                    match word.split_once(':') {
                        Some((user, group)) => owner = Some((user.to_owned(), group.to_owned())),
                        None => mode = Some(u32::from_str_radix(word, 8).ok()?),
                    }
                }
                let file = word == "file";
                let kind = if file { NodeKind::File } else { NodeKind::Dir };
                let usual = if file { 0o644 } else { 0o755 };
                let content = file.then(|| Blob::new(text.as_bytes()));
                self.place(&path, kind, mode.unwrap_or(usual), owner, content);
            }
            "link" => {
                let (path, target) = rest.split_once(" -> ")?;
                self.place(Path::new(path), NodeKind::Link(target.into()), 0o777, None, None);
            }
            "user" => {
                let (name, id) = (words.next()?, words.next()?.parse().ok()?);
                self.users.push(account(name, id));
                self.groups.push(Group { name: name.into(), gid: Some(id), members: Vec::new() });
            }
            "group" => {
                let (name, id) = (words.next()?, words.next()?.parse().ok()?);
                let members = words.map(str::to_owned).collect();
                self.groups.push(Group { name: name.into(), gid: Some(id), members });
            }
            "unit" => {
                let name = words.next()?.to_owned();
                let states: Vec<&str> = words.collect();
                let state = (states.contains(&"active"), states.contains(&"enabled"));
                self.units.insert(name, state);
            }
            "run" => {
                let script = script(rest)?;
                let program = script.command.split(' ').next()?;
                let program = Path::new("/usr/bin").join(program);
                self.program_at(&program);
                self.scripts.push(script);
            }
            _ => return None,
        }
        Some(())
    }

    fn place(
        &mut self,
        path: &Path,
        kind: NodeKind,
        mode: u32,
        owner: Option<(String, String)>,
        content: Option<Blob>,
    ) {
        if let Some(parent) = path.parent()
            && !self.nodes.contains_key(parent)
        {
            self.place(parent, NodeKind::Dir, 0o755, None, None);
        }
        let (user, group) = owner.unwrap_or_else(|| ("root".into(), "root".into()));
        let long_ago = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let node = Node {
            kind,
            mode,
            owner: self.principal(&user, false),
            group: self.principal(&group, true),
            size: content.as_ref().map_or(4096, |blob| blob.size),
            modified: long_ago,
            accessed: long_ago,
            changed: long_ago,
            inode: u64::try_from(self.nodes.len()).unwrap_or(0) + 1,
            device: 1,
            links: 1,
            block_size: 4096,
            blocks: 8,
            stands_for: 0,
            selinux: None,
        };
        self.nodes.insert(path.to_path_buf(), (node, content));
    }

    fn program_at(&mut self, path: &Path) {
        self.place(path, NodeKind::File, 0o755, None, Some(Blob::new(*b"program")));
    }

    fn principal(&self, name: &str, group: bool) -> Principal {
        let id = if group {
            self.groups.iter().find(|group| group.name == name).and_then(|group| group.gid)
        } else {
            self.users.iter().find(|user| user.name == name).and_then(|user| user.uid)
        };
        Principal { name: name.into(), id }
    }

    /// The path with symbolic links of its folders followed.
    fn real(&self, path: &Path) -> PathBuf {
        let mut at = PathBuf::new();
        for part in path.components() {
            if let Some((Node { kind: NodeKind::Link(target), .. }, _)) = self.nodes.get(&at) {
                at = at.parent().unwrap_or(Path::new("/")).join(target);
            }
            at.push(part);
        }
        at
    }
}

impl Host for Described {
    fn identity(&self) -> &User {
        &self.identity
    }

    fn clock(&self) -> Clock {
        Clock::default()
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "HOME").then(|| self.identity.home.clone())
    }

    fn umask(&self) -> u32 {
        0o022
    }

    fn look(&self, path: &Path) -> Result<Look> {
        let node = self.nodes.get(&self.real(path));
        Ok(node.map_or(Look::Absent, |(node, _)| Look::Is(node.clone())))
    }

    fn content(&self, path: &Path) -> Result<Blob> {
        let (at, _) = self.resolve(path)?;
        match self.nodes.get(&self.real(&at)) {
            Some((_, Some(blob))) => Ok(blob.clone()),
            _ => Err(Stop::failed(format!("can't read `{}`: no such file", path.display()))),
        }
    }

    fn list(&self, path: &Path) -> Result<Vec<String>> {
        let folder = self.real(&self.resolve(path)?.0);
        let below = self.nodes.keys().filter(|path| path.parent() == Some(&folder));
        Ok(below.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn user(&self, name: &str) -> Result<Option<User>> {
        Ok(self.account(name))
    }

    fn user_by_id(&self, id: u32) -> Result<Option<User>> {
        Ok(self.users.iter().find(|user| user.uid == Some(id)).cloned())
    }

    fn group(&self, name: &str) -> Result<Option<Group>> {
        Ok(self.groups.iter().find(|group| group.name == name).cloned())
    }

    fn group_by_id(&self, id: u32) -> Result<Option<Group>> {
        Ok(self.groups.iter().find(|group| group.gid == Some(id)).cloned())
    }

    fn groups(&self) -> Result<Vec<Group>> {
        Ok(self.groups.clone())
    }

    fn installed(&self, _manager: Manager) -> Result<Arc<Installed>> {
        Ok(Arc::default())
    }

    fn unit(&self, name: &str, _scope: Scope) -> Result<Unit> {
        let state = self.units.get(name);
        let (active, enabled) = state.copied().unwrap_or_default();
        let file_state = match state {
            None => "",
            Some(_) if enabled => "enabled",
            Some(_) => "disabled",
        };
        let mut properties = Map::new();
        let active_state = if active { "active" } else { "inactive" };
        properties.insert("ActiveState".into(), active_state.into());
        properties.insert("UnitFileState".into(), file_state.into());
        Ok(Unit {
            name: name.into(),
            exists: if state.is_some() { Existence::Yes } else { Existence::No },
            active,
            file_state: file_state.into(),
            needs_reload: false,
            properties,
        })
    }

    fn probe(&self, command: &Command) -> Result<Output> {
        Ok(self.run(command).0)
    }

    fn program(&self, name: &str) -> Result<Option<PathBuf>> {
        let folders = ["/usr/bin", "/bin"].map(Path::new);
        let candidates = folders.into_iter().map(|folder| folder.join(name));
        Ok(candidates.into_iter().find(|path| self.nodes.contains_key(path)))
    }

    fn fetch(&self, blob: &Blob) -> Result<Arc<[u8]>> {
        let kept = || self.blobs.borrow().get(&blob.digest).cloned();
        blob.bytes.clone().or_else(kept).ok_or(Stop::Need(blob.digest))
    }

    fn unsettled(&self) -> Option<Why> {
        None
    }
}

/// An account with its own group.
pub(crate) fn account(name: &str, id: u32) -> User {
    User {
        name: name.into(),
        uid: Some(id),
        group: Principal { name: name.into(), id: Some(id) },
        comment: String::new(),
        home: if id == 0 { "/root".into() } else { format!("/home/{name}") },
        shell: "/bin/sh".into(),
    }
}

/// When anything of a scenario happens.
pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// `"uptime -p" => rc=0 out="…" makes /path = "…"`.
fn script(text: &str) -> Option<Script> {
    let (command, mut rest) = text.split_once(" => ")?;
    let mut script =
        Script { command: unquote(command)?, output: Output::default(), makes: Vec::new() };
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("makes ") {
            let (path, after) = after.split_once(" = ")?;
            let (text, after) = quoted(after)?;
            script.makes.push((path.trim().into(), text));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("rc=") {
            let end = after.find(' ').unwrap_or(after.len());
            script.output.rc = after[..end].parse().ok()?;
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix("out=") {
            let (text, after) = quoted(after)?;
            script.output.stdout = text.into_bytes();
            rest = after;
        } else {
            let (text, after) = quoted(rest.strip_prefix("err=")?)?;
            script.output.stderr = text.into_bytes();
            rest = after;
        }
    }
    Some(script)
}

/// A text in JSON's quotes, alone on its line.
fn unquote(text: &str) -> Option<String> {
    let (text, rest) = quoted(text.trim())?;
    rest.trim().is_empty().then_some(text)
}

/// A text in JSON's quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut read = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = read.next()?.ok()?;
    let end = read.byte_offset();
    Some((value, &text[end..]))
}
