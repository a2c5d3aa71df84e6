//! What was applied to each host last.

use std::collections::BTreeMap;
use std::path::Path;

use crate::drift::Applied;
use crate::git::{self, Revision};
use crate::history::partial::leaves_tasks_out;
use crate::history::{History, HistoryError};
use crate::record::Head;

/// One host in one run.
const APPLIED: &str = "SELECT runs.id, runs.started_ms, runs.head, hosts.host
    FROM runs JOIN hosts ON hosts.run = runs.id
    WHERE runs.mode = 'apply' AND hosts.failed = 0 AND hosts.unreachable = 0
    ORDER BY runs.started_ms DESC, runs.id DESC";

impl History {
    /// What was applied last to each host of a project, inventory and playbooks: by the newest run that the host came through
    /// without a failure, and that left out no task. A run in another folder counts where its commit is one of this project's: that
    /// is another checkout of the same.
    pub fn applied(&self, about: &Head) -> Result<BTreeMap<String, Applied>, HistoryError> {
        self.ask(|database| {
            let mut applied = BTreeMap::new();
            let mut known: BTreeMap<String, bool> = BTreeMap::new();
            for row in database.query(APPLIED, &[])? {
                let host = row.text(3)?;
                if applied.contains_key(host) {
                    continue;
                }
                let head: Head = row.json(2)?;
                if !is_whole(&head, about) {
                    continue;
                }
                let Revision { commit, dirty, .. } = head.revision.unwrap_or_default();
                let dirty = !dirty.is_empty();
                let mut is_known = |commit: &String| {
                    let has = || git::has_commit(Path::new(&about.project), commit);
                    *known.entry(commit.clone()).or_insert_with(has)
                };
                if head.project != about.project && !commit.as_ref().is_some_and(&mut is_known) {
                    continue;
                }
                let (run, at_ms) = (row.text(0)?.to_owned(), row.int(1)?);
                applied.insert(host.to_owned(), Applied { run, commit, dirty, at_ms });
            }
            Ok(applied)
        })
    }
}

/// Whether a run did everything that is asked about.
fn is_whole(run: &Head, about: &Head) -> bool {
    run.inventory == about.inventory
        && run.playbooks == about.playbooks
        && !run.options.iter().any(|option| leaves_tasks_out(option))
}
