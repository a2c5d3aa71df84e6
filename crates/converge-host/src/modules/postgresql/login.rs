//! How a server is reached, and what it answers.

use crate::args::{Args, Choice};
use crate::change::ActChange;
use crate::data::Map;
use crate::host::{Command, Host};
use crate::modules::known::{need, refused};
use crate::stop::{Result, Stop, Why};

/// The arguments that every module about a server takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Login {
    /// Whom the server is asked as.
    #[arg(alias = "login", default = "postgres")]
    pub(super) login_user: String,
    /// The password of that role.
    #[arg(default = "")]
    pub(super) login_password: String,
    /// The server; the socket of this host where it is not given.
    #[arg(alias = "host", default = "")]
    pub(super) login_host: String,
    /// The folder of the socket.
    #[arg(alias = "unix_socket", default = "")]
    pub(super) login_unix_socket: String,
    /// The port.
    #[arg(alias = "port", default = "5432")]
    pub(super) login_port: i64,
    /// Whether the connection is encrypted.
    #[arg(default = "prefer")]
    pub(super) ssl_mode: SslMode,
    /// The certificates of authorities that vouch for the server.
    #[arg(alias = "ssl_rootcert", path)]
    pub(super) ca_cert: Option<String>,
    /// The certificate that is shown to the server.
    #[arg(path)]
    pub(super) ssl_cert: Option<String>,
    /// The key of that certificate.
    #[arg(path)]
    pub(super) ssl_key: Option<String>,
    /// Further parameters of the connection.
    pub(super) connect_params: Option<Map>,
    /// The role that statements are run as.
    pub(super) session_role: Option<String>,
    /// Taken and not used: names and texts are always quoted.
    #[arg(name = "trust_input", default = "yes")]
    pub(super) _trust_input: bool,
}

/// Whether a connection is encrypted, see the documentation of libpq.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// If the server wants it.
    Allow,
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// Always.
    Require,
    /// Always, and somebody vouches for the server.
    #[choice("verify-ca")]
    VerifyCa,
    /// Always, and somebody vouches for the server and its name.
    #[choice("verify-full")]
    VerifyFull,
}

/// A row: a value each, none for null.
pub(super) type Row = Vec<Option<String>>;

/// What stands between values, between rows, and for null: nothing that a value has in it.
const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';
const NULL: &str = "\u{1d}";

impl Login {
    /// psql, ready to read statements for a database.
    pub(super) fn psql(&self, database: &str) -> Command {
        // A terse error does not repeat the statement, in which a password may be.
        let fixed = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"];
        let mut command = self.program("psql", &fixed);
        command.argv.extend(["-d".into(), database.to_owned()]);
        command
    }

