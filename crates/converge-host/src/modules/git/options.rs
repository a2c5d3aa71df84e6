//! How `git` is called.

use std::path::Path;

use crate::host::{Command, Host};
use crate::modules::files::absolute;
use crate::modules::git::Git;
use crate::stop::{Result, Stop};

impl Git {
    /// A command of git's; nobody is asked for a password.
    pub(super) fn command<S: Into<String>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let program = self.executable.clone().unwrap_or_else(|| "git".into());
        let words = words.into_iter().map(Into::into);
        let mut command = Command::new(std::iter::once(program).chain(words));
        command = command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        if let Some(ssh) = self.ssh() {
            command = command.env("GIT_SSH_COMMAND", &ssh);
        }
        let octal = |text: &str| u32::from_str_radix(text.trim_start_matches("0o"), 8).ok();
        command.umask = self.umask.as_ref().and_then(|umask| octal(&umask.0));
        command
    }

    /// A command in the working copy.
    pub(super) fn inside(&self, host: &dyn Host, words: &[&str]) -> Command {
        let dest = absolute(&self.dest, host).display().to_string();
        let head = ["-C".to_owned(), dest];
        self.command(head.into_iter().chain(words.iter().map(|word| (*word).to_owned())))
    }

    /// The command for SSH, where anything is said about it.
    fn ssh(&self) -> Option<String> {
        let mut words = vec!["ssh".to_owned(), "-o BatchMode=yes".into()];
        if self.accept_hostkey {
            words.push("-o StrictHostKeyChecking=no".into());
        } else if self.accept_newhostkey {
            words.push("-o StrictHostKeyChecking=accept-new".into());
        }
        if let Some(key) = &self.key_file {
            words.push(format!("-i '{}' -o IdentitiesOnly=yes", key.replace('\'', "'\"'\"'")));
        }
        words.extend(self.ssh_opts.clone());
        (words.len() > 2).then(|| words.join(" "))
    }

    /// The command that makes an archive of what is checked out.
    pub(super) fn archive_command(&self, path: &Path, host: &dyn Host) -> Result<Command> {
        let name = path.display().to_string();
        let formats = [(".zip", "zip"), (".tar.gz", "tar.gz"), (".tgz", "tar.gz"), (".tar", "tar")];
        let format =
            formats.iter().find(|(ending, _)| name.ends_with(ending)).ok_or_else(|| {
                Stop::failed(format!(
                    "`archive` must end in .zip, .tar.gz, .tgz or .tar, not `{name}`"
                ))
            })?;
        let (format, output) = (format!("--format={}", format.1), format!("--output={name}"));
        let prefix = self.archive_prefix.as_deref().unwrap_or_default().trim_end_matches('/');
        let prefix = format!("--prefix={prefix}{}", if prefix.is_empty() { "" } else { "/" });
        Ok(self.inside(host, &["archive", &format, &output, &prefix, "HEAD"]))
    }

    /// The revision that is checked out.
    pub(super) fn head(&self, host: &dyn Host) -> Result<Option<String>> {
        let output =
            host.probe(&self.inside(host, &["rev-parse", "--verify", "--quiet", "HEAD"]))?;
        Ok(Some(output.text().trim().to_owned()).filter(|head| output.ok() && !head.is_empty()))
    }

    /// Fails where there is no git, and nothing planned may bring it.
    pub(super) fn need_program(&self, host: &dyn Host) -> Result<()> {
        let name = self.executable.as_deref().unwrap_or("git");
        match host.program(name) {
            Ok(None) => Err(Stop::failed(format!(
                "there is no program `{name}` on the host; install the package `git` first"
            ))),
            Ok(Some(_)) | Err(Stop::Unknown(_)) => Ok(()),
            Err(stop) => Err(stop),
        }
    }
}
