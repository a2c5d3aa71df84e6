//! Forgets old runs.

use rusqlite::params;

use crate::history::{History, HistoryError};

impl History {
    /// Forgets runs that began before a time, in milliseconds since 1970, with all that is kept of them, and reports of drift
    /// likewise. Says how many runs. What was applied to a host last is kept, however old it is: drift is told by it.
    pub fn forget(&self, before_ms: i64) -> Result<usize, HistoryError> {
        let mut connection = self.lock();
        let mut forget = || -> rusqlite::Result<usize> {
            let transaction = connection.transaction()?;
            let runs = transaction.execute(
                "DELETE FROM runs WHERE started_ms < ?1 AND id NOT IN (
                     SELECT id FROM (
                         SELECT runs.id AS id, MAX(runs.started_ms)
                         FROM runs JOIN hosts ON hosts.run = runs.id
                         WHERE runs.mode = 'apply' AND hosts.failed = 0 AND hosts.unreachable = 0
                         GROUP BY runs.project, json_extract(runs.head, '$.inventory'),
                             json_extract(runs.head, '$.playbooks'), hosts.host))",
                params![before_ms],
            )?;
            transaction.execute("DELETE FROM drift WHERE taken_ms < ?1", params![before_ms])?;
            transaction.commit()?;
            Ok(runs)
        };
        let forgotten = forget().map_err(self.fail())?;
        // The file shrinks only so.
        connection.execute_batch("VACUUM").map_err(self.fail())?;
        Ok(forgotten)
    }
}
