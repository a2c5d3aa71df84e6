//! Where the history's tables are: a file of SQLite, or a server of PostgreSQL. Both are asked in the same words.
//!
//! Statements are written with SQLite's numbered parameters (`?1`) and the part of SQL that both have; whole numbers have 64 bits.

mod postgresql;
mod sqlite;
mod tls;

use std::fmt;

pub(super) use postgresql::{PostgreSql, shown};
pub(super) use sqlite::Sqlite;

/// A value in a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// None.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Row(Vec<Value>);

/// Why a statement failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Somebody else holds what is needed for too long.
    Busy,
    /// It can't be written, read or reached, for this reason.
    Unusable(String),
    /// What is there is not what should be.
    Damaged(String),
}

pub(super) type Answer<T> = Result<T, Fault>;

/// Tables that can be asked.
pub(super) trait Database: Send {
    /// Does something, and says how many rows it was done to.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Answer<usize>;

    /// Asks for rows.
    fn query(&mut self, sql: &str, values: &[Value]) -> Answer<Vec<Row>>;

    /// Does several things without parameters.
    fn batch(&mut self, sql: &str) -> Answer<()>;

    /// Which version the tables have; 0 where there are none.
    fn version(&mut self) -> Answer<i64>;

    /// Notes which version the tables have.
    fn set_version(&mut self, version: i64) -> Answer<()>;

    /// Begins something that nobody else does at the same time.
    fn begin_alone(&mut self) -> Answer<()>;

    /// The words that make tables, as this database takes them. They are written for SQLite.
    fn words(&self, sql: &str) -> String;

    /// Gives back room that nothing needs any more.
    fn shrink(&mut self) -> Answer<()> {
        Ok(())
    }
}

/// All of it, or nothing.
pub(super) fn atomically<T>(
    database: &mut dyn Database,
    run: impl FnOnce(&mut dyn Database) -> Answer<T>,
) -> Answer<T> {
    database.batch("BEGIN")?;
    finish(database, run)
}

/// Ends what was begun: all of it, or nothing.
pub(super) fn finish<T>(
    database: &mut dyn Database,
    run: impl FnOnce(&mut dyn Database) -> Answer<T>,
) -> Answer<T> {
    let done = run(database).and_then(|done| database.batch("COMMIT").map(|()| done));
    if done.is_err() {
        // Where the connection is gone, so is what was begun.
        let _ = database.batch("ROLLBACK");
    }
    done
}

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// A whole number.
    pub(super) fn int(&self, column: usize) -> Answer<i64> {
        self.maybe_int(column)?.ok_or_else(|| self.wrong(column, "a whole number"))
    }

    /// A whole number, or none.
    pub(super) fn maybe_int(&self, column: usize) -> Answer<Option<i64>> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column, "a whole number")),
        }
    }

    /// Text.
    pub(super) fn text(&self, column: usize) -> Answer<&str> {
        self.maybe_text(column)?.ok_or_else(|| self.wrong(column, "text"))
    }

    /// Text, or none.
    pub(super) fn maybe_text(&self, column: usize) -> Answer<Option<&str>> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.wrong(column, "text")),
        }
    }

    /// Bytes.
    pub(super) fn bytes(&self, column: usize) -> Answer<&[u8]> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(self.wrong(column, "bytes")),
        }
    }

    /// What text in JSON says.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, column: usize) -> Answer<T> {
        let text = self.text(column)?;
        serde_json::from_str(text).map_err(|error| Fault::Damaged(error.to_string()))
    }

    fn wrong(&self, column: usize, wanted: &str) -> Fault {
        let kind = match self.0.get(column) {
            Some(Value::Null) => "nothing",
            Some(Value::Int(_)) => "a whole number",
            Some(Value::Text(_)) => "text",
            Some(Value::Bytes(_)) => "bytes",
            None => "no column",
        };
        Fault::Damaged(format!("column {column} has {kind} in place of {wanted}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => formatter.write_str("somebody else holds it"),
            Self::Unusable(why) | Self::Damaged(why) => formatter.write_str(why),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(truth.into())
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Int(number.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
