//! Whether a commit has passed where it must.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::environment::{Environment, Records, told};
use crate::promotion::{Pass, Seal, read};
use crate::saved::PlanKey;

/// How far the clocks of two machines may be apart.
pub const SKEW: Duration = Duration::from_secs(3600);

/// What is to be applied.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The environment that it is to be applied to.
    pub environment: &'a Environment,
    /// The commit.
    pub commit: &'a str,
    /// When the commit was made, in seconds since 1970.
    pub made: i64,
    /// The digest of what it holds, made anew.
    pub digest: &'a str,
    /// The playbooks.
    pub playbooks: &'a [String],
    /// Keyed digests of the variables given on the command line.
    pub vars: &'a [String],
    /// Files that are read and not in the commit, and their keyed digests.
    pub outside: &'a [(String, String)],
    /// The time.
    pub now: Timestamp,
}

/// Why a commit has not passed an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// There is no record.
    None,
    /// A record can't be read.
    Unreadable(String),
    /// A record was changed, or made without the key.
    Forged,
    /// A record was sealed with another key.
    OtherKey(String),
    /// A record is about another commit than the one it is attached to.
    OtherCommit(String),
    /// A record is about something else than what the commit holds.
    OtherTree,
    /// It passed before it was made.
    BeforeCommit(Timestamp),
    /// It passed in the future.
    Future(Timestamp),
    /// It passed too long ago.
    Expired(Timestamp, Duration),
    /// Other playbooks passed.
    OtherPlaybooks(Vec<String>),
    /// Other variables were given on the command line.
    OtherVars,
    /// A file that is not in the commit is another than the one that passed.
    OtherFiles(Vec<String>),
}

/// The newest record that counts among the lines about a commit, or why none does.
pub fn judge(
    wanted: &Wanted<'_>,
    after: &str,
    lines: &[String],
    key: Option<&PlanKey>,
) -> Result<Pass, Lack> {
    let mut best: Option<Pass> = None;
    let mut lack = (None, Lack::None);
    let mut worse = |at: Option<Timestamp>, why: Lack| {
        if lack.1 == Lack::None || at > lack.0 {
            lack = (at, why);
        }
    };
    for line in lines {
        let (pass, seal) = match read(line, key) {
            Ok(read) => read,
            Err(why) => {
                worse(None, Lack::Unreadable(why));
                continue;
            }
        };
        if pass.environment != after {
            continue;
        }
        match wanted.look(&pass, &seal) {
            Some(why) => worse(Some(pass.at), why),
            None if best.as_ref().is_none_or(|best| best.at < pass.at) => best = Some(pass),
            None => {}
        }
    }
    best.ok_or(lack.1)
}

impl Wanted<'_> {
    /// Why a record does not count.
    fn look(&self, pass: &Pass, seal: &Seal) -> Option<Lack> {
        match seal {
            Seal::Broken => return Some(Lack::Forged),
            Seal::OtherKey(name) if self.environment.records == Records::Sealed => {
                return Some(Lack::OtherKey(name.clone()));
            }
            Seal::Good | Seal::OtherKey(_) => {}
        }
        if pass.commit != self.commit {
            return Some(Lack::OtherCommit(pass.commit.clone()));
        }
        if pass.digest != self.digest {
            return Some(Lack::OtherTree);
        }
        let skew = i64::try_from(SKEW.as_secs()).unwrap_or(i64::MAX);
        let (at, now) = (pass.at.as_second(), self.now.as_second());
        if at.saturating_add(skew) < self.made {
            return Some(Lack::BeforeCommit(pass.at));
        }
        if at > now.saturating_add(skew) {
            return Some(Lack::Future(pass.at));
        }
        if let Some(valid) = self.environment.valid
            && now.saturating_sub(at) > i64::try_from(valid.as_secs()).unwrap_or(i64::MAX)
        {
            return Some(Lack::Expired(pass.at, valid));
        }
        if self.playbooks.iter().any(|name| !pass.playbooks.contains(name)) {
            return Some(Lack::OtherPlaybooks(pass.playbooks.clone()));
        }
        if self.vars != pass.vars {
            return Some(Lack::OtherVars);
        }
        let others = self.outside.iter().filter(|(_, digest)| !pass.outside.contains(digest));
        let others: Vec<String> = others.map(|(path, _)| path.clone()).collect();
        (!others.is_empty()).then_some(Lack::OtherFiles(others))
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        match self {
            Self::None => formatter.write_str("there is no record that it did"),
            Self::Unreadable(why) => write!(formatter, "its record can't be read: {why}"),
            Self::Forged => formatter
                .write_str("its record is not as it was written: it was changed, or made by hand"),
            Self::OtherKey(name) => {
                write!(formatter, "its record was sealed with another key (`{name}`)")
            }
            Self::OtherCommit(commit) => {
                write!(formatter, "its record is about another commit (`{commit}`)")
            }
            Self::OtherTree => {
                formatter.write_str("its record is about something else than what the commit holds")
            }
            Self::BeforeCommit(at) => {
                write!(formatter, "its record is older ({}) than the commit", time(at))
            }
            Self::Future(at) => write!(
                formatter,
                "its record is of the future ({}): one of the two clocks is wrong by more than an hour",
                time(at)
            ),
            Self::Expired(at, valid) => write!(
                formatter,
                "it passed on {}, and a pass is valid for {}",
                time(at),
                told(*valid)
            ),
            Self::OtherPlaybooks(names) => {
                write!(formatter, "other playbooks passed: {}", names.join(", "))
            }
            Self::OtherVars => {
                formatter.write_str("it passed with other variables on the command line")
            }
            Self::OtherFiles(paths) => {
                let first: Vec<String> =
                    paths.iter().take(3).map(|path| format!("`{path}`")).collect();
                let more = match paths.len().saturating_sub(3) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                write!(
                    formatter,
                    "{}{more} {} not in the commit, and not what passed",
                    first.join(", "),
                    if paths.len() == 1 { "is" } else { "are" },
                )
            }
        }
    }
}

impl Lack {
    /// What to do beside letting the commit pass.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::OtherKey(_) => Some(
                "give both machines the same key in `CONVERGE_PLAN_KEY_FILE`, or let everybody's records count with \
                 `records = \"anyone\"`",
            ),
            Self::OtherFiles(_) => {
                Some("commit what both environments read, or let it be the same on both")
            }
            _ => None,
        }
    }
}
