//! `postgresql_ping`: whether a server answers.

use crate::args::Args;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::postgresql::login::Login;
use crate::stop::{Result, Stop};

/// Tells whether a PostgreSQL server answers, and its version.
#[derive(Args, Debug)]
#[module(name = "postgresql_ping", collection = "community.postgresql")]
pub(crate) struct PostgresqlPing {
    /// The database that is asked.
    #[arg(alias = "db")]
    login_db: Option<String>,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

impl Module for PostgresqlPing {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let database = self.login_db.as_deref().unwrap_or("postgres");
        let told = self.login.one(host, database, "SELECT version()");
        let (raw, why) = match told {
            Ok(raw) => (raw, String::new()),
            Err(Stop::Failed(failure)) if failure.results.contains_key("rc") => (None, failure.msg),
            Err(stop) => return Err(stop),
        };
        changes.set("is_available", raw.is_some());
        changes.set("conn_err_msg", why);
        changes.set("server_version", Data::Map(raw.as_deref().map(version).unwrap_or_default()));
        Ok(())
    }
}

/// The parts of `PostgreSQL 15.4 (Debian …)`.
fn version(raw: &str) -> Map {
    let full = raw.split_whitespace().nth(1).unwrap_or_default();
    let mut version =
        Map::from_iter([("raw".to_owned(), Data::from(raw)), ("full".to_owned(), full.into())]);
    let mut numbers = full.split('.').map(|number| number.parse::<i64>().ok());
    let mut major = numbers.next().flatten();
    let mut minor = numbers.next().flatten();
    // Up to 9.6 the first two numbers were the major version.
    if major == Some(9) {
        version.insert("patch".into(), numbers.next().flatten().into());
    } else if full.contains(|letter: char| letter.is_ascii_alphabetic()) {
        let digits: String = full.chars().take_while(char::is_ascii_digit).collect();
        major = digits.parse().ok();
        minor = Some(0);
    }
    version.insert("major".into(), major.into());
    version.insert("minor".into(), minor.into());
    version
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;
    use crate::modules::postgresql::login::tests::asks;

    #[test]
    fn a_server_tells_its_version() {
        let told = "PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64\n";
        let mut desk = Desk::new(Memory::new().with_output(&asks("postgres"), 0, told));
        let done = desk.run("postgresql_ping", &[]);
        let version = done.results["server_version"].as_map().unwrap();
        assert_eq!((&version["major"], &version["minor"]), (&Data::Int(15), &Data::Int(20)));
        let memory = Memory::new().with_output("psql", 0, "").with_error(
            &asks("postgres"),
            2,
            "psql: error: no server\n",
        );
        let mut desk = Desk::new(memory);
        let done = desk.run("postgresql_ping", &[]);
        assert_eq!(done.results["is_available"], false.into());
        assert_eq!(done.results["conn_err_msg"], "the server refuses: no server".into());
    }
}
