//! Why a module could not say what is to be done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::blob::Digest;
use crate::data::Map;

/// The result of reading a host and of planning.
pub type Result<T, E = Stop> = core::result::Result<T, E>;

/// What ends a module's planning early. The `?` operator carries it up; no module handles `Unknown` or `Need` itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// The task fails.
    Failed(Failure),
    /// It depends on something that only applying can tell.
    Unknown(Why),
    /// The bytes of this content have to be sent first.
    Need(Digest),
}

/// A failed task: the message, and the results that Ansible would return beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// What failed and why.
    pub msg: String,
    /// Further results (`rc`, `stderr`, …).
    pub results: Map,
}

/// The reason why something can't be known before applying: "package nginx may bring it".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Why(pub String);

impl Why {
    /// Whether it is plausible that it brings a thing of this name, or one at this path: a package brings what is called as it is.
    pub fn may_bring(&self, thing: &str) -> bool {
        self.0.strip_prefix("package ").is_none_or(|package| alike(package, thing))
    }
}

/// Whether a part of a package's name is found in the names of a path, or the other way round.
fn alike(package: &str, thing: &str) -> bool {
    let telling = |word: &&str| word.len() > 2 && !COMMON.contains(word);
    let parts = package.split(|letter: char| !letter.is_ascii_alphabetic()).filter(telling);
    let names = || thing.split(['/', '.', '_', '-', '@']).filter(telling);
    parts.into_iter().any(|part| names().any(|name| name.contains(part) || part.contains(name)))
}

/// Words that tell nothing of what a package or a path is about.
const COMMON: &[&str] = &[
    "all", "bin", "client", "common", "conf", "config", "contrib", "core", "data", "default",
    "dev", "devel", "doc", "etc", "extra", "full", "home", "lib", "libs", "local", "log", "opt",
    "plugin", "python", "run", "server", "service", "share", "srv", "system", "systemd", "tools",
    "usr", "utils", "var",
];

impl Stop {
    /// A failure with a message.
    pub fn failed(msg: impl Into<String>) -> Self {
        Self::Failed(Failure { msg: msg.into(), results: Map::new() })
    }

    /// An unknown with its reason.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(Why(why.into()))
    }
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => formatter.write_str(&failure.msg),
            Self::Unknown(why) => write!(formatter, "unknown: {why}"),
            Self::Need(digest) => write!(formatter, "content {digest:?} is needed"),
        }
    }
}

impl std::error::Error for Stop {}

#[cfg(test)]
mod tests {
    use super::Why;

    #[test]
    fn packages_bring_what_is_called_as_they_are() {
        for (package, thing, may) in [
            ("openssh-server", "/etc/ssh/sshd_config", true),
            ("postgresql-17", "/etc/postgresql/17/main/pg_hba.conf", true),
            ("libnginx-mod-http-lua", "/etc/nginx/modules-enabled", true),
            ("chrony", "_chrony", true),
            ("curl", "/etc/apt/preferences.d/site.pref", false),
            ("python3-pexpect", "/etc/modprobe.d/disablefs.conf", false),
            ("rsync", "operators", false),
        ] {
            assert_eq!(
                Why(format!("package {package}")).may_bring(thing),
                may,
                "{package} {thing}"
            );
        }
        assert!(Why("command `make`".into()).may_bring("operators"));
    }
}