    /// A program of PostgreSQL with these words, and all that it needs to reach the server.
    pub(super) fn program(&self, program: &str, words: &[&str]) -> Command {
        let mut argv = vec![program.to_owned()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        argv.push("-w".into());
        let socket = Some(&self.login_unix_socket).filter(|socket| !socket.is_empty());
        let host = Some(&self.login_host)
            .filter(|host| !matches!(host.as_str(), "" | "localhost") || socket.is_none());
        let host = host.filter(|host| !host.is_empty()).or(socket);
        if let Some(host) = host {
            argv.extend(["-h".into(), host.clone()]);
        }
        argv.extend([
            "-p".into(),
            self.login_port.to_string(),
            "-U".into(),
            self.login_user.clone(),
        ]);
        let mut command = Command::new(argv).env("PGOPTIONS", "").env("PGCONNECT_TIMEOUT", "30");
        if !self.login_password.is_empty() {
            command = command.env("PGPASSWORD", &self.login_password);
        }
        if self.ssl_mode != SslMode::Prefer {
            let mode = match self.ssl_mode {
                SslMode::Allow => "allow",
                SslMode::Disable => "disable",
                SslMode::Prefer => "prefer",
                SslMode::Require => "require",
                SslMode::VerifyCa => "verify-ca",
                SslMode::VerifyFull => "verify-full",
            };
            command = command.env("PGSSLMODE", mode);
        }
        for (name, value) in [
            ("PGSSLROOTCERT", &self.ca_cert),
            ("PGSSLCERT", &self.ssl_cert),
            ("PGSSLKEY", &self.ssl_key),
        ] {
            if let Some(value) = value {
                command = command.env(name, value);
            }
        }
        for (key, value) in self.connect_params.iter().flatten() {
            let value = match (value.as_str(), value.as_int()) {
                (Some(text), _) => text.to_owned(),
                (_, Some(number)) => number.to_string(),
                _ => continue,
            };
            command = command.env(&format!("PG{}", key.to_uppercase().replace('_', "")), &value);
        }
        command
    }

    /// The statements as psql reads them.
    pub(super) fn script(&self, statements: &str) -> Vec<u8> {
        let role = self.session_role.as_ref().filter(|role| !role.is_empty());
        let role = role.map(|role| format!("SET ROLE {};\n", super::sql::name(role)));
        format!("{}{statements}\n", role.unwrap_or_default()).into_bytes()
    }

    /// A command that runs statements.
    pub(super) fn run(&self, database: &str, statements: &str) -> Command {
        let mut command = self.psql(database);
        command.stdin = Some(self.script(statements));
        command
    }

    /// The rows that a statement answers which changes nothing.
    pub(super) fn rows(&self, host: &dyn Host, database: &str, query: &str) -> Result<Vec<Row>> {
        need(host, "psql", "this module")?;
        let mut command = self.psql(database);
        command.argv.extend([
            "-F".into(),
            FIELD.into(),
            "-R".into(),
            RECORD.into(),
            "-P".into(),
            format!("null={NULL}"),
        ]);
        command.stdin = Some(self.script(query));
        // A database may be called as a planned account is, and has nothing to do with it.
        let output = host.observe(&command)?;
        if !output.ok() {
            // A server that is planned can't answer yet.
            return Err(host.unsettled().map_or_else(|| failed(&command, &output), Stop::Unknown));
        }
        Ok(split(&output.text()))
    }

    /// One value that a statement answers which changes nothing.
    pub(super) fn one(
        &self,
        host: &dyn Host,
        database: &str,
        query: &str,
    ) -> Result<Option<String>> {
        let rows = self.rows(host, database, query)?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// The name that something on this server has among planned values.
    pub(super) fn label(&self, what: &str) -> String {
        let place = match (self.login_host.as_str(), self.login_unix_socket.as_str()) {
            ("", "") => "localhost",
            ("", socket) => socket,
            (host, _) => host,
        };
        format!("postgresql {place}:{} {what}", self.login_port)
    }

    /// Why nothing can be read of a database: it is only planned.
    pub(super) fn planned(&self, host: &dyn Host, database: &str) -> Result<Option<Why>> {
        let planned = host.planned(&self.label(&format!("database {database}")))?;
        Ok(planned.flatten().map(|_| Why(format!("database {database} being made"))))
    }
}

/// An effect on the server, by statements.
pub(super) fn statements(
    act: ActChange,
    login: &Login,
    database: &str,
    statements: &[String],
) -> ActChange {
    let all: String = statements.iter().map(|statement| format!("{statement};\n")).collect();
    act.does(login.run(database, &all))
}

/// psql tells where in its input something is wrong, which nobody wrote.
fn failed(command: &Command, output: &crate::host::Output) -> Stop {
    let Stop::Failed(mut failure) = refused(command, output) else {
        return refused(command, output);
    };
    let told = output.error_text();
    let line = told.lines().find(|line| line.contains("ERROR:") || line.contains("error:"));
    let why = line.unwrap_or(told.trim());
    let why = why.split_once("ERROR:").map_or(why, |(_, why)| why).trim();
    failure.msg = format!("the server refuses: {}", why.trim_start_matches("psql: error: "));
    Stop::Failed(failure)
}

fn split(text: &str) -> Vec<Row> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let value = |value: &str| (value != NULL).then(|| value.to_owned());
    let records = text.split(RECORD).filter(|record| !record.is_empty());
    records.map(|record| record.split(FIELD).map(value).collect()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::split;

    /// How psql is shown where rows are asked for, with nothing given about the server.
    pub(crate) fn asks(database: &str) -> String {
        format!(
            "psql -X -A -t -q -v ON_ERROR_STOP=1 -v VERBOSITY=terse -w -p 5432 -U postgres -d {database} -F '\u{1f}' -R '\u{1e}' -P 'null=\u{1d}'"
        )
    }

    /// How psql is shown where statements are run.
    pub(crate) fn runs(database: &str) -> String {
        format!(
            "psql -X -A -t -q -v ON_ERROR_STOP=1 -v VERBOSITY=terse -w -p 5432 -U postgres -d {database}"
        )
    }

    #[test]
    fn rows_are_split() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            split("a\u{1f}\u{1d}\u{1e}b\nc\u{1f}\n"),
            [vec![some("a"), None], vec![some("b\nc"), some("")]]
        );
        assert!(split("\n").is_empty() && split("").is_empty());
    }
}
