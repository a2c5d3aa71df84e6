//! What a report amounts to.

use serde::{Deserialize, Serialize};

use crate::drift::{Class, Report};

/// How many there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Things that moved away from what was applied.
    pub drifted: usize,
    /// Tasks that fail.
    pub failed: usize,
    /// Things that only applying can tell.
    pub unknown: usize,
    /// Things that the code moved.
    pub pending: usize,
    /// Things that are left alone by a rule.
    pub ignored: usize,
    /// Hosts that could not be reached.
    pub unreachable: usize,
    /// Hosts that something drifted on.
    pub hosts_drifted: usize,
    /// All hosts.
    pub hosts: usize,
    /// Of what drifted, what the check before did not see.
    pub new: usize,
    /// Things that drifted at the check before, and do no longer.
    pub recovered: usize,
}

/// A report in one word. Where several hold, the first in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A task fails.
    Failed,
    /// A host could not be reached, so nothing is known of it.
    Unreachable,
    /// Something drifted.
    Drifted,
    /// Nothing is known to have drifted, but something may have.
    Unknown,
    /// Every host is as it was left.
    Clean,
}

impl Report {
    /// How many there are of each kind.
    pub fn counts(&self) -> Counts {
        let of = |class| self.of(class).count();
        let mut drifted: Vec<&str> = self.of(Class::Drift).map(|item| item.host.as_str()).collect();
        drifted.sort_unstable();
        drifted.dedup();
        Counts {
            drifted: of(Class::Drift),
            failed: of(Class::Failed),
            unknown: of(Class::Unknown),
            pending: of(Class::Pending),
            ignored: of(Class::Ignored),
            unreachable: self.hosts.iter().filter(|host| host.unreachable.is_some()).count(),
            hosts_drifted: drifted.len(),
            hosts: self.hosts.len(),
            new: self.of(Class::Drift).filter(|item| self.is_new(item)).count(),
            recovered: self.recovered.len(),
        }
    }

    /// What it amounts to.
    pub fn verdict(&self) -> Verdict {
        let counts = self.counts();
        match counts {
            Counts { failed: 1.., .. } => Verdict::Failed,
            Counts { unreachable: 1.., .. } => Verdict::Unreachable,
            Counts { drifted: 1.., .. } => Verdict::Drifted,
            Counts { unknown: 1.., .. } => Verdict::Unknown,
            _ => Verdict::Clean,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::drift::testing::{host, item};
    use crate::drift::{Class, Host, Report, Verdict};

    fn report(classes: &[Class], gone: bool) -> Report {
        let items = classes.iter().map(|class| item(*class, "web1", "/x", "content")).collect();
        let unreachable = gone.then(|| "no route".to_owned());
        let hosts = vec![host("web1"), Host { unreachable, ..host("web2") }];
        Report { items, hosts, ..Report::default() }
    }

    #[test]
    fn the_worst_counts() {
        use Class::{Drift, Failed, Ignored, Pending, Unknown};
        for (classes, gone, verdict) in [
            (&[Pending, Ignored][..], false, Verdict::Clean),
            (&[Pending, Unknown], false, Verdict::Unknown),
            (&[Unknown, Drift], false, Verdict::Drifted),
            (&[Drift], true, Verdict::Unreachable),
            (&[Failed, Drift], true, Verdict::Failed),
        ] {
            assert_eq!(report(classes, gone).verdict(), verdict, "{classes:?} {gone}");
        }
    }

    #[test]
    fn hosts_are_counted_once() {
        let counts = report(&[Class::Drift, Class::Drift, Class::Pending], true).counts();
        assert_eq!((counts.drifted, counts.hosts_drifted, counts.hosts), (2, 1, 2));
        assert_eq!((counts.unreachable, counts.pending), (1, 1));
    }
}
