//! The package manager's lists refreshed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::manager;
use crate::change::{Change, Description, FileKind, FileState, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Manager};
use crate::stop::{Result, Stop};

/// A refresh of what a package manager knows of its repositories.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheChange {
    /// Whose lists.
    pub manager: Manager,
    /// The command that does it.
    pub command: Command,
    /// Whether it makes the task "changed" where the lists become others. Planned, it never counts: nobody knows.
    pub counts: bool,
    /// How many seconds to wait for another process that holds the manager's lock.
    pub lock_timeout: u64,
    /// How often it is tried again after it failed.
    pub retries: u64,
    /// How many seconds lie between two tries at most; the first ones follow each other faster.
    pub retry_delay: u64,
}

/// What apt changes when its lists become others.
const APT_LISTS: &str = "/var/lib/apt/lists";

/// What apt writes where it kept an old list because the new one did not come, although it exits with 0.
const APT_KEPT: &str = "Some index files failed to download";

impl Effect for CacheChange {
    fn describe(&self) -> Description {
        let whose = match self.manager {
            Manager::Apt => "apt",
            Manager::Rpm => "dnf",
        };
        Description::new(Sign::Act, format!("refresh the package lists of {whose}"))
    }

    fn counts(&self) -> bool {
        false
    }

    fn expect(&self, expected: &mut Expected) {
        expected.offers_pending(self.manager, "the package lists, which are refreshed before");
        if self.manager == Manager::Apt {
            // So that nothing planned after it takes the lists for old.
            let now = SystemTime::now();
            let state = FileState { times: Some((now, now)), ..FileState::of(FileKind::Dir) };
            expected.settle(APT_LISTS.into(), Some(state));
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        let before = stamp();
        let mut tries = 0;
        loop {
            match self.attempt(real) {
                Ok(()) => break,
                Err(failure) if tries >= self.retries => return Err(failure),
                Err(_) => {}
            }
            let delay = 1_u64.checked_shl(tries as u32).unwrap_or(u64::MAX);
            thread::sleep(Duration::from_secs(delay.min(self.retry_delay)));
            tries += 1;
        }
        real.note_refreshed(self.manager);
        let mut results = Map::new();
        if self.manager == Manager::Apt {
            let updated = stamp() != before;
            results.insert("cache_updated".into(), updated.into());
            if self.counts {
                results.insert("changed".into(), updated.into());
            }
        }
        Ok(results)
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}

impl CacheChange {
    fn attempt(&self, real: &Real) -> Result<()> {
        let output = manager::run(real, &self.command, self.lock_timeout)?;
        if !output.error_text().contains(APT_KEPT) {
            return Ok(());
        }
        let Stop::Failed(mut failure) = manager::failed(&self.command, &output) else {
            return Ok(());
        };
        failure.msg =
            format!("the package lists of apt can't be refreshed: {}", output.error_text().trim());
        Err(Stop::Failed(failure))
    }
}

fn stamp() -> Option<(i64, i64)> {
    fs::metadata(APT_LISTS).ok().map(|meta| (meta.mtime(), meta.mtime_nsec()))
}
