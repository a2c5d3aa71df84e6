//! A host that somebody keeps others away from, beyond the life of any connection: `converge lock hold`.
//!
//! The lease is a lock of the kernel and ends with who took it. A hold is a file, which stays until it is released or has run out.
//! The age of the file is told by the clock that dated it, so no clock is compared with another.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::host::User;
use crate::wire::{Holder, helper_folder};

/// Where the hold of the whole machine is: whoever reads it keeps away. It is still there after the next boot.
const OF_ROOT: &str = "/var/lib/converge";

/// The name of the file.
const FILE: &str = "hold";

/// That somebody keeps others away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// Who, since when, and in which run.
    pub holder: Holder,
    /// Why.
    pub reason: String,
    /// How long; none until it is released.
    pub lasts: Option<Duration>,
}

impl Hold {
    /// As it stands in the file.
    pub fn text(&self) -> String {
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let Holder { run, who, since } = &self.holder;
        let seconds = self.lasts.map_or_else(String::new, |lasts| lasts.as_secs().to_string());
        format!(
            "{}\n{}\n{}\n{seconds}\n{}\n",
            line(run),
            line(who),
            line(since),
            line(&self.reason)
        )
    }

    /// Reads the file. What can't be understood keeps everybody away, since somebody meant it to.
    pub fn read(text: &str) -> Self {
        let mut lines = text.lines().map(ToOwned::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        let holder = Holder { run: next(), who: next(), since: next() };
        let seconds: Option<u64> = next().parse().ok();
        Self { holder, lasts: seconds.map(Duration::from_secs), reason: next() }
    }

    /// Whether it still holds, for a file that was written then.
    pub fn holds(&self, written: SystemTime, now: SystemTime) -> bool {
        self.lasts.is_none_or(|lasts| now.duration_since(written).unwrap_or_default() < lasts)
    }

    /// Whether it keeps this one away.
    pub fn keeps_away(&self, who: &str) -> bool {
        self.holder.who != who
    }
}

/// The files of the holds that a user heeds; the first is the one that they write.
pub fn files(user: &User) -> Vec<PathBuf> {
    let of_root = Path::new(OF_ROOT).join(FILE);
    match user.uid {
        Some(0) => vec![of_root],
        _ => vec![helper_folder(&user.home).join(FILE), of_root],
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Hold;
    use crate::wire::Holder;

    #[test]
    fn a_hold_is_read_as_it_was_written_and_runs_out() {
        let holder = Holder { run: "a".into(), who: "ann@desk".into(), since: "now".into() };
        let reason = "a new disk\nand more".to_owned();
        let hold = Hold { holder, reason, lasts: Some(Duration::from_secs(60)) };
        let read = Hold::read(&hold.text());
        assert_eq!(read, Hold { reason: "a new disk and more".into(), ..hold });
        let written = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        assert!(read.holds(written, written + Duration::from_secs(59)));
        assert!(!read.holds(written, written + Duration::from_secs(60)));
        assert!(read.holds(written, written - Duration::from_secs(99)), "the clock was set back");
        let open = Hold { lasts: None, ..read };
        assert!(Hold::read(&open.text()).holds(written, written + Duration::from_secs(1 << 30)));
        assert!(open.keeps_away("bob@desk") && !open.keeps_away("ann@desk"));
        assert!(Hold::read("nonsense").keeps_away("ann@desk"));
    }
}
