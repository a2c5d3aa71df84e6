//! A project in a folder of its own with a home of its own, and running converge in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use xtask::fleet::host::Host;

use crate::terminal::{Terminal, Typed};

/// What a run may take; a run that hangs fails its test instead of all tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// A git-versioned project, and the home of who runs it.
pub(crate) struct Project {
    folder: TempDir,
}

/// converge about to be run.
pub(crate) struct Call {
    program: PathBuf,
    args: Vec<String>,
    env: Vec<(String, String)>,
    folder: PathBuf,
    home: PathBuf,
    /// What is typed, on a terminal; without one if there is none.
    typed: Option<Vec<Typed>>,
    patience: Duration,
}

/// What came of it. Its exit code has to be looked at.
#[must_use = "look at the exit code with `exits`"]
#[derive(Debug)]
pub(crate) struct Ran(Seen);

/// What came of it, with the exit code looked at.
#[derive(Debug)]
pub(crate) struct Seen {
    words: String,
    code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| env!("CARGO_BIN_EXE_converge").into());

impl Project {
    /// A project with these files, committed. The home knows the hosts as the fleet made them.
    pub(crate) fn new(hosts: &[&Host], files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(project.home().join(".ssh")).unwrap();
        fs::set_permissions(project.home().join(".ssh"), fs::Permissions::from_mode(0o700))
            .unwrap();
        let mut inventory = String::new();
        for host in hosts {
            inventory.push_str(&format!("{} ansible_host={}\n", host.name, host.ipv4));
        }
        project.write("inventory/test", &inventory);
        project.write(".gitignore", "*.retry\n");
        if let Some(host) = hosts.first() {
            project.ssh_config(host, "");
        }
        for (path, text) in files {
            project.write(path, text);
        }
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.commit();
        project
    }

    /// Like [`new`](Self::new), with one playbook for all of the hosts: these tasks, without facts.
    pub(crate) fn tasks(hosts: &[&Host], tasks: &str) -> Self {
        Self::new(hosts, &[("playbooks/site.yml", &play(tasks))])
    }

    /// The folder of the project.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The home of who runs it.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let whole = self.folder().join(path);
        fs::create_dir_all(whole.parent().unwrap()).unwrap();
        fs::write(&whole, text).unwrap();
        whole
    }

    /// Writes a file of the home that nobody else may read.
    pub(crate) fn keep(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let whole = self.home().join(path);
        fs::write(&whole, text).unwrap();
        fs::set_permissions(&whole, fs::Permissions::from_mode(0o600)).unwrap();
        whole
    }

    /// Writes `~/.ssh/config`: the fleet's defaults, after what is given here and wins.
    pub(crate) fn ssh_config(&self, host: &Host, first: &str) {
        let (key, known) = (host.ssh_key.display(), host.known_hosts.display());
        let text = format!(
            "{first}\nHost *\n  User root\n  IdentityFile {key}\n  IdentitiesOnly yes\n  \
             ConnectTimeout 60\n  UserKnownHostsFile {known}\n  GlobalKnownHostsFile /dev/null\n  \
             StrictHostKeyChecking yes\n"
        );
        self.keep(".ssh/config", text);
    }

    /// Commits everything.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "as it is"]);
    }

    /// Runs git in the project and gives what it printed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Tester", "-c", "user.email=tester@example.org"])
            .args(args)
            .current_dir(self.folder())
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// converge, in the folder of the project.
    pub(crate) fn converge(&self, args: &[&str]) -> Call {
        Call {
            program: PROGRAM.clone(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: Vec::new(),
            folder: self.folder(),
            home: self.home(),
            typed: None,
            patience: PATIENCE,
        }
    }

    /// Plans: `-i test --check` and these.
    pub(crate) fn check(&self, args: &[&str]) -> Ran {
        self.converge(&["-i", "test", "--check"]).args(args).run()
    }

    /// Plans, and reads the document.
    #[track_caller]
    pub(crate) fn plan(&self, code: i32) -> Value {
        self.check(&["--format", "json"]).exits(code).json()
    }

    /// Applies: `-i test --yes` and these.
    pub(crate) fn apply(&self, args: &[&str]) -> Ran {
        self.converge(&["-i", "test", "--yes"]).args(args).run()
    }

    /// Applies everything and then plans and applies again, where nothing may be left to do.
    #[track_caller]
    pub(crate) fn converges(&self) -> Seen {
        let applied = self.apply(&[]).exits(0);
        self.check(&[]).exits(0).says("No changes.");
        let again = self.apply(&[]).exits(0);
        assert!(!again.out.contains("changed=1"), "{again}");
        applied
    }
}

