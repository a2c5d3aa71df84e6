//! Why a host could not be reached, as data; [`ConnectError`] is made of it for people.

use std::error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::target::ConnectError;
use crate::transport::ssh::config::ConfigError;
use crate::transport::ssh::known_hosts::Place;

/// Why there is no session with a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Error {
    /// The settings do not say how to reach it.
    Config(ConfigError),
    /// The name has no address.
    Resolve {
        /// The name.
        host: String,
        /// The resolver's words.
        why: String,
    },
    /// No address answered.
    Unreachable {
        /// `user@host:port`.
        address: String,
        /// What happened at each address that was tried.
        tried: Vec<String>,
    },
    /// It took too long.
    Timeout {
        /// `user@host:port`.
        address: String,
        /// What was waited for.
        step: &'static str,
        /// How long.
        after: Duration,
    },
    /// The server's key is not one that may be trusted.
    HostKey(Box<HostKeyError>),
    /// The server let none of our credentials in.
    Refused(Box<Refused>),
    /// The other end does not speak SSH as it should, or closed the connection.
    Protocol {
        /// `user@host:port`.
        address: String,
        /// What was going on, and what happened.
        why: String,
    },
    /// A jump host could not be passed.
    Jump {
        /// Its address.
        hop: String,
        /// Why.
        why: Box<Self>,
    },
    /// The host was reached, but no helper runs there.
    Helper {
        /// The host's name.
        host: String,
        /// Why.
        why: HelperError,
    },
}

/// A server's key that may not be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct HostKeyError {
    /// The name of the host in the inventory, or of the jump host.
    pub host: String,
    /// `user@host:port`.
    pub address: String,
    /// What is wrong.
    pub kind: HostKeyKind,
    /// The kind of key: `ssh-ed25519`.
    pub algorithm: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// The line that makes the key known, for [`append`](crate::transport::ssh::known_hosts::append).
    pub line: String,
    /// The file that the line belongs in; none where no such file is configured.
    pub file: Option<PathBuf>,
    /// A command that shows or fetches the key.
    pub command: String,
}

/// What is wrong with a server's key.
#[derive(Clone, Debug, PartialEq)]
pub enum HostKeyKind {
    /// Nothing is known about this server.
    Unknown,
    /// It used to have another key.
    Changed(Place),
    /// The key was revoked.
    Revoked(Place),
    /// It showed a certificate of a known authority that is not valid, and its key is not known either.
    Certificate(String),
}

/// Who was not let in, and what was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refused {
    /// `user@host:port`.
    pub address: String,
    /// What was offered, in order.
    pub tried: Vec<String>,
    /// What the server would accept, in its names.
    pub accepted: Vec<String>,
    /// What could not be offered, and why.
    pub notes: Vec<String>,
}

/// Why no helper runs on a host that was reached.
#[derive(Clone, Debug, PartialEq)]
pub enum HelperError {
    /// There is no helper for this machine.
    Architecture(String),
    /// No folder of the host can hold and run it.
    NoPlace(Vec<String>),
    /// It could not be written completely.
    Upload(String),
    /// It ended, or something else came instead of its greeting.
    Silent {
        /// The exit status, if there was one.
        status: Option<u32>,
        /// What it, or the login shell, printed.
        output: String,
    },
    /// It took too long.
    Timeout(Duration),
    /// This build carries no helper for the architecture.
    NotBuilt(String),
}

impl Error {
    /// What to do about it.
    pub fn help(&self) -> Vec<String> {
        match self {
            Self::Config(_) | Self::Protocol { .. } => Vec::new(),
            Self::Resolve { .. } => {
                vec!["set `ansible_host` to an address, or correct the name".to_owned()]
            }
            Self::Unreachable { .. } | Self::Timeout { .. } => {
                vec!["check that the machine is up, the address and port are right, and no firewall is in between".to_owned()]
            }
            Self::HostKey(error) => error.help(),
            Self::Refused(refused) => refused.help(),
            Self::Jump { why, .. } => why.help(),
            Self::Helper { why, .. } => why.help(),
        }
    }
}

impl HostKeyError {
    fn help(&self) -> Vec<String> {
        let file = self.file.as_ref().map_or_else(
            || "a file of known hosts".to_owned(),
            |file| format!("`{}`", file.display()),
        );
        match &self.kind {
            HostKeyKind::Unknown | HostKeyKind::Certificate(_) => vec![
                "compare the fingerprint with the one that `ssh-keygen -lf` prints on the host itself".to_owned(),
                format!("if it is right, add the key to {file}: `{}`", self.command),
            ],
            HostKeyKind::Changed(place) => vec![
                "somebody may be listening in; or the host was installed anew".to_owned(),
                format!("if you know why it changed, remove line {} of `{}`, then `{}`", place.line, place.file.display(), self.command),
            ],
            HostKeyKind::Revoked(_) => vec!["give the host a new key; this one was declared stolen".to_owned()],
        }
    }
}

