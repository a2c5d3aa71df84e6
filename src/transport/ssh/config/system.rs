//! What configuration needs of this machine: files, the environment, who runs us, and OpenSSH's own opinion.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::transport::ssh::config::file::Files;

/// Who runs converge, and where their things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The user's number.
    pub uid: u32,
    /// The home folder, in which `.ssh` is.
    pub home: PathBuf,
    /// The socket of the agent: `SSH_AUTH_SOCK`.
    pub agent: Option<PathBuf>,
    /// The name of this machine.
    pub machine: String,
}

/// All that resolving an endpoint asks of the outside.
pub(super) trait System: Files {
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// The output of `ssh -G` with these arguments; `Ok(None)` where there is no `ssh`, its complaint as the error.
    fn ssh(&self, arguments: &[String]) -> Result<Option<String>, String>;
}

/// The real one.
pub(super) struct Disk;

impl User {
    /// The user of this process. `HOME` counts before the user database, as it does in shells.
    pub fn current() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let account = accounts
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.get(2).is_some_and(|number| *number == uid.to_string()));
        let field = |at: usize| {
            account.as_ref().and_then(|fields| fields.get(at)).map(|field| (*field).to_owned())
        };
        let name = field(0).or_else(|| env::var("USER").ok()).unwrap_or_else(|| uid.to_string());
        let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        Self {
            name,
            uid,
            home: home
                .or_else(|| field(5).map(PathBuf::from))
                .unwrap_or_else(|| PathBuf::from("/")),
            agent: env::var_os("SSH_AUTH_SOCK")
                .filter(|socket| !socket.is_empty())
                .map(PathBuf::from),
            machine: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        }
    }
}

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

impl System for Disk {
    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn ssh(&self, arguments: &[String]) -> Result<Option<String>, String> {
        let run = Command::new("ssh").arg("-G").args(arguments).stdin(Stdio::null()).output();
        match run {
            Ok(output) if output.status.success() => {
                Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
            }
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::User;

    #[test]
    fn the_current_user_has_a_name_and_a_home() {
        let user = User::current();
        assert!(!user.name.is_empty());
        assert!(user.home.is_absolute());
        assert!(!user.machine.is_empty());
    }
}
