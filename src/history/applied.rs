//! What was applied to an environment.

use crate::history::database::{Answer, Database};
use crate::history::partial::is_part;
use crate::history::read::{SUMMARY, summary};
use crate::history::{History, HistoryError, Summary};

impl History {
    /// The last run that applied a commit to an environment of a project without a failure.
    pub fn last_applied(
        &self,
        project: &str,
        environment: &str,
    ) -> Result<Option<Summary>, HistoryError> {
        let well = |run: &Summary| {
            let outcome = run.outcome.as_deref();
            let commit = run.head.revision.as_ref().and_then(|revision| revision.commit.as_ref());
            let whole = !run.head.options.iter().any(|option| is_part(option));
            whole && matches!(outcome, Some("applied" | "unchanged")) && commit.is_some()
        };
        let runs = self.ask(|database| applied(database, project, environment))?;
        Ok(runs.into_iter().rev().find(well))
    }

    /// The names of the runs that applied something to an environment of a project since a time in milliseconds since 1970, those
    /// that failed or did not end included.
    pub fn applied_since(
        &self,
        project: &str,
        environment: &str,
        since_ms: i64,
    ) -> Result<Vec<String>, HistoryError> {
        let runs = self.ask(|database| applied(database, project, environment))?;
        let since = runs.into_iter().filter(|run| run.started_ms > since_ms);
        Ok(since.map(|run| run.id).collect())
    }
}

/// Runs that applied something to an environment of a project, the oldest first: their heads name it.
fn applied(database: &mut dyn Database, project: &str, environment: &str) -> Answer<Vec<Summary>> {
    let sql = format!("{SUMMARY} WHERE project = ?1 AND mode = 'apply' ORDER BY started_ms, id");
    let rows = database.query(&sql, &[project.into()])?;
    let mut runs = rows.iter().map(summary).collect::<Answer<Vec<_>>>()?;
    runs.retain(|run| run.head.environments.iter().any(|head| head.name == environment));
    Ok(runs)
}
