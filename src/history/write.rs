//! Keeps a run while it happens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde::Serialize;

use crate::event::Recap;
use crate::history::database::{Answer, Database, Value};
use crate::history::{History, HistoryError, Keeper, Mode, id, millis};
use crate::record::{Head, Reader, Record, Story, Verdict};
use crate::redact::Redactor;

/// So many records of steps that changed nothing are written at once; what changes or fails is written at its time, so that it is
/// known even of a run that was killed.
const BATCH: usize = 256;

/// Keeps the records of one run.
///
/// Writing must not disturb the run: the first error ends the writing, and [`Writer::finish`] returns it.
pub struct Writer {
    history: History,
    id: String,
    state: Mutex<State>,
}

struct State {
    next: i64,
    rows: Vec<Row>,
    error: Option<HistoryError>,
}

struct Row {
    seq: i64,
    kind: &'static str,
    task: Option<usize>,
    host: Option<String>,
    body: String,
}

impl History {
    /// Notes that a run begins.
    pub fn begin(
        &self,
        head: &Head,
        mode: Mode,
        started: SystemTime,
    ) -> Result<Writer, HistoryError> {
        let started = millis(started);
        let commit = head.revision.as_ref().and_then(|revision| revision.commit.as_deref());
        let head_text = json(head);
        let insert = |id: &str| {
            let values: [Value; 7] = [
                id.into(),
                started.into(),
                mode.word().into(),
                (&head.project).into(),
                commit.into(),
                (&head_text).into(),
                env!("CARGO_PKG_VERSION").into(),
            ];
            let sql = "INSERT INTO runs (id, started_ms, mode, project, revision, head, converge)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";
            self.ask(|database| database.execute(sql, &values))
        };
        let random = rand::random();
        let mut tried = 0;
        let mut id = id::name(started, random, tried);
        // Another run may have begun in the same second and got the same name.
        while insert(&id)? == 0 {
            tried += 1;
            id = id::name(started, random, tried);
        }
        let state = State { next: 0, rows: Vec::new(), error: None };
        Ok(Writer { history: self.clone(), id, state: Mutex::new(state) })
    }
}

impl Writer {
    /// The name of the run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Keeps what takes the run back, beside its records.
    pub fn keeper(&self, redactor: Arc<Redactor>) -> Keeper {
        Keeper::new(self.history.clone(), self.id.clone(), redactor)
    }

    /// Keeps a story that was collected before.
    pub fn tell(&self, story: &Story) {
        for record in story.records() {
            self.read(&record);
        }
    }

    /// Notes how the run ended, and says what went wrong with the writing.
    pub fn finish(
        &self,
        outcome: &str,
        exit_code: u8,
        recap: &Recap,
        ended: SystemTime,
    ) -> Result<(), HistoryError> {
        let mut state = self.lock();
        self.flush(&mut state);
        if let Some(error) = state.error.take() {
            return Err(error);
        }
        self.history
            .change(|database| finish(database, &self.id, outcome, exit_code, recap, millis(ended)))
    }

    fn flush(&self, state: &mut State) {
        let rows = std::mem::take(&mut state.rows);
        if rows.is_empty() || state.error.is_some() {
            return;
        }
        let written = self.history.change(|database| insert(database, &self.id, &rows));
        state.error = written.err();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader for Writer {
    fn read(&self, record: &Record) {
        let mut state = self.lock();
        if state.error.is_some() {
            return;
        }
        let row = Row::new(state.next, record);
        state.next += 1;
        state.rows.push(row);
        if state.rows.len() >= BATCH || matters(record) {
            self.flush(&mut state);
        }
    }
}

impl Row {
    fn new(seq: i64, record: &Record) -> Self {
        let row = |kind, task, host: Option<&String>, body| Self {
            seq,
            kind,
            task,
            host: host.cloned(),
            body,
        };
        match record {
            Record::Play(play) => row("play", None, None, json(play)),
            Record::Task(task) => row("task", Some(task.number), None, json(task)),
            Record::Step(task, step) => row("step", Some(*task), Some(&step.host), json(step)),
            Record::Lost(lost) => row("unreachable", None, Some(&lost.host), json(lost)),
            Record::Warning(warning) => row("warning", None, None, json(warning)),
        }
    }
}

/// Whether somebody who asks what a killed run did wants to know of it.
fn matters(record: &Record) -> bool {
    match record {
        Record::Step(_, step) => !matches!(step.verdict, Verdict::Ok | Verdict::Skipped { .. }),
        Record::Lost(_) | Record::Warning(_) => true,
        Record::Play(_) | Record::Task(_) => false,
    }
}

fn insert(database: &mut dyn Database, id: &str, rows: &[Row]) -> Answer<()> {
    let sql =
        "INSERT INTO records (run, seq, kind, task, host, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for row in rows {
        let values: [Value; 6] = [
            id.into(),
            row.seq.into(),
            row.kind.into(),
            row.task.into(),
            row.host.clone().into(),
            (&row.body).into(),
        ];
        database.execute(sql, &values)?;
    }
    Ok(())
}

fn finish(
    database: &mut dyn Database,
    id: &str,
    outcome: &str,
    exit_code: u8,
    recap: &Recap,
    ended_ms: i64,
) -> Answer<()> {
    let sql = "UPDATE runs SET ended_ms = ?2, outcome = ?3, exit_code = ?4 WHERE id = ?1";
    database.execute(sql, &[id.into(), ended_ms.into(), outcome.into(), exit_code.into()])?;
    let sql = "INSERT INTO hosts (run, host, ok, changed, unreachable, failed, skipped, rescued, ignored, unknown)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    for (host, counts) in recap {
        let values: [Value; 10] = [
            id.into(),
            host.into(),
            counts.ok.into(),
            counts.changed.into(),
            counts.unreachable.into(),
            counts.failed.into(),
            counts.skipped.into(),
            counts.rescued.into(),
            counts.ignored.into(),
            counts.unknown.into(),
        ];
        database.execute(sql, &values)?;
    }
    Ok(())
}

/// The JSON of a record. Records are made of text, numbers and lists, which all have one.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
