//! What was applied to each host last.

use std::collections::BTreeMap;

use crate::drift::Applied;
use crate::git::Revision;
use crate::history::{History, HistoryError};
use crate::record::Head;

/// Options that leave tasks out, so that what was applied is not the whole.
const PARTIAL: [&str; 3] = ["--tags", "--skip-tags", "--start-at-task"];

/// One host in one run.
const APPLIED: &str = "SELECT runs.id, runs.started_ms, runs.head, hosts.host
    FROM runs JOIN hosts ON hosts.run = runs.id
    WHERE runs.mode = 'apply' AND runs.project = ?1 AND hosts.failed = 0 AND hosts.unreachable = 0
    ORDER BY runs.started_ms DESC, runs.id DESC";

impl History {
    /// What was applied last to each host of a project, inventory and playbooks: by the newest run that the host came through
    /// without a failure, and that left out no task.
    pub fn applied(&self, about: &Head) -> Result<BTreeMap<String, Applied>, HistoryError> {
        let connection = self.lock();
        let read = || -> rusqlite::Result<BTreeMap<String, Applied>> {
            let mut statement = connection.prepare(APPLIED)?;
            let mut rows = statement.query([&about.project])?;
            let mut applied = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let host: String = row.get(3)?;
                if applied.contains_key(&host) {
                    continue;
                }
                let head: Head =
                    serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default();
                if !is_whole(&head, about) {
                    continue;
                }
                let Revision { commit, dirty, .. } = head.revision.unwrap_or_default();
                let dirty = !dirty.is_empty();
                applied
                    .insert(host, Applied { run: row.get(0)?, commit, dirty, at_ms: row.get(1)? });
            }
            Ok(applied)
        };
        read().map_err(self.fail())
    }
}

/// Whether a run did everything that is asked about.
fn is_whole(run: &Head, about: &Head) -> bool {
    let partial = |option: &String| {
        PARTIAL
            .iter()
            .any(|name| option.strip_prefix(name).is_some_and(|rest| !rest.starts_with('-')))
    };
    run.inventory == about.inventory
        && run.playbooks == about.playbooks
        && !run.options.iter().any(partial)
}
