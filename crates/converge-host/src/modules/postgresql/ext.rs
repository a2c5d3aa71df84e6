//! `postgresql_ext`: extensions of a database.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::postgresql::login::{Login, statements};
use crate::modules::postgresql::sql;
use crate::stop::{Result, Stop};

/// Keeps an extension in a database.
#[derive(Args, Debug)]
#[module(name = "postgresql_ext", collection = "community.postgresql")]
pub(crate) struct PostgresqlExt {
    /// The extension.
    #[arg(alias = "ext")]
    name: String,
    /// The database.
    #[arg(alias = "db")]
    login_db: String,
    /// The schema that it is made in.
    schema: Option<String>,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Make what it needs too; or remove what needs it.
    #[arg(default = "no")]
    cascade: bool,
    /// Its version; `latest` for the newest that there is.
    version: Option<String>,
    /// A comment on it.
    comment: Option<String>,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// Whether an extension shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

impl Module for PostgresqlExt {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("db", self.login_db.as_str());
        changes.set("ext", self.name.as_str());
        changes.set("queries", Data::List(Vec::new()));
        let label = self.login.label(&format!("extension {} in {}", self.name, self.login_db));
        let mut offered = None;
        let mut comment = None;
        let now = if self.login.planned(host, &self.login_db)?.is_some() {
            // A database that will be made has what its template has.
            host.planned(&label)?.flatten()
        } else {
            value(host, &label, || {
                let query = format!(
                    "SELECT (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = {name}), \
                     (SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = {name}), \
                     (SELECT obj_description(oid, 'pg_extension') FROM pg_catalog.pg_extension WHERE extname = {name})",
                    name = sql::text(&self.name)
                );
                let row = self.login.rows(host, &self.login_db, &query)?.into_iter().next();
                let mut columns = row.unwrap_or_default().into_iter();
                let installed = columns.next().flatten();
                offered = columns.next().flatten();
                comment = columns.next().flatten();
                if installed.is_none() && offered.is_none() && self.state == State::Present {
                    return Err(host.unsettled().map_or_else(
                        || {
                            Stop::failed(format!(
                                "the server has no extension `{}` to offer; install the package that brings it",
                                self.name
                            ))
                        },
                        Stop::Unknown,
                    ));
                }
                Ok(installed)
            })?
        };
        changes.set("prev_version", now.as_deref().unwrap_or_default());
        let wanted = match self.version.as_deref() {
            Some("latest") => offered.clone(),
            other => other.map(ToOwned::to_owned),
        };
        let name = sql::name(&self.name);
        let cascade = if self.cascade { " CASCADE" } else { "" };
        let title = format!("extension {} of database {}", self.name, self.login_db);
        let (act, mut queries, after) = match (self.state, &now) {
            (State::Absent, None) => return Ok(()),
            (State::Absent, Some(_)) => {
                let query = format!("DROP EXTENSION {name}{cascade}");
                (ActChange::new(Sign::Remove, title), vec![query], None)
            }
            (State::Present, None) => {
                let mut query = format!("CREATE EXTENSION {name}");
                if let Some(schema) = &self.schema {
                    query.push_str(&format!(" WITH SCHEMA {}", sql::name(schema)));
                }
                if let Some(version) = &wanted {
                    query.push_str(&format!(" VERSION {}", sql::text(version)));
                }
                query.push_str(cascade);
                let after = wanted.clone().or(offered).unwrap_or_default();
                (ActChange::new(Sign::Create, title), vec![query], Some(after))
            }
            (State::Present, Some(version)) => match &wanted {
                Some(wanted) if wanted != version => {
                    let query = format!("ALTER EXTENSION {name} UPDATE TO {}", sql::text(wanted));
                    let act =
                        ActChange::new(Sign::Modify, title).fact(format!("{version} → {wanted}"));
                    (act, vec![query], Some(wanted.clone()))
                }
                _ => (ActChange::new(Sign::Modify, title), Vec::new(), Some(version.clone())),
            },
        };
        if let Some(wanted) = self.comment.as_ref().filter(|_| after.is_some())
            && comment.as_ref() != Some(wanted)
            && (now.is_none() || host.planned(&label)?.is_none())
        {
            queries.push(format!("COMMENT ON EXTENSION {name} IS {}", sql::text(wanted)));
        }
        changes.set("version", after.as_deref().unwrap_or_default());
        if queries.is_empty() {
            return Ok(());
        }
        changes.set("queries", Data::from(queries.clone()));
        let act = act.sets(label, now, after);
        changes.push(Change::Act(statements(act, &self.login, &self.login_db, &queries)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;
    use crate::modules::postgresql::login::tests::asks;

    #[test]
    fn an_extension_is_made_and_updated() {
        let told = "\u{1d}\u{1f}1.6\u{1f}\u{1d}\n";
        let mut desk = Desk::new(Memory::new().with_output(&asks("shop"), 0, told));
        let args = [("name", "pg_trgm".into()), ("login_db", "shop".into())];
        let done = desk.run("postgresql_ext", &args);
        assert_eq!(
            done.results["queries"].as_list().unwrap(),
            ["CREATE EXTENSION \"pg_trgm\"".into()]
        );
        assert_eq!(done.results["version"], "1.6".into());
        let told = "1.5\u{1f}1.6\u{1f}\u{1d}\n";
        let mut desk = Desk::new(Memory::new().with_output(&asks("shop"), 0, told));
        assert!(!desk.run("postgresql_ext", &args).changed);
        let latest = [args.to_vec(), vec![("version", "latest".into())]].concat();
        assert!(crate::modules::scenario::done(desk.ask("postgresql_ext", &latest)).changed);
        let told = "\u{1d}\u{1f}\u{1d}\u{1f}\u{1d}\n";
        let mut desk = Desk::new(Memory::new().with_output(&asks("shop"), 0, told));
        desk.fails(
            "postgresql_ext",
            &args,
            "the server has no extension `pg_trgm` to offer; install the package that brings it",
        );
    }

    #[test]
    fn a_database_that_is_planned_has_no_extension_yet() {
        let mut desk = Desk::new(Memory::new().with_output(&asks("postgres"), 0, "\n"));
        desk.ask("postgresql_db", &[("name", "shop".into())]);
        let args = [("name", "pg_trgm".into()), ("login_db", "shop".into())];
        let done = crate::modules::scenario::done(desk.ask("postgresql_ext", &args));
        assert_eq!(done.changes.len(), 1);
        let again = crate::modules::scenario::done(desk.ask("postgresql_ext", &args));
        assert_eq!(again.changes, []);
    }
}
