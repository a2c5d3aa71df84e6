//! The tables, and how they became what they are.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use crate::history::HistoryError;

/// What makes each version out of the one before; never edited, only added to. `PRAGMA user_version` says which were done.
const STEPS: [&str; 3] = [
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
        user TEXT,
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
];

/// The newest version.
const VERSION: i64 = STEPS.len() as i64;

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(3);

/// Sets the connection up and brings the tables to the newest version.
pub(super) fn prepare(connection: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    let fail = |error: rusqlite::Error| HistoryError::new(path, &error);
    connection.busy_timeout(PATIENCE).map_err(fail)?;
    // A file system without shared memory keeps the old kind of journal, which does as well.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(fail)?;
    connection
        .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        .map_err(fail)?;
    if version(connection).map_err(fail)? == VERSION {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
    let version = version(&transaction).map_err(fail)?;
    let Some(missing) = usize::try_from(version).ok().and_then(|done| STEPS.get(done..)) else {
        return Err(HistoryError::Newer { path: path.to_owned(), version, known: VERSION });
    };
    for step in missing {
        transaction.execute_batch(step).map_err(fail)?;
    }
    transaction.pragma_update(None, "user_version", VERSION).map_err(fail)?;
    transaction.commit().map_err(fail)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
