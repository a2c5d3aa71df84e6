//! How a server is reached, and what it answers.

use std::path::PathBuf;

use crate::args::Args;
use crate::change::ActChange;
use crate::host::{Command, Host, Output};
use crate::modules::known::{need, refused};
use crate::stop::{Result, Stop};

/// The arguments that every module about a server takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Login {
    /// Whom the server is asked as; who the configuration file says, where it is not given.
    pub(super) login_user: Option<String>,
    /// The password of that account.
    pub(super) login_password: Option<String>,
    /// The server.
    #[arg(default = "localhost")]
    pub(super) login_host: String,
    /// The port.
    #[arg(default = "3306")]
    pub(super) login_port: i64,
    /// The socket of this host.
    pub(super) login_unix_socket: Option<String>,
    /// How many seconds connecting may take.
    #[arg(default = "30")]
    pub(super) connect_timeout: i64,
    /// A file that says whom the server is asked as.
    #[arg(default = "~/.my.cnf", path)]
    pub(super) config_file: PathBuf,
    /// The certificates of authorities that vouch for the server.
    #[arg(alias = "ssl_ca", path)]
    pub(super) ca_cert: Option<String>,
    /// The certificate that is shown to the server.
    #[arg(alias = "ssl_cert", path)]
    pub(super) client_cert: Option<String>,
    /// The key of that certificate.
    #[arg(alias = "ssl_key", path)]
    pub(super) client_key: Option<String>,
    /// Whether the name in the server's certificate must be its own.
    pub(super) check_hostname: Option<bool>,
    /// Try `root` without a password first.
    #[arg(default = "no")]
    pub(super) check_implicit_admin: bool,
    /// Whether what is done goes into the binary log.
    #[arg(default = "yes")]
    pub(super) sql_log_bin: bool,
}

/// A server that can be asked.
pub(super) struct Server<'a> {
    login: &'a Login,
    host: &'a dyn Host,
    /// `mysql` or `mariadb`.
    program: &'static str,
    /// The file that says who asks, where it is there.
    file: Option<String>,
    /// It lets `root` in without a password.
    open: bool,
}

/// Rows by the names of their columns.
pub(super) struct Rows {
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

impl Login {
    /// The server, once it is known what asks it.
    pub(super) fn server<'a>(&'a self, host: &'a dyn Host) -> Result<Server<'a>> {
        let program = match host.program("mysql")? {
            Some(_) => "mysql",
            None => {
                need(host, "mariadb", "this module")?;
                "mariadb"
            }
        };
        let path = crate::modules::files::absolute(&self.config_file, host);
        let file = host.exists(&path)?.then(|| path.display().to_string());
        let mut server = Server { login: self, host, program, file, open: false };
        if self.check_implicit_admin {
            server.open = true;
            server.open = host.observe(&server.run("SELECT 1"))?.ok();
        }
        Ok(server)
    }

    /// The name that something on this server has among planned values.
    pub(super) fn label(&self, what: &str) -> String {
        let place = self.login_unix_socket.as_deref().unwrap_or(&self.login_host);
        format!("mysql {place}:{} {what}", self.login_port)
    }
}

impl Server<'_> {
    /// A program of MySQL with these words, and all that it needs to reach the server.
    pub(super) fn program(&self, program: &str, words: &[&str]) -> Command {
        let login = self.login;
        let mut argv = vec![program.to_owned()];
        // Who is given a password asks as who is given, whatever files say. It must be the first word.
        match &self.file {
            _ if self.open || login.login_password.is_some() => argv.push("--no-defaults".into()),
            Some(file) => argv.push(format!("--defaults-extra-file={file}")),
            None => {}
        }
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        let user = if self.open { Some("root") } else { login.login_user.as_deref() };
        argv.extend(user.map(|user| format!("--user={user}")));
        match &login.login_unix_socket {
            Some(socket) => argv.push(format!("--socket={socket}")),
            // A name other than that of this host is a name of the network.
            None => {
                if login.login_host != "localhost" || self.file.is_none() {
                    argv.push(format!("--host={}", login.login_host));
                }
                if login.login_port != 3306 {
                    argv.push(format!("--port={}", login.login_port));
                }
            }
        }
        let keys =
            [("ca", &login.ca_cert), ("cert", &login.client_cert), ("key", &login.client_key)];
        for (name, path) in keys {
            argv.extend(path.as_ref().map(|path| format!("--ssl-{name}={path}")));
        }
        if login.check_hostname == Some(true) {
            argv.push("--ssl-verify-server-cert".into());
        }
        let command = Command::new(argv);
        match &login.login_password {
            Some(password) if !self.open => command.env("MYSQL_PWD", password),
            _ => command,
        }
    }

