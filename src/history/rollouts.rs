//! How far rollouts are, where a team shares the history: whoever is at another machine can see them, go on with them, or give them up.

use sha2::{Digest as _, Sha256};

use crate::history::database::Value;
use crate::history::{History, HistoryError};

/// So many are looked at, the newest ones.
const SEEN: i64 = 100;

impl History {
    /// Keeps how far a rollout is, as text. `step` counts how often that was done: an older text never comes over a newer one.
    pub fn keep_rollout(&self, id: &str, step: u64, text: &str) -> Result<(), HistoryError> {
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let sql = "INSERT INTO rollouts (id, step, body) VALUES (?1, ?2, ?3)
                   ON CONFLICT (id) DO UPDATE SET step = ?2, body = ?3 WHERE rollouts.step < ?2";
        let values: [Value; 3] = [id.into(), step.into(), text.into()];
        self.ask(|database| database.execute(sql, &values)).map(drop)
    }

    /// How far each rollout is, the newest first.
    pub fn rollouts(&self) -> Result<Vec<String>, HistoryError> {
        let sql = "SELECT body FROM rollouts ORDER BY id DESC LIMIT ?1";
        self.ask(|database| {
            let rows = database.query(sql, &[SEEN.into()])?;
            rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
        })
    }

    /// Takes a rollout on a server, until it is released or the connection is gone. Says whether nobody else has it.
    pub fn take_rollout(&self, id: &str) -> Result<bool, HistoryError> {
        let sql = "SELECT CASE WHEN pg_try_advisory_lock(?1) THEN 1::bigint ELSE 0::bigint END";
        self.ask(|database| {
            let rows = database.query(sql, &[number(id).into()])?;
            rows.first().map_or(Ok(0), |row| row.int(0)).map(|taken| taken == 1)
        })
    }

    /// Gives back what was taken.
    pub fn release_rollout(&self, id: &str) -> Result<(), HistoryError> {
        let sql = "SELECT CASE WHEN pg_advisory_unlock(?1) THEN 1::bigint ELSE 0::bigint END";
        self.ask(|database| database.query(sql, &[number(id).into()])).map(drop)
    }
}

/// The number that a rollout is locked by.
fn number(id: &str) -> i64 {
    let digest = Sha256::digest(format!("converge rollout {id}"));
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}
