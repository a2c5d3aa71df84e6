//! Reports of drift, kept to be compared with.

use serde::Serialize;

use crate::drift::{Counts, Report};
use crate::history::database::{Answer, Row};
use crate::history::{History, HistoryError};

/// So many reports of one inventory are kept.
const KEPT: i64 = 1000;

/// What a check amounted to, for a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// When it began, in milliseconds since 1970.
    pub taken_ms: i64,
    /// What it amounted to.
    pub counts: Counts,
}

impl History {
    /// Keeps a report. `told` says that somebody was told what is new in it.
    pub fn keep_report(&self, report: &Report, told: bool) -> Result<(), HistoryError> {
        let about = about(report);
        self.change(|database| {
            let sql = "INSERT INTO drift (about, taken_ms, told, counts, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (about, taken_ms) DO UPDATE SET told = ?3, counts = ?4, body = ?5";
            let (counts, body) = (json(&report.counts()), json(report));
            let taken = report.taken_ms.into();
            let values = [about.as_str().into(), taken, told.into(), counts.into(), body.into()];
            database.execute(sql, &values)?;
            let sql = "DELETE FROM drift WHERE about = ?1 AND taken_ms NOT IN
                 (SELECT taken_ms FROM drift WHERE about = ?1 ORDER BY taken_ms DESC LIMIT ?2)";
            database.execute(sql, &[about.as_str().into(), KEPT.into()]).map(drop)
        })
    }

    /// The newest report about the same as this one; with `told`, the newest of which somebody was told what is new in it.
    pub fn last_report(&self, like: &Report, told: bool) -> Result<Option<Report>, HistoryError> {
        let sql = "SELECT body FROM drift WHERE about = ?1 AND told >= ?2
                   ORDER BY taken_ms DESC LIMIT 1";
        let rows = self.ask(|database| database.query(sql, &[about(like).into(), told.into()]))?;
        // A report of a later converge that can't be read is as good as none.
        Ok(rows.first().and_then(|row| row.json(0).ok()))
    }

    /// What the last checks about the same amounted to, the oldest first.
    pub fn past_reports(&self, like: &Report, limit: usize) -> Result<Vec<Past>, HistoryError> {
        let sql = "SELECT taken_ms, counts FROM drift WHERE about = ?1
                   ORDER BY taken_ms DESC LIMIT ?2";
        let past =
            |row: &Row| Ok(Past { taken_ms: row.int(0)?, counts: row.json(1).unwrap_or_default() });
        self.ask(|database| {
            let rows = database.query(sql, &[about(like).into(), limit.into()])?;
            rows.iter().rev().map(past).collect::<Answer<Vec<_>>>()
        })
    }
}

/// What makes two reports comparable.
fn about(report: &Report) -> String {
    json(&(&report.project, &report.inventory, &report.playbooks))
}

/// Text, numbers and lists have a form in JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
