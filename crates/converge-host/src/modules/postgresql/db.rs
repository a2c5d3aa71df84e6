//! `postgresql_db`: databases of a server.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::piped::piped;
use crate::modules::postgresql::login::{Login, statements};
use crate::modules::postgresql::sql;
use crate::stop::{Result, Stop};
use crate::words;

/// Keeps a database of a PostgreSQL server, saves it, or restores it.
#[derive(Args, Debug)]
#[module(name = "postgresql_db", collection = "community.postgresql")]
pub(crate) struct PostgresqlDb {
    /// The database.
    #[arg(alias = "db")]
    name: String,
    /// What shall be of it.
    #[arg(default = "present")]
    state: State,
    /// Whose it is.
    #[arg(default = "")]
    owner: String,
    /// The database that it is made of.
    #[arg(default = "")]
    template: String,
    /// How its texts are encoded.
    #[arg(default = "")]
    encoding: String,
    /// The order of its texts.
    #[arg(default = "")]
    lc_collate: String,
    /// Which letters are of one kind.
    #[arg(default = "")]
    lc_ctype: String,
    /// Whose locales it uses: `libc` or `icu`.
    #[arg(default = "")]
    locale_provider: String,
    /// The locale of ICU.
    #[arg(default = "")]
    icu_locale: String,
    /// How many connections it may have.
    #[arg(default = "")]
    conn_limit: String,
    /// Where its tables are.
    #[arg(default = "")]
    tablespace: String,
    /// A comment on it.
    comment: Option<String>,
    /// The file that it is saved to or restored from, or its new name.
    #[arg(default = "", path)]
    target: String,
    /// Further words of the program that saves or restores.
    #[arg(default = "")]
    target_opts: String,
    /// Further words of the program that saves.
    dump_extra_args: Option<String>,
    /// The database that is asked meanwhile.
    #[arg(default = "postgres")]
    maintenance_db: String,
    /// End the connections of a database that is removed.
    #[arg(default = "no")]
    force: bool,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// What shall be of a database.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is not there.
    Absent,
    /// It is saved.
    Dump,
    /// It is there.
    Present,
    /// It has another name.
    Rename,
    /// It is restored.
    Restore,
}

/// A database as the server has it.
struct Database {
    owner: String,
    encoding: String,
    collate: String,
    ctype: String,
    limit: String,
    tablespace: String,
    comment: String,
}

