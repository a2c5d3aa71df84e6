//! What was applied to an environment.

use rusqlite::params;

use crate::history::read::{SUMMARY, summary};
use crate::history::{History, HistoryError, Summary};

/// Runs that applied something to an environment of a project: its head names it.
const APPLIED: &str = "WHERE project = ?1 AND mode = 'apply' AND EXISTS (
    SELECT 1 FROM json_each(head, '$.environments') WHERE json_extract(value, '$.name') = ?2)";

/// Options of runs that applied less than everything.
const PARTS: [&str; 5] = ["--limit ", "--tags ", "--skip-tags ", "--start-at-task ", "resume "];

/// Whether an option says that only a part was applied. A rollout is whole with its last batch.
fn is_part(option: &str) -> bool {
    PARTS.iter().any(|part| option.starts_with(part))
        || (option.starts_with("rollout ") && !option.ends_with(", the last"))
}

impl History {
    /// The last run that applied a commit to an environment of a project without a failure.
    pub fn last_applied(
        &self,
        project: &str,
        environment: &str,
    ) -> Result<Option<Summary>, HistoryError> {
        let sql = format!(
            "{SUMMARY} {APPLIED} AND revision IS NOT NULL AND outcome IN ('applied', 'unchanged')
             ORDER BY started_ms DESC, id DESC"
        );
        let connection = self.lock();
        let read = || -> rusqlite::Result<Option<Summary>> {
            let mut statement = connection.prepare(&sql)?;
            for run in statement.query_map(params![project, environment], summary)? {
                let run = run?;
                if !run.head.options.iter().any(|option| is_part(option)) {
                    return Ok(Some(run));
                }
            }
            Ok(None)
        };
        read().map_err(self.fail())
    }

    /// The names of the runs that applied something to an environment of a project since a time in milliseconds since 1970, those
    /// that failed or did not end included.
    pub fn applied_since(
        &self,
        project: &str,
        environment: &str,
        since_ms: i64,
    ) -> Result<Vec<String>, HistoryError> {
        let sql = format!("SELECT id FROM runs {APPLIED} AND started_ms > ?3 ORDER BY started_ms");
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut statement = connection.prepare(&sql)?;
            statement
                .query_map(params![project, environment, since_ms], |row| row.get(0))?
                .collect()
        };
        read().map_err(self.fail())
    }
}
