//! The tables, and how they became what they are.

use crate::history::HistoryError;
use crate::history::database::{Database, Fault, finish};

/// What makes each version out of the one before; never edited, only added to. The database knows which were done.
const STEPS: [&str; 4] = [
    // Bodies are records as JSON; `show` reads them in the order of `seq`.
    "CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        started_ms INTEGER NOT NULL,
        ended_ms INTEGER,
        mode TEXT NOT NULL,
        project TEXT NOT NULL,
        revision TEXT,
        head TEXT NOT NULL,
        converge TEXT NOT NULL,
        outcome TEXT,
        exit_code INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_by_start ON runs (started_ms);
    CREATE TABLE hosts (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        host TEXT NOT NULL,
        ok INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        unreachable INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        rescued INTEGER NOT NULL,
        ignored INTEGER NOT NULL,
        unknown INTEGER NOT NULL,
        PRIMARY KEY (run, host)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE records (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        kind TEXT NOT NULL,
        task INTEGER,
        host TEXT,
        body TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;",
    // `changes` takes back what a step did: compressed, in the form of the wire. `rest` is what nothing takes back, as JSON.
    "CREATE TABLE undo (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        host TEXT NOT NULL,
        \"user\" TEXT,
        task TEXT NOT NULL,
        place TEXT NOT NULL,
        changes BLOB NOT NULL,
        rest TEXT NOT NULL,
        PRIMARY KEY (run, seq)
    ) STRICT, WITHOUT ROWID;",
    // `about` is the project, inventories and playbooks that a report of drift can be compared within. `counts` and `body` are JSON.
    "CREATE TABLE drift (
        about TEXT NOT NULL,
        taken_ms INTEGER NOT NULL,
        told INTEGER NOT NULL,
        counts TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (about, taken_ms)
    ) STRICT, WITHOUT ROWID;",
    // `body` is how far a rollout is, as JSON; `step` grows with each.
    "CREATE TABLE rollouts (
        id TEXT PRIMARY KEY,
        step INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;",
];

/// The newest version.
const VERSION: i64 = STEPS.len() as i64;

/// Brings the tables to the newest version.
pub(super) fn prepare(database: &mut dyn Database, place: &str) -> Result<(), HistoryError> {
    let fail = |fault: Fault| HistoryError::new(place, fault);
    if database.version().map_err(fail)? == VERSION {
        return Ok(());
    }
    database.begin_alone().map_err(fail)?;
    let mut newer = None;
    let done = finish(database, |database| {
        // Somebody else may have done it meanwhile.
        let version = database.version()?;
        let Some(missing) = usize::try_from(version).ok().and_then(|done| STEPS.get(done..)) else {
            newer = Some(version);
            return Ok(());
        };
        for step in missing {
            let words = database.words(step);
            database.batch(&words)?;
        }
        database.set_version(VERSION)
    });
    match newer {
        Some(version) => {
            Err(HistoryError::Newer { place: place.to_owned(), version, known: VERSION })
        }
        None => done.map_err(fail),
    }
}