impl Module for PostgresqlDb {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("db", self.name.as_str());
        changes.set("executed_commands", Data::List(Vec::new()));
        match self.state {
            State::Dump | State::Restore => return self.file(host, changes),
            State::Rename => return self.rename(host, changes),
            _ => {}
        }
        let label = self.label(&self.name);
        let mut found = None;
        let now = value(host, &label, || {
            found = self.read(&self.name, host)?;
            Ok(found.as_ref().map(|_| "there".to_owned()))
        })?;
        let title = format!("database {}", self.name);
        match (self.state, now.is_some()) {
            (State::Absent, true) => {
                let name = sql::name(&self.name);
                let mut queries = Vec::new();
                if self.force {
                    queries.push(format!(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {} AND pid <> pg_backend_pid()",
                        sql::text(&self.name)
                    ));
                }
                queries.push(format!("DROP DATABASE {name}"));
                self.push(
                    ActChange::new(Sign::Remove, title).sets(label, now, None),
                    queries,
                    changes,
                );
            }
            (State::Present, false) => {
                let act =
                    ActChange::new(Sign::Create, title).sets(label, None, Some(self.wanted()));
                let act = if self.owner.is_empty() {
                    act
                } else {
                    act.fact(format!("owner {}", self.owner))
                };
                self.push(act, self.create(), changes);
            }
            (State::Present, true) if now.as_deref() != Some(self.wanted().as_str()) => {
                let (facts, queries) = self.alter(found.as_ref())?;
                if !queries.is_empty() {
                    let mut act =
                        ActChange::new(Sign::Modify, title).sets(label, now, Some(self.wanted()));
                    act.facts = facts;
                    self.push(act, queries, changes);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        Ok(())
    }
}

impl PostgresqlDb {
    fn label(&self, name: &str) -> String {
        self.login.label(&format!("database {name}"))
    }

    fn wanted(&self) -> String {
        format!("{} {} {} {:?}", self.owner, self.conn_limit, self.tablespace, self.comment)
    }

    fn read(&self, name: &str, host: &dyn Host) -> Result<Option<Database>> {
        let query = format!(
            "SELECT pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datcollate, d.datctype, d.datconnlimit, \
             t.spcname, shobj_description(d.oid, 'pg_database') \
             FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = {}",
            sql::text(name)
        );
        let rows = self.login.rows(host, &self.maintenance_db, &query)?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let at = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
        Ok(Some(Database {
            owner: at(0),
            encoding: at(1),
            collate: at(2),
            ctype: at(3),
            limit: at(4),
            tablespace: at(5),
            comment: at(6),
        }))
    }

    fn create(&self) -> Vec<String> {
        let mut words = vec![format!("CREATE DATABASE {}", sql::name(&self.name))];
        let mut add = |key: &str, value: &str, quote: fn(&str) -> String| {
            if !value.is_empty() {
                words.push(format!("{key} {}", quote(value).trim_start()));
            }
        };
        add("OWNER", &self.owner, sql::name);
        add("TEMPLATE", &self.template, sql::name);
        add("ENCODING", &self.encoding, sql::text);
        add("LC_COLLATE", &self.lc_collate, sql::text);
        add("LC_CTYPE", &self.lc_ctype, sql::text);
        add("LOCALE_PROVIDER", &self.locale_provider, sql::name);
        add("ICU_LOCALE", &self.icu_locale, sql::text);
        add("TABLESPACE", &self.tablespace, sql::name);
        add("CONNECTION LIMIT", &self.conn_limit, ToOwned::to_owned);
        let mut queries = vec![words.join(" ")];
        queries.extend(self.comment.as_ref().map(|comment| self.comment_on(comment)));
        queries
    }

    fn comment_on(&self, comment: &str) -> String {
        format!("COMMENT ON DATABASE {} IS {}", sql::name(&self.name), sql::text(comment))
    }

    /// What can be changed of a database; what can't be is an error where it differs.
    fn alter(&self, now: Option<&Database>) -> Result<(Vec<String>, Vec<String>)> {
        let (mut facts, mut queries) = (Vec::new(), Vec::new());
        let name = sql::name(&self.name);
        if let Some(now) = now {
            let plain = |text: &str| text.to_uppercase().replace(['-', '_'], "");
            for (what, wanted, is) in [
                ("encoding", &self.encoding, &now.encoding),
                ("lc_collate", &self.lc_collate, &now.collate),
                ("lc_ctype", &self.lc_ctype, &now.ctype),
            ] {
                if !wanted.is_empty() && plain(wanted) != plain(is) {
                    return Err(Stop::failed(format!(
                        "the {what} of database `{}` is `{is}`, and can't become `{wanted}`; save it and make it anew",
                        self.name
                    )));
                }
            }
        }
        let mut change = |wanted: &str, is: Option<&String>, what: &str, query: String| {
            if !wanted.is_empty() && is.map(String::as_str) != Some(wanted) {
                facts.push(format!("{what} {} → {wanted}", is.map_or("?", String::as_str)));
                queries.push(query);
            }
        };
        change(
            &self.owner,
            now.map(|now| &now.owner),
            "owner",
            format!("ALTER DATABASE {name} OWNER TO {}", sql::name(&self.owner)),
        );
        change(
            &self.conn_limit,
            now.map(|now| &now.limit),
            "connections",
            format!("ALTER DATABASE {name} CONNECTION LIMIT {}", self.conn_limit),
        );
        change(
            &self.tablespace,
            now.map(|now| &now.tablespace),
            "tablespace",
            format!("ALTER DATABASE {name} SET TABLESPACE {}", sql::name(&self.tablespace)),
        );
        if let Some(comment) = &self.comment
            && now.is_none_or(|now| now.comment != *comment)
        {
            facts.push("another comment".into());
            queries.push(self.comment_on(comment));
        }
        Ok((facts, queries))
    }

    fn push(&self, act: ActChange, queries: Vec<String>, changes: &mut Changes) {
        changes.set("executed_commands", Data::from(queries.clone()));
        // None of these may be in one transaction with others, so each is sent by itself.
        let mut act = act;
        for query in queries {
            act = statements(act, &self.login, &self.maintenance_db, &[query]);
        }
        changes.push(Change::Act(act));
    }

    fn rename(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if self.target.is_empty() {
            return Err(Stop::failed("`target` must be given: it is the new name"));
        }
        let (from, to) = (self.label(&self.name), self.label(&self.target));
        let there = |name: &str, label: &str| {
            value(host, label, || Ok(self.read(name, host)?.map(|_| "there".to_owned())))
        };
        let new = there(&self.target, &to)?;
        match (there(&self.name, &from)?, new) {
            (None, None) => Err(Stop::failed(format!("there is no database `{}`", self.name))),
            (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) => Err(Stop::failed(format!(
                "both databases `{}` and `{}` exist",
                self.name, self.target
            ))),
            (now, None) => {
                let act = ActChange::new(Sign::Modify, format!("database {}", self.name))
                    .fact(format!("becomes {}", self.target))
                    .sets(to, None, now.clone())
                    .sets(from, now, None);
                let (old, new) = (sql::name(&self.name), sql::name(&self.target));
                self.push(act, vec![format!("ALTER DATABASE {old} RENAME TO {new}")], changes);
                Ok(())
            }
        }
    }

    /// Saves or restores: every run does.
    fn file(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let dumps = self.state == State::Dump;
        if self.target.is_empty() {
            return Err(Stop::failed("`target` must be given: it is the file"));
        }
        if !dumps && !host.exists(self.target.as_ref())? {
            return Err(Stop::failed(format!(
                "there is no file `{}` to restore from",
                self.target
            )));
        }
        let extra = |text: &str| words::split(text).map_err(Stop::failed);
        let mut options = extra(&self.target_opts)?;
        options.extend(extra(self.dump_extra_args.as_deref().unwrap_or_default())?);
        let (stem, packer) = match self.target.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Some("gzip")),
            Some((stem, "bz2")) => (stem, Some("bzip2")),
            Some((stem, "xz")) => (stem, Some("xz")),
            _ => (self.target.as_str(), None),
        };
        let format = match stem.rsplit_once('.').map(|(_, end)| end) {
            Some("tar") => Some("t"),
            Some("pgc") => Some("c"),
            Some("dir") => Some("d"),
            _ => None,
        };
        let mut command = match (dumps, format) {
            (true, _) => {
                let mut command = self.login.program("pg_dump", &[]);
                command.argv.extend(format.map(|format| format!("--format={format}")));
                command.argv.extend(["-d".into(), self.name.clone()]);
                command
            }
            (false, None) => self.login.psql(&self.name),
            (false, Some(format)) => {
                let mut command = self.login.program("pg_restore", &[]);
                command.argv.extend([format!("--format={format}"), "-d".into(), self.name.clone()]);
                command
            }
        };
        command.argv.extend(options);
        let command = if format == Some("d") {
            // A folder is written and read by the program itself.
            command.argv.extend(dumps.then(|| "-f".to_owned()));
            command.argv.push(self.target.clone());
            command
        } else {
            piped(command, &self.target, packer, dumps)
        };
        changes.set("executed_commands", Data::from(vec![command.shown()]));
        let what = match dumps {
            true => format!("save database {} to {}", self.name, self.target),
            false => format!("restore database {} from {}", self.name, self.target),
        };
        let mut act = ActChange::new(Sign::Act, what).does(command);
        if dumps {
            act.paths.push((PathBuf::from(&self.target), true));
        }
        changes.push(Change::Act(act));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};
    use crate::modules::postgresql::login::tests::asks;