impl Refused {
    fn help(&self) -> Vec<String> {
        let accepts = |method: &str| self.accepted.iter().any(|one| one == method);
        let mut help = Vec::new();
        if accepts("publickey") {
            help.push("give a key with `--private-key` or `ansible_ssh_private_key_file`, or add it to the agent".to_owned());
        }
        if accepts("password") || accepts("keyboard-interactive") {
            help.push("give a password with `-k` or `ansible_password`".to_owned());
        }
        help.push("check the user: `-u` or `ansible_user`".to_owned());
        help
    }
}

impl HelperError {
    fn help(&self) -> Vec<String> {
        match self {
            Self::Architecture(_) => vec!["only `raw` and `script` work on such a host".to_owned()],
            Self::NoPlace(_) => vec!["make one of the folders writable and mount it without `noexec`".to_owned()],
            Self::NotBuilt(_) => vec!["build converge with `--release`, which carries every helper, or name a folder of helpers by CONVERGE_HELPER_DIR when building".to_owned()],
            Self::Upload(_) | Self::Silent { .. } | Self::Timeout(_) => Vec::new(),
        }
    }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        Self { message: error.to_string(), help: error.help() }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(formatter),
            Self::Resolve { host, why } => write!(formatter, "`{host}` has no address: {why}"),
            Self::Unreachable { address, tried } => {
                write!(formatter, "cannot connect to `{address}`: {}", tried.join("; "))
            }
            Self::Timeout { address, step, after } => {
                write!(
                    formatter,
                    "`{address}` does not answer: {step} took longer than {} s",
                    after.as_secs()
                )
            }
            Self::HostKey(error) => error.fmt(formatter),
            Self::Refused(refused) => refused.fmt(formatter),
            Self::Protocol { address, why } => write!(formatter, "`{address}`: {why}"),
            Self::Jump { hop, why } => {
                write!(formatter, "cannot pass the jump host `{hop}`: {why}")
            }
            Self::Helper { host, why } => write!(formatter, "no helper runs on `{host}`: {why}"),
        }
    }
}

impl fmt::Display for HostKeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, algorithm, fingerprint, .. } = self;
        match &self.kind {
            HostKeyKind::Unknown => {
                write!(
                    formatter,
                    "the host key of `{host}` ({address}) is not known: {algorithm} {fingerprint}"
                )
            }
            HostKeyKind::Changed(place) => write!(
                formatter,
                "the host key of `{host}` ({address}) has changed: {algorithm} {fingerprint} is not the key in `{}` line {}",
                place.file.display(),
                place.line
            ),
            HostKeyKind::Revoked(place) => write!(
                formatter,
                "the host key of `{host}` ({address}) is revoked by `{}` line {}: {algorithm} {fingerprint}",
                place.file.display(),
                place.line
            ),
            HostKeyKind::Certificate(why) => write!(
                formatter,
                "the host certificate of `{host}` ({address}) is not valid ({why}) and its key is not known: {algorithm} {fingerprint}"
            ),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` refuses the login: ", self.address)?;
        match self.tried.is_empty() {
            true => write!(formatter, "there is nothing to log in with")?,
            false => write!(formatter, "tried {}", self.tried.join(", "))?,
        }
        if !self.accepted.is_empty() {
            write!(formatter, "; it accepts {}", self.accepted.join(", "))?;
        }
        for note in &self.notes {
            write!(formatter, "; {note}")?;
        }
        Ok(())
    }
}

impl fmt::Display for HelperError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Architecture(machine) => {
                write!(
                    formatter,
                    "it is a `{machine}` machine, and helpers exist for x86_64 and aarch64"
                )
            }
            Self::NoPlace(tried) => {
                write!(formatter, "no folder can hold and run it: {}", tried.join("; "))
            }
            Self::Upload(why) => write!(formatter, "it could not be uploaded: {why}"),
            Self::Silent { status, output } => {
                write!(formatter, "it did not start")?;
                if let Some(status) = status {
                    write!(formatter, " (status {status})")?;
                }
                if !output.is_empty() {
                    write!(formatter, ": {output}")?;
                }
                Ok(())
            }
            Self::Timeout(after) => {
                write!(formatter, "it did not answer within {} s", after.as_secs())
            }
            Self::NotBuilt(arch) => write!(formatter, "this build carries no helper for {arch}"),
        }
    }
}

impl error::Error for Error {}
