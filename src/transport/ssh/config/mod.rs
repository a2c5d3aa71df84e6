//! Where and how a host is reached: Ansible's variables, the command line of `ssh` and `~/.ssh/config` made into one
//! [`SshEndpoint`]. Nothing here connects; a setting that cannot be honoured is an error, not a guess.

mod arguments;
mod file;
pub(in crate::transport::ssh) mod pattern;
mod resolve;
mod system;
mod tokens;
mod words;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::redact::Secret;

pub use system::User;

/// What is known about a host before its `ssh_config` is read. Empty fields are for `ssh_config` or the defaults to fill.
#[derive(Clone, Debug, Default)]
pub struct SshSettings {
    /// The host's name in the inventory.
    pub name: String,
    /// `ansible_host`: what to connect to, and what `Host` blocks are matched with. The name, if absent.
    pub host: Option<String>,
    /// `ansible_port`.
    pub port: Option<u16>,
    /// `ansible_user`.
    pub user: Option<String>,
    /// `ansible_ssh_private_key_file` or `--private-key`.
    pub private_key: Option<PathBuf>,
    /// `ansible_password`. Without it no password is tried.
    pub password: Option<Secret>,
    /// Options as for ssh(1), already split into words: `ansible_ssh_common_args` and its like.
    pub options: Vec<String>,
    /// How long making the connection may take; `ssh_config`'s `ConnectTimeout` or 10 seconds, if absent.
    pub timeout: Option<Duration>,
    /// `host_key_checking`; `StrictHostKeyChecking` of `ssh_config`, if absent.
    pub host_keys: Option<HostKeyPolicy>,
}

/// A host that can be connected to by SSH: everything decided.
#[derive(Clone, Debug)]
pub struct SshEndpoint {
    /// The host's name in the inventory, for messages.
    pub name: String,
    /// The name or address to connect to.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The user to log in as.
    pub user: String,
    /// The password, where one is given.
    pub password: Option<Secret>,
    /// Which keys to offer.
    pub identities: Identities,
    /// Which ways of authentication are allowed.
    pub methods: Methods,
    /// How the server is recognised.
    pub host_key: HostKeySettings,
    /// How the connection is made.
    pub via: Via,
    /// Which addresses of the host may be used.
    pub family: Family,
    /// The local address to connect from.
    pub bind_address: Option<String>,
    /// How long making the connection, authentication included, may take.
    pub connect_timeout: Duration,
    /// After how much silence the server is asked for a sign of life; never, if absent.
    pub keepalive: Option<Duration>,
    /// How many such questions may stay unanswered.
    pub keepalive_max: usize,
    /// Algorithms asked for by `ssh_config`, each list as written (`+a,b`); none where it says nothing.
    pub algorithms: Algorithms,
}

/// The keys to offer to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identities {
    /// The private key files, in order. A `.pub` beside them and a `-cert.pub` are used too.
    pub files: Vec<PathBuf>,
    /// Whether somebody named these files; otherwise they are OpenSSH's defaults, of which most do not exist.
    pub named: bool,
    /// Certificates besides those found next to the keys.
    pub certificates: Vec<PathBuf>,
    /// Offer no key of the agent that is not among the files.
    pub only: bool,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
}

/// The ways of authentication that may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods {
    /// By key.
    pub public_key: bool,
    /// By password; needs one.
    pub password: bool,
    /// By question and answer, which the password answers; needs one.
    pub keyboard_interactive: bool,
}

/// How the server's key is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKeySettings {
    /// What to do about keys.
    pub policy: HostKeyPolicy,
    /// The name under which keys are looked for, in place of host and port.
    pub alias: Option<String>,
    /// The user's files of known keys; new ones are added to the first.
    pub user_files: Vec<PathBuf>,
    /// The system's files of known keys.
    pub global_files: Vec<PathBuf>,
    /// Whether names are hashed when a key is added.
    pub hash: bool,
}

/// What happens with a server whose key is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// It is refused, with words on how to get to know it. The default.
    Strict,
    /// It is added and trusted from then on. A changed key is refused still.
    AcceptNew,
    /// Anything is accepted and nothing recorded: `host_key_checking = False`.
    Off,
}

/// The road to a host.
#[derive(Clone, Debug)]
pub enum Via {
    /// Straight to its address.
    Direct,
    /// Through other hosts, the first of them nearest to here.
    Jumps(Vec<SshEndpoint>),
    /// Through a command's standard input and output (`ProxyCommand`), run by the user's shell.
    Command(String),
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Both.
    Any,
    /// IPv4 only.
    Inet,
    /// IPv6 only.
    Inet6,
}

/// Lists of algorithms in `ssh_config`'s notation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// `Ciphers`.
    pub ciphers: Option<String>,
    /// `KexAlgorithms`.
    pub kex: Option<String>,
    /// `MACs`.
    pub macs: Option<String>,
    /// `HostKeyAlgorithms`.
    pub host_keys: Option<String>,
}

/// Why there is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The host.
    pub host: String,
    /// What is wrong, and where.
    pub why: String,
}

impl SshEndpoint {
    /// Decides everything about a host from its settings and the user's and system's `ssh_config`.
    pub fn resolve(settings: &SshSettings, user: &User) -> Result<Self, ConfigError> {
        resolve::endpoint(settings, user, &system::Disk)
    }

    /// The name under which the server's key is looked for: `host`, `[host]:port` or the alias.
    pub fn key_name(&self) -> String {
        match &self.host_key.alias {
            Some(alias) => alias.to_lowercase(),
            None if self.port == 22 => self.host.to_lowercase(),
            None => format!("[{}]:{}", self.host.to_lowercase(), self.port),
        }
    }

    /// `user@host:port`, for messages.
    pub fn address(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{}@{host}:{}", self.user, self.port)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot tell how to reach `{}`: {}", self.host, self.why)
    }
}

impl Error for ConfigError {}
