//! A file of SQLite.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, params_from_iter};

use crate::history::database::{Answer, Database, Fault, Row, Value};

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(3);

/// A file that is open.
pub(in crate::history) struct Sqlite(Connection);

impl Sqlite {
    /// Opens a file, which is made where it is missing.
    pub(in crate::history) fn open(path: &Path) -> Answer<Self> {
        let connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(PATIENCE).map_err(fault)?;
        // A file system without shared memory keeps the old kind of journal, which does as well.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(fault)?;
        connection
            .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
            .map_err(fault)?;
        Ok(Self(connection))
    }
}

impl Database for Sqlite {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Answer<usize> {
        let mut statement = self.0.prepare_cached(sql).map_err(fault)?;
        statement.execute(params_from_iter(values)).map_err(fault)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Answer<Vec<Row>> {
        let mut statement = self.0.prepare_cached(sql).map_err(fault)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values)).map_err(fault)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let values =
                (0..columns).map(|column| row.get_ref(column).map(value).map_err(fault)?);
            all.push(Row::new(values.collect::<Answer<Vec<_>>>()?));
        }
        Ok(all)
    }

    fn batch(&mut self, sql: &str) -> Answer<()> {
        self.0.execute_batch(sql).map_err(fault)
    }

    fn version(&mut self) -> Answer<i64> {
        self.0.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(fault)
    }

    fn set_version(&mut self, version: i64) -> Answer<()> {
        self.0.pragma_update(None, "user_version", version).map_err(fault)
    }

    fn begin_alone(&mut self) -> Answer<()> {
        self.batch("BEGIN IMMEDIATE")
    }

    fn words(&self, sql: &str) -> String {
        sql.to_owned()
    }

    fn shrink(&mut self) -> Answer<()> {
        self.batch("VACUUM")
    }
}

fn value(value: ValueRef<'_>) -> Answer<Value> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec());
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(_) => return Err(Fault::Damaged("there is a fraction in it".into())),
        ValueRef::Text(bytes) => {
            Value::Text(text(bytes).map_err(|error| Fault::Damaged(error.to_string()))?)
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[allow(clippy::needless_pass_by_value)]
fn fault(error: rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        Some(
            ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure,
        ) => Fault::Unusable(error.to_string()),
        _ => Fault::Damaged(error.to_string()),
    }
}
