//! A server of PostgreSQL, which several people share.

use std::error::Error;
use std::time::Duration;

use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config};

use crate::history::database::tls::Tls;
use crate::history::database::{Answer, Database, Fault, Row, Value};

/// How long connecting may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the version is noted.
const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS converge_history (version BIGINT NOT NULL)";

/// Who brings the tables to a new version holds this lock: the letters of `conv`.
const LOCK: i64 = 0x636f_6e76;

/// A connection to a server.
pub(in crate::history) struct PostgreSql(Client);

impl PostgreSql {
    /// Connects to a server by its URL or its words (`host=db user=converge dbname=converge`).
    ///
    /// See [connection strings](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING).
    pub(in crate::history) fn connect(url: &str) -> Answer<Self> {
        let (rest, tls) = Tls::take(url)?;
        let mut config: Config = rest.parse().map_err(fault)?;
        config.connect_timeout(PATIENCE).application_name("converge");
        let maker = tls.maker(&mut config)?;
        config.connect(maker).map(Self).map_err(fault)
    }
}

/// How a server is called in messages: without a password.
pub(in crate::history) fn shown(url: &str) -> String {
    let rest = Tls::take(url).map_or_else(|_| url.to_owned(), |(rest, _)| rest);
    let Ok(config) = rest.parse::<Config>() else { return "postgresql".to_owned() };
    let hosts = config.get_hosts().iter().map(|host| match host {
        postgres::config::Host::Tcp(name) => name.clone(),
        postgres::config::Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<String> = hosts.collect();
    let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("postgresql://{}/{name}", hosts.join(","))
}

impl Database for PostgreSql {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Answer<usize> {
        let changed = self.0.execute(&numbered(sql), &params(values)).map_err(fault)?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Answer<Vec<Row>> {
        let rows = self.0.query(&numbered(sql), &params(values)).map_err(fault)?;
        let all = rows.iter().map(|row| {
            let values = (0..row.len()).map(|column| value(row, column));
            values.collect::<Answer<Vec<_>>>().map(Row::new)
        });
        all.collect()
    }

    fn batch(&mut self, sql: &str) -> Answer<()> {
        self.0.batch_execute(sql).map_err(fault)
    }

    fn version(&mut self) -> Answer<i64> {
        let there = "SELECT to_regclass('converge_history') IS NOT NULL";
        if !self.0.query_one(there, &[]).map_err(fault)?.get::<_, bool>(0) {
            return Ok(0);
        }
        let row = self.0.query_opt("SELECT version FROM converge_history", &[]).map_err(fault)?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    fn set_version(&mut self, version: i64) -> Answer<()> {
        self.batch(&format!("{VERSIONS}; DELETE FROM converge_history"))?;
        let insert = "INSERT INTO converge_history (version) VALUES (?1)";
        self.execute(insert, &[version.into()]).map(drop)
    }

    fn begin_alone(&mut self) -> Answer<()> {
        self.batch(&format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})"))
    }

    fn words(&self, sql: &str) -> String {
        sql.replace(" STRICT, WITHOUT ROWID", "")
            .replace("INTEGER", "BIGINT")
            .replace("BLOB", "BYTEA")
    }
}

/// Parameters as PostgreSQL numbers them: `$1` for `?1`.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

fn params(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}

fn value(row: &postgres::Row, column: usize) -> Answer<Value> {
    let kind = row.columns()[column].type_();
    Ok(if *kind == Type::INT8 {
        row.try_get::<_, Option<i64>>(column).map_err(fault)?.into()
    } else if *kind == Type::BYTEA {
        row.try_get::<_, Option<Vec<u8>>>(column).map_err(fault)?.into()
    } else {
        row.try_get::<_, Option<String>>(column).map_err(fault)?.into()
    })
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            // PostgreSQL has no text with a zero byte in it.
            Self::Text(text) if text.contains('\0') => {
                text.replace('\0', "\u{fffd}").to_sql(kind, out)
            }
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[allow(clippy::needless_pass_by_value)]
fn fault(error: postgres::Error) -> Fault {
    let told = match (error.as_db_error(), error.source()) {
        (Some(told), _) => told.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    };
    match error.code().map(postgres::error::SqlState::code) {
        // A lock that was waited for, or a deadlock: see the manual, appendix A.
        Some("55P03" | "40P01" | "40001") => Fault::Busy,
        // A table or column that is not as it should be.
        Some(code) if code.starts_with("42") && code != "42501" => Fault::Damaged(told),
        _ => Fault::Unusable(told),
    }
}

#[cfg(test)]
mod tests {
    use super::{numbered, shown};

    #[test]
    fn passwords_are_never_shown() {
        let shown = |url: &str| shown(url);
        assert_eq!(
            shown("postgresql://me:s3cret@db.example.org:5433/history"),
            "postgresql://db.example.org/history"
        );
        assert_eq!(
            shown("host=/run/postgresql user=me password=s3cret"),
            "postgresql:///run/postgresql/me"
        );
        assert_eq!(shown("s3cret"), "postgresql");
        assert_eq!(numbered("a = ?1 AND b = ?12"), "a = $1 AND b = $12");
    }
}