    /// The program that reads statements.
    pub(super) fn reader(&self) -> Command {
        let timeout = format!("--connect-timeout={}", self.login.connect_timeout);
        self.program(self.program, &["--batch", &timeout])
    }

    /// A command that runs statements.
    pub(super) fn run(&self, statements: &str) -> Command {
        let mut command = self.reader();
        let log = if self.login.sql_log_bin { "" } else { "SET SQL_LOG_BIN = 0;\n" };
        let mode = "SET SESSION sql_mode = '';\n";
        command.stdin = Some(format!("{mode}{log}{statements};\n").into_bytes());
        command
    }

    /// The rows that a statement answers which changes nothing.
    pub(super) fn rows(&self, query: &str) -> Result<Rows> {
        let mut command = self.reader();
        command.stdin = Some(format!("{query};\n").into_bytes());
        // An account of the server may be called as a planned one of the host is, and has nothing to do with it.
        let output = self.host.observe(&command)?;
        if !output.ok() {
            // A server that is planned can't answer yet.
            let failed = || failed(&command, &output);
            return Err(self.host.unsettled().map_or_else(failed, Stop::Unknown));
        }
        Ok(split(&output.text()))
    }

    /// Whether somebody may come in with a password.
    pub(super) fn admits(&self, user: &str, password: &str) -> Result<bool> {
        let login = Login {
            login_user: Some(user.to_owned()),
            login_password: Some(password.to_owned()),
            ..self.login.clone()
        };
        let them = Server {
            login: &login,
            host: self.host,
            program: self.program,
            file: None,
            open: false,
        };
        Ok(self.host.observe(&them.run("SELECT 1"))?.ok())
    }
}

/// An effect on the server, by statements.
pub(super) fn statements(act: ActChange, server: &Server<'_>, statements: &[String]) -> ActChange {
    act.does(server.run(&statements.join(";\n")))
}

/// The client tells where in its input something is wrong, which nobody wrote.
fn failed(command: &Command, output: &Output) -> Stop {
    let Stop::Failed(mut failure) = refused(command, output) else {
        return refused(command, output);
    };
    let told = output.error_text();
    failure.msg = format!("the server refuses: {}", told.trim());
    Stop::Failed(failure)
}

fn split(text: &str) -> Rows {
    let mut lines = text.lines().map(|line| line.split('\t').map(plain).collect::<Vec<_>>());
    let columns = lines.next().unwrap_or_default().into_iter().map(Option::unwrap_or_default);
    Rows { columns: columns.collect(), rows: lines.collect() }
}

/// A value as the client writes it.
fn plain(text: &str) -> Option<String> {
    if text == "NULL" {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('0') => out.push('\0'),
                other => out.extend(other),
            },
            letter => out.push(letter),
        }
    }
    Some(out)
}

impl Rows {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A value of the first row; none where there is no such column.
    pub(super) fn first(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| name.eq_ignore_ascii_case(column))?;
        self.rows.first()?.get(at)?.as_deref()
    }

    /// What stands first in each row.
    pub(super) fn firsts(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(|row| row.first()?.as_deref())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::split;

    /// How the client is shown, with nothing given about the server.
    pub(crate) const ASKS: &str = "mysql --batch --connect-timeout=30 --host=localhost";

    #[test]
    fn rows_are_split() {
        let rows = split("User\tPassword\na\\tb\tNULL\nc\t\n");
        assert_eq!((rows.first("user"), rows.first("Password")), (Some("a\tb"), None));
        assert_eq!(rows.firsts().collect::<Vec<_>>(), ["a\tb", "c"]);
        assert!(split("").is_empty());
    }
}
