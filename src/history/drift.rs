//! Reports of drift, kept to be compared with.

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;

use crate::drift::{Counts, Report};
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
        let mut connection = self.lock();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            transaction.execute(
                "INSERT INTO drift (about, taken_ms, told, counts, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (about, taken_ms) DO UPDATE SET told = ?3, counts = ?4, body = ?5",
                params![about, report.taken_ms, told, json(&report.counts()), json(report)],
            )?;
            transaction.execute(
                "DELETE FROM drift WHERE about = ?1 AND taken_ms NOT IN
                 (SELECT taken_ms FROM drift WHERE about = ?1 ORDER BY taken_ms DESC LIMIT ?2)",
                params![about, KEPT],
            )?;
            transaction.commit()
        };
        write().map_err(self.fail())
    }

    /// The newest report about the same as this one; with `told`, the newest of which somebody was told what is new in it.
    pub fn last_report(&self, like: &Report, told: bool) -> Result<Option<Report>, HistoryError> {
        let connection = self.lock();
        let read = || -> rusqlite::Result<Option<String>> {
            let sql = "SELECT body FROM drift WHERE about = ?1 AND told >= ?2
                       ORDER BY taken_ms DESC LIMIT 1";
            connection.query_row(sql, params![about(like), told], |row| row.get(0)).optional()
        };
        let body = read().map_err(self.fail())?;
        // A report of a later converge that can't be read is as good as none.
        Ok(body.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// What the last checks about the same amounted to, the oldest first.
    pub fn past_reports(&self, like: &Report, limit: usize) -> Result<Vec<Past>, HistoryError> {
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<Past>> {
            let sql = "SELECT taken_ms, counts FROM drift WHERE about = ?1
                       ORDER BY taken_ms DESC LIMIT ?2";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = connection.prepare(sql)?;
            let past = statement.query_map(params![about(like), limit], |row| {
                let counts = row.get_ref(1)?.as_str()?;
                let counts = serde_json::from_str(counts).unwrap_or_default();
                Ok(Past { taken_ms: row.get(0)?, counts })
            })?;
            let mut past = past.collect::<rusqlite::Result<Vec<_>>>()?;
            past.reverse();
            Ok(past)
        };
        read().map_err(self.fail())
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
