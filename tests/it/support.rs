//! A project in a folder of its own, and converge called in it with nothing of the machine around it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A project, a home and a state folder that go when the test ends.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// With these files, each a path and its text.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(project.root()).unwrap();
        fs::create_dir_all(project.home()).unwrap();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The file of the history.
    pub(crate) fn history(&self) -> PathBuf {
        self.folder.path().join("state/converge/history.sqlite")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Calls converge in the project's folder.
    pub(crate) fn converge(&self, line: &str) -> Output {
        self.call(Path::new(env!("CARGO_BIN_EXE_converge")), &self.root(), line)
    }

    /// Starts converge in the project's folder.
    pub(crate) fn start(&self, line: &str) -> Child {
        let program = Path::new(env!("CARGO_BIN_EXE_converge"));
        let mut command = self.command(program, &self.root(), line);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Calls converge with a variable of the environment.
    pub(crate) fn with_env(&self, name: &str, value: &str, line: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_converge"));
        self.command(program, &self.root(), line).env(name, value).output().unwrap()
    }

    /// Calls converge in a folder of the project.
    pub(crate) fn converge_in(&self, folder: &str, line: &str) -> Output {
        self.call(Path::new(env!("CARGO_BIN_EXE_converge")), &self.root().join(folder), line)
    }

    /// Calls converge by the name `ansible-playbook`.
    pub(crate) fn ansible_playbook(&self, line: &str) -> Output {
        let link = self.folder.path().join("ansible-playbook");
        if !link.exists() {
            symlink(env!("CARGO_BIN_EXE_converge"), &link).unwrap();
        }
        self.call(&link, &self.root(), line)
    }

    fn call(&self, program: &Path, here: &Path, line: &str) -> Output {
        self.command(program, here, line).output().unwrap()
    }

    fn command(&self, program: &Path, here: &Path, line: &str) -> Command {
        let mut command = Command::new(program);
        command
            .args(shlex::split(line).unwrap())
            .current_dir(here)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .env("XDG_STATE_HOME", self.folder.path().join("state"))
            .env("COLUMNS", "100")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// What was written and how it ended; folders, names of runs and times replaced by words.
    pub(crate) fn told(&self, output: &Output) -> String {
        let mut text = format!("exit code {}\n", output.status.code().unwrap());
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                text.push_str(&format!("--- {name}\n{}", std::str::from_utf8(bytes).unwrap()));
            }
        }
        text.replace(&self.folder.path().display().to_string(), "[TMP]")
    }
}

/// Standard output.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exit code.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}
