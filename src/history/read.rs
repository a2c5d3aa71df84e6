//! Reads runs back.

use crate::event::{Counts, Recap};
use crate::history::database::{Answer, Database, Row};
use crate::history::{History, HistoryError, Mode, Run, Summary};
use crate::record::{Record, Story};

/// The columns that make a [`Summary`].
pub(super) const SUMMARY: &str =
    "SELECT id, started_ms, ended_ms, mode, head, converge, outcome, exit_code FROM runs";

impl History {
    /// The last runs, the newest first.
    pub fn runs(&self, limit: usize) -> Result<Vec<Summary>, HistoryError> {
        self.ask(|database| {
            let sql = format!("{SUMMARY} ORDER BY started_ms DESC, id DESC LIMIT ?1");
            let rows = database.query(&sql, &[limit.into()])?;
            let mut runs = rows.iter().map(summary).collect::<Answer<Vec<_>>>()?;
            for run in &mut runs {
                let recap = recap(database, &run.id)?;
                run.sum_up(&recap);
            }
            Ok(runs)
        })
    }

    /// The run of a name, of the beginning of a name that only it has, or the newest one for `last`.
    pub fn run(&self, id: &str) -> Result<Run, HistoryError> {
        let id = self.find(id)?;
        let found = self.ask(|database| {
            let sql = format!("{SUMMARY} WHERE id = ?1");
            let rows = database.query(&sql, &[id.as_str().into()])?;
            let Some(row) = rows.first() else { return Ok(None) };
            let mut summary = summary(row)?;
            let mut story = story(database, &id)?;
            story.hosts = recap(database, &id)?;
            summary.sum_up(&story.hosts);
            Ok(Some(Run { summary, story }))
        });
        found?.ok_or(HistoryError::NoSuchRun { id })
    }

    /// The whole name of a run.
    fn find(&self, id: &str) -> Result<String, HistoryError> {
        let missing = || HistoryError::NoSuchRun { id: id.to_owned() };
        let names = |rows: Vec<Row>| {
            rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Answer<Vec<_>>>()
        };
        if id == "last" {
            let sql = "SELECT id FROM runs ORDER BY started_ms DESC, id DESC LIMIT 1";
            let newest = self.ask(|database| names(database.query(sql, &[])?))?;
            return newest.into_iter().next().ok_or_else(missing);
        }
        // Names are letters and digits; anything else would be a pattern.
        if !id.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(missing());
        }
        let sql = "SELECT id FROM runs WHERE id LIKE ?1 ORDER BY id";
        let mut matches =
            self.ask(|database| names(database.query(sql, &[format!("{id}%").into()])?))?;
        matches.retain(|known| known.starts_with(id));
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

pub(super) fn summary(row: &Row) -> Answer<Summary> {
    let code = row.maybe_int(7)?.map(|code| u8::try_from(code).unwrap_or(u8::MAX));
    Ok(Summary {
        id: row.text(0)?.to_owned(),
        started_ms: row.int(1)?,
        ended_ms: row.maybe_int(2)?,
        mode: Mode::from_word(row.text(3)?),
        head: row.json(4)?,
        converge: row.text(5)?.to_owned(),
        outcome: row.maybe_text(6)?.map(str::to_owned),
        exit_code: code,
        counts: Counts::default(),
        hosts: 0,
    })
}

fn recap(database: &mut dyn Database, id: &str) -> Answer<Recap> {
    let sql = "SELECT host, ok, changed, unreachable, failed, skipped, rescued, ignored, unknown
               FROM hosts WHERE run = ?1";
    let counts = |row: &Row| {
        let count = |column| row.int(column).map(|count| usize::try_from(count).unwrap_or(0));
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
        Ok((row.text(0)?.to_owned(), counts))
    };
    database.query(sql, &[id.into()])?.iter().map(counts).collect()
}

fn story(database: &mut dyn Database, id: &str) -> Answer<Story> {
    let sql = "SELECT kind, task, body FROM records WHERE run = ?1 ORDER BY seq";
    let mut story = Story::default();
    for row in database.query(sql, &[id.into()])? {
        let record = match row.text(0)? {
            "play" => Record::Play(row.json(2)?),
            "task" => Record::Task(row.json(2)?),
            "step" => {
                let task = usize::try_from(row.maybe_int(1)?.unwrap_or(0)).unwrap_or(0);
                Record::Step(task, row.json(2)?)
            }
            "unreachable" => Record::Lost(row.json(2)?),
            "warning" => Record::Warning(row.json(2)?),
            // A kind of a later converge that did not need a new version of the tables.
            _ => continue,
        };
        story.add(record);
    }
    Ok(story)
}
