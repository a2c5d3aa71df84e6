//! Reads runs back.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::de::DeserializeOwned;

use crate::event::{Counts, Recap};
use crate::history::{History, HistoryError, Mode, Run, Summary};
use crate::record::{Record, Story};

/// The columns that make a [`Summary`].
pub(super) const SUMMARY: &str =
    "SELECT id, started_ms, ended_ms, mode, head, converge, outcome, exit_code FROM runs";

impl History {
    /// The last runs, the newest first.
    pub fn runs(&self, limit: usize) -> Result<Vec<Summary>, HistoryError> {
        let connection = self.lock();
        let read = || -> rusqlite::Result<Vec<Summary>> {
            let sql = format!("{SUMMARY} ORDER BY started_ms DESC, id DESC LIMIT ?1");
            let mut statement = connection.prepare(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut runs =
                statement.query_map([limit], summary)?.collect::<rusqlite::Result<Vec<_>>>()?;
            for run in &mut runs {
                let recap = recap(&connection, &run.id)?;
                run.sum_up(&recap);
            }
            Ok(runs)
        };
        read().map_err(self.fail())
    }

    /// The run of a name, of the beginning of a name that only it has, or the newest one for `last`.
    pub fn run(&self, id: &str) -> Result<Run, HistoryError> {
        let connection = self.lock();
        let id = self.find(&connection, id)?;
        let read = || -> rusqlite::Result<Run> {
            let sql = format!("{SUMMARY} WHERE id = ?1");
            let mut summary = connection.query_row(&sql, [&id], summary)?;
            let mut story = story(&connection, &id)?;
            story.hosts = recap(&connection, &id)?;
            summary.sum_up(&story.hosts);
            Ok(Run { summary, story })
        };
        read().map_err(self.fail())
    }

    /// The whole name of a run.
    fn find(&self, connection: &Connection, id: &str) -> Result<String, HistoryError> {
        let missing = || HistoryError::NoSuchRun { id: id.to_owned() };
        if id == "last" {
            let sql = "SELECT id FROM runs ORDER BY started_ms DESC, id DESC LIMIT 1";
            let newest = connection.query_row(sql, [], |row| row.get(0)).optional();
            return newest.map_err(self.fail())?.ok_or_else(missing);
        }
        let read = || -> rusqlite::Result<Vec<String>> {
            let sql = "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id";
            connection.prepare(sql)?.query_map(params![id], |row| row.get(0))?.collect()
        };
        let mut matches = read().map_err(self.fail())?;
        if matches.iter().any(|known| known == id) {
            return Ok(id.to_owned());
        }
        match matches.len() {
            1 => Ok(matches.remove(0)),
            0 => Err(missing()),
            _ => Err(HistoryError::Ambiguous { id: id.to_owned(), matches }),
        }
    }
}

impl Summary {
    fn sum_up(&mut self, recap: &Recap) {
        self.hosts = recap.len();
        for counts in recap.values() {
            self.counts.ok += counts.ok;
            self.counts.changed += counts.changed;
            self.counts.unreachable += counts.unreachable;
            self.counts.failed += counts.failed;
            self.counts.skipped += counts.skipped;
            self.counts.rescued += counts.rescued;
            self.counts.ignored += counts.ignored;
            self.counts.unknown += counts.unknown;
        }
    }
}

pub(super) fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    Ok(Summary {
        id: row.get(0)?,
        started_ms: row.get(1)?,
        ended_ms: row.get(2)?,
        mode: Mode::from_word(&row.get::<_, String>(3)?),
        head: json(row, 4)?,
        converge: row.get(5)?,
        outcome: row.get(6)?,
        exit_code: row.get(7)?,
        counts: Counts::default(),
        hosts: 0,
    })
}

fn recap(connection: &Connection, id: &str) -> rusqlite::Result<Recap> {
    let sql = "SELECT host, ok, changed, unreachable, failed, skipped, rescued, ignored, unknown
               FROM hosts WHERE run = ?1";
    let counts = |row: &Row<'_>| {
        let count = |column: usize| {
            row.get::<_, i64>(column).map(|count| usize::try_from(count).unwrap_or(0))
        };
        let counts = Counts {
            ok: count(1)?,
            changed: count(2)?,
            unreachable: count(3)?,
            failed: count(4)?,
            skipped: count(5)?,
            rescued: count(6)?,
            ignored: count(7)?,
            unknown: count(8)?,
        };
        Ok((row.get(0)?, counts))
    };
    connection.prepare_cached(sql)?.query_map([id], counts)?.collect()
}

fn story(connection: &Connection, id: &str) -> rusqlite::Result<Story> {
    let sql = "SELECT kind, task, body FROM records WHERE run = ?1 ORDER BY seq";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([id])?;
    let mut story = Story::default();
    while let Some(row) = rows.next()? {
        let record = match row.get_ref(0)?.as_str()? {
            "play" => Record::Play(json(row, 2)?),
            "task" => Record::Task(json(row, 2)?),
            "step" => {
                let task = usize::try_from(row.get::<_, i64>(1)?).unwrap_or(0);
                Record::Step(task, json(row, 2)?)
            }
            "unreachable" => Record::Lost(json(row, 2)?),
            "warning" => Record::Warning(json(row, 2)?),
            // A kind of a later converge that did not need a new version of the tables.
            _ => continue,
        };
        story.add(record);
    }
    Ok(story)
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