/// One play for all hosts with these tasks, without facts.
pub(crate) fn play(tasks: &str) -> String {
    format!("- hosts: all\n  gather_facts: false\n  tasks:\n{}", indent(tasks, 4))
}

/// A text moved to the right.
pub(crate) fn indent(text: &str, by: usize) -> String {
    let text = dedent(text);
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("{:by$}{line}\n", ""),
    });
    lines.collect()
}

/// A text moved to the left as far as it goes, without empty lines around it.
pub(crate) fn dedent(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let by = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<&str> = text.lines().map(|line| line.get(by..).unwrap_or("")).collect();
    lines.join("\n").trim_matches('\n').to_owned() + "\n"
}

impl Call {
    /// Adds arguments.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Lets it take this long: packages are downloaded, by several hosts at once.
    pub(crate) fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs in another folder than the project's.
    pub(crate) fn at(mut self, folder: &Path) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// Runs another name of the program.
    pub(crate) fn program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// Runs on a terminal, where this line is typed once `after` is shown.
    pub(crate) fn typing(self, after: &str, line: &str) -> Self {
        self.typed(after, line, false)
    }

    /// Likewise, once the terminal does not show any more what is typed.
    pub(crate) fn typing_unseen(self, after: &str, line: &str) -> Self {
        self.typed(after, line, true)
    }

    fn typed(mut self, after: &str, line: &str, unseen: bool) -> Self {
        let typed = Typed { after: after.to_owned(), line: line.to_owned(), unseen };
        self.typed.get_or_insert_default().push(typed);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ran {
        let words = self.words();
        let terminal = self.typed.is_some().then(Terminal::new);
        let (mut child, mut output) = match &terminal {
            Some(terminal) => (terminal.start(&mut self.command()), None),
            None => (self.start(), Some(())),
        };
        let (id, patience) = (child.id(), self.patience);
        let (done, ended) = channel::<()>();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(patience).is_err() {
                // The child has not been waited for, so the number is still its own.
                drop(Command::new("kill").args(["-KILL", "--", &id.to_string()]).status());
            }
        });
        let output = match (&terminal, output.take()) {
            (Some(terminal), _) => {
                let stdout = terminal.watch(&self.typed.unwrap_or_default());
                Output { status: child.wait().unwrap(), stdout, stderr: Vec::new() }
            }
            _ => child.wait_with_output().unwrap(),
        };
        drop((done.send(()), watch.join()));
        Ran::new(words, &output)
    }

    /// Starts it without a terminal, its output to be read.
    pub(crate) fn start(&self) -> Child {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn command(&self) -> Command {
        let mut command = if self.typed.is_some() {
            let mut command = Command::new("setsid");
            command.args(["--ctty", "--wait", "--"]).arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        command.args(&self.args);
        command.env_clear().env("HOME", &self.home).env("LANG", "C.UTF-8").env("TERM", "dumb");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder);
        command
    }

    fn words(&self) -> String {
        format!("converge {}", self.args.join(" "))
    }
}

impl Ran {
    fn new(words: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self(Seen {
            words,
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        })
    }

    /// It must have ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Seen {
        assert_eq!(self.0.code, Some(code), "{}", self.0);
        self.0
    }
}

impl std::ops::Deref for Ran {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.0
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Seen {
    /// Whether it ended with this exit code.
    pub(crate) fn ended_with(&self, code: i32) -> bool {
        self.code == Some(code)
    }

    /// It must have said this, on either output.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.heard(text), "it should say `{text}`: {self}");
        self
    }

    /// It must not have said this.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        assert!(!self.heard(text), "it should not say `{text}`: {self}");
        self
    }

    /// The document that it printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The line of the recap about a host, in single blanks.
    #[track_caller]
    pub(crate) fn recap(&self, host: &str) -> String {
        let after = self.out.split("PLAY RECAP").nth(1).unwrap_or_default();
        let line = after.lines().find(|line| line.split_whitespace().next() == Some(host));
        let line = line.unwrap_or_else(|| panic!("no recap of {host}: {self}"));
        line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
    }

    fn heard(&self, text: &str) -> bool {
        self.out.contains(text) || self.err.contains(text)
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { words, code, out, err } = self;
        write!(formatter, "\n$ {words}\nexit code {code:?}\n--- out\n{out}\n--- err\n{err}")
    }
}
