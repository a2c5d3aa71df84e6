//! Forgets old runs.

use std::collections::BTreeSet;

use crate::history::{History, HistoryError};
use crate::record::Head;

/// Runs that hosts came through without a failure, the newest first.
const WELL: &str = "SELECT runs.id, runs.project, runs.head, hosts.host
    FROM runs JOIN hosts ON hosts.run = runs.id
    WHERE runs.mode = 'apply' AND hosts.failed = 0 AND hosts.unreachable = 0
    ORDER BY runs.started_ms DESC, runs.id DESC";

impl History {
    /// Forgets runs that began before a time, in milliseconds since 1970, with all that is kept of them, and reports of drift
    /// likewise. Says how many runs. What was applied to a host last is kept, however old it is: drift is told by it.
    pub fn forget(&self, before_ms: i64) -> Result<usize, HistoryError> {
        let forgotten = self.change(|database| {
            let (mut hosts, mut last) = (BTreeSet::new(), BTreeSet::new());
            for row in database.query(WELL, &[])? {
                let head: Head = row.json(2)?;
                let about = (row.text(1)?.to_owned(), head.inventory, head.playbooks);
                if hosts.insert((about, row.text(3)?.to_owned())) {
                    last.insert(row.text(0)?.to_owned());
                }
            }
            let old = "SELECT id FROM runs WHERE started_ms < ?1";
            let mut count = 0;
            for row in database.query(old, &[before_ms.into()])? {
                let id = row.text(0)?;
                if !last.contains(id) {
                    count += database.execute("DELETE FROM runs WHERE id = ?1", &[id.into()])?;
                }
            }
            database.execute("DELETE FROM drift WHERE taken_ms < ?1", &[before_ms.into()])?;
            Ok(count)
        })?;
        self.ask(|database| database.shrink())?;
        Ok(forgotten)
    }
}