    #[test]
    fn a_database_is_made_altered_and_removed() {
        let mut desk = Desk::new(Memory::new().with_output(&asks("postgres"), 0, "\n"));
        let args = |owner: &str| {
            [("name", "shop".into()), ("owner", owner.into()), ("encoding", "UTF8".into())]
        };
        let done = desk.run("postgresql_db", &args("app"));
        assert_eq!(words(&done.changes), ["database shop; owner app"]);
        assert_eq!(
            done.results["executed_commands"],
            Data::from(vec!["CREATE DATABASE \"shop\" OWNER \"app\" ENCODING 'UTF8'"])
        );
        let row = ["app", "UTF8", "C", "C", "-1", "pg_default", "\u{1d}"].join("\u{1f}");
        let mut desk = Desk::new(Memory::new().with_output(&asks("postgres"), 0, &row));
        assert!(!desk.run("postgresql_db", &args("app")).changed);
        let done = desk.run("postgresql_db", &args("other"));
        assert_eq!(words(&done.changes), ["database shop; owner app → other"]);
        let wrong = [("name", "shop".into()), ("encoding", "LATIN1".into())];
        let mut desk = Desk::new(Memory::new().with_output(&asks("postgres"), 0, &row));
        desk.fails("postgresql_db", &wrong, "the encoding of database `shop` is `UTF8`, and can't become `LATIN1`; save it and make it anew");
        let gone = [("name", "shop".into()), ("state", "absent".into())];
        assert!(desk.run("postgresql_db", &gone).changed);
    }

    #[test]
    fn a_database_is_saved_every_time() {
        let mut desk = Desk::new(Memory::new());
        let args =
            [("name", "a b".into()), ("state", "dump".into()), ("target", "/d/x.sql".into())];
        let done = crate::modules::scenario::done(desk.ask("postgresql_db", &args));
        assert_eq!(words(&done.changes), ["save database a b to /d/x.sql"]);
        assert!(
            commands(&done.changes[0])[0]
                .ends_with("sh /d/x.sql pg_dump -w -p 5432 -U postgres -d 'a b'")
        );
        desk.fails("postgresql_db", &args[..2], "`target` must be given: it is the file");
    }
}
