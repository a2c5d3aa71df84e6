//! `postgresql_user`: roles of a server.

use crate::args::{Args, Choice};
use crate::blob::Digest;
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::postgresql::login::{Login, statements};
use crate::modules::postgresql::{password, sql};
use crate::stop::{Result, Stop};

/// Keeps a role of a PostgreSQL server.
#[derive(Args, Debug)]
#[module(name = "postgresql_user", collection = "community.postgresql")]
pub(crate) struct PostgresqlUser {
    /// The role.
    #[arg(alias = "user")]
    name: String,
    /// Its password, or what servers keep of one.
    password: Option<String>,
    /// Whether it shall exist.
    #[arg(default = "present")]
    state: State,
    /// Whether it is a failure where a role can't be removed.
    #[arg(alias = "fail_on_role", default = "yes")]
    fail_on_user: bool,
    /// What it may do, separated by commas: `CREATEDB,NOSUPERUSER`.
    #[arg(default = "")]
    role_attr_flags: String,
    /// The database that is asked.
    #[arg(alias = "db", default = "")]
    login_db: String,
    /// Taken and not used: servers keep no password as it is.
    #[arg(name = "encrypted", default = "yes")]
    _encrypted: bool,
    /// When its password ends.
    expires: Option<String>,
    /// How many connections it may have.
    conn_limit: Option<i64>,
    /// Leave the password of a role that exists.
    #[arg(default = "no")]
    no_password_changes: bool,
    /// A comment on it.
    comment: Option<String>,
    /// Settings that its sessions begin with.
    configuration: Option<Map>,
    /// Whether the values of these settings are quoted.
    #[arg(default = "yes")]
    quote_configuration_values: bool,
    /// Whether settings that are not named are removed.
    #[arg(default = "no")]
    reset_unspecified_configuration: bool,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// Whether a role shall exist.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// What a role may do, and the column that tells it.
const FLAGS: &[(&str, &str)] = &[
    ("SUPERUSER", "rolsuper"),
    ("CREATEROLE", "rolcreaterole"),
    ("CREATEDB", "rolcreatedb"),
    ("INHERIT", "rolinherit"),
    ("LOGIN", "rolcanlogin"),
    ("REPLICATION", "rolreplication"),
    ("BYPASSRLS", "rolbypassrls"),
];

/// A role as the server has it.
struct Role {
    flags: Vec<bool>,
    limit: String,
    expires: Option<String>,
    password: Option<String>,
    comment: Option<String>,
    settings: Vec<(String, String)>,
}

impl Module for PostgresqlUser {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("user", self.name.as_str());
        let flags = self.flags()?;
        let label = self.login.label(&format!("role {}", self.name));
        let wanted = self.wanted(&flags);
        let mut found = None;
        let now = value(host, &label, || {
            found = self.read(host)?;
            Ok(found.as_ref().map(|_| "there".to_owned()))
        })?;
        if self.state == State::Absent {
            if now.is_some() {
                let drop = format!("DROP USER {}", sql::name(&self.name));
                let act = ActChange::new(Sign::Remove, format!("database role {}", self.name));
                self.push(act.sets(label, now, None), vec![drop], changes);
            } else {
                changes.set("queries", Data::List(Vec::new()));
            }
            return Ok(());
        }
        // The same as was planned before needs nothing more.
        if now.as_deref() == Some(wanted.as_str()) {
            changes.set("queries", Data::List(Vec::new()));
            return Ok(());
        }
        let (act, queries) = match (&now, &found) {
            (None, _) => self.create(&flags),
            (Some(_), found) => self.alter(&flags, found.as_ref()),
        };
        if queries.is_empty() {
            changes.set("queries", Data::List(Vec::new()));
            return Ok(());
        }
        self.push(act.sets(label, now, Some(wanted)), queries, changes);
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let _ = performed;
        results.entry("queries".to_owned()).or_insert_with(|| Data::List(Vec::new()));
        Ok(())
    }
}

impl PostgresqlUser {
    fn database(&self) -> &str {
        if self.login_db.is_empty() { "postgres" } else { &self.login_db }
    }

    /// The flags that are given, by their place in [`FLAGS`].
    fn flags(&self) -> Result<Vec<(usize, bool)>> {
        let words = self.role_attr_flags.split(',').map(str::trim).filter(|word| !word.is_empty());
        let mut flags = Vec::new();
        for word in words {
            let upper = word.to_uppercase();
            let of = |name: &str| FLAGS.iter().position(|(flag, _)| *flag == name);
            // Some names begin with the letters of `NO` and mean nothing of the sort.
            let flag = of(&upper).map(|at| (at, true));
            let flag = flag.or_else(|| Some((of(upper.strip_prefix("NO")?)?, false)));
            flags.push(flag.ok_or_else(|| {
                let known: Vec<_> = FLAGS.iter().map(|(flag, _)| *flag).collect();
                Stop::failed(format!(
                    "`{word}` is nothing that a role may do; there are {}, and NO before each",
                    known.join(", ")
                ))
            })?);
        }
        Ok(flags)
    }

    /// What is asked for, in words that tell no secret.
    fn wanted(&self, flags: &[(usize, bool)]) -> String {
        let password = self.password.as_ref().map(|password| Digest::of(password.as_bytes()).hex());
        format!(
            "{flags:?} {password:?} {:?} {:?} {:?} {:?}",
            self.expires, self.conn_limit, self.comment, self.configuration
        )
    }

    fn read(&self, host: &dyn Host) -> Result<Option<Role>> {
        let columns: Vec<_> = FLAGS.iter().map(|(_, column)| format!("r.{column}")).collect();
        // Only a superuser may see what is kept of passwords.
        let query = format!(
            "SELECT {}, r.rolconnlimit, r.rolvaliduntil, \
             {} AS expires_same, \
             CASE WHEN has_table_privilege('pg_catalog.pg_authid', 'SELECT') THEN (SELECT (xpath('/row/p/text()', \
             query_to_xml('SELECT rolpassword AS p FROM pg_catalog.pg_authid WHERE oid = ' || r.oid, false, true, '')))[1]::text) END, \
             shobj_description(r.oid, 'pg_authid'), array_to_string(r.rolconfig, E'\\n') \
             FROM pg_catalog.pg_roles r WHERE r.rolname = {}",
            columns.join(", "),
            match &self.expires {
                Some(expires) =>
                    format!("r.rolvaliduntil = CAST({} AS timestamptz)", sql::text(expires)),
                None => "true".to_owned(),
            },
            sql::text(&self.name)
        );
        let rows = self.login.rows(host, self.database(), &query)?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let at = |index: usize| row.get(index).cloned().flatten();
        let count = FLAGS.len();
        let settings = at(count + 5).unwrap_or_default();
        let setting = |line: &str| {
            line.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
        };
        Ok(Some(Role {
            flags: (0..count).map(|index| at(index).as_deref() == Some("t")).collect(),
            limit: at(count).unwrap_or_default(),
            // The same moment is spelled in many ways, so the server compares.
            expires: if at(count + 2).as_deref() == Some("t") {
                self.expires.clone()
            } else {
                at(count + 1)
            },
            password: at(count + 3),
            comment: at(count + 4),
            settings: settings.lines().filter_map(setting).collect(),
        }))
    }

    fn flag(at: usize, on: bool) -> String {
        format!("{}{}", if on { "" } else { "NO" }, FLAGS[at].0)
    }

    fn create(&self, flags: &[(usize, bool)]) -> (ActChange, Vec<String>) {
        let mut words = vec![format!("CREATE USER {}", sql::name(&self.name))];
        let mut act = ActChange::new(Sign::Create, format!("database role {}", self.name));
        let mut with = Vec::new();
        if let Some(password) = &self.password {
            with.push(format!("ENCRYPTED PASSWORD {}", sql::text(password)));
            act = act.fact("with a password");
        }
        if let Some(expires) = &self.expires {
            with.push(format!("VALID UNTIL {}", sql::text(expires)));
        }
        if let Some(limit) = self.conn_limit {
            with.push(format!("CONNECTION LIMIT {limit}"));
        }
        for (at, on) in flags {
            let flag = Self::flag(*at, *on);
            act = act.fact(flag.clone());
            with.push(flag);
        }
        if !with.is_empty() {
            words.push("WITH".into());
            words.extend(with);
        }
        let mut queries = vec![words.join(" ")];
        queries.extend(self.comment(None));
        queries.extend(self.settings(&[]));
        (act, queries)
    }

    /// What makes a role that exists as it shall be. Where nothing is known of it, all of it is set.
    fn alter(&self, flags: &[(usize, bool)], role: Option<&Role>) -> (ActChange, Vec<String>) {
        let mut act = ActChange::new(Sign::Modify, format!("database role {}", self.name));
        let mut with = Vec::new();
        if let Some(password) = self.password.as_ref().filter(|_| !self.no_password_changes) {
            let kept = role.map(|role| role.password.as_deref());
            if kept.is_none_or(|kept| !password::is(&self.name, password, kept)) {
                let word = match password.as_str() {
                    "" => "NULL".to_owned(),
                    password => sql::text(password),
                };
                with.push(format!("ENCRYPTED PASSWORD {word}"));
                act = act.fact("another password");
            }
        }
        if let Some(expires) = &self.expires
            && role.is_none_or(|role| role.expires.as_ref() != Some(expires))
        {
            with.push(format!("VALID UNTIL {}", sql::text(expires)));
            act = act.fact(format!("password ends {expires}"));
        }
        if let Some(limit) = self.conn_limit
            && role.is_none_or(|role| role.limit != limit.to_string())
        {
            with.push(format!("CONNECTION LIMIT {limit}"));
            act = act.fact(format!("{limit} connections"));
        }
        for (at, on) in flags {
            if role.is_none_or(|role| role.flags.get(*at) != Some(on)) {
                let flag = Self::flag(*at, *on);
                act = act.fact(flag.clone());
                with.push(flag);
            }
        }
        let mut queries = Vec::new();
        if !with.is_empty() {
            queries.push(format!("ALTER USER {} WITH {}", sql::name(&self.name), with.join(" ")));
        }
        queries.extend(self.comment(role));
        queries.extend(self.settings(role.map_or(&[], |role| &role.settings)));
        (act, queries)
    }

    fn comment(&self, role: Option<&Role>) -> Option<String> {
        let comment = self.comment.as_ref()?;
        let same = role.is_some_and(|role| role.comment.as_deref().unwrap_or("") == comment);
        (!same)
            .then(|| format!("COMMENT ON ROLE {} IS {}", sql::name(&self.name), sql::text(comment)))
    }

    fn settings(&self, now: &[(String, String)]) -> Vec<String> {
        let mut queries = Vec::new();
        let role = sql::name(&self.name);
        for (key, wanted) in self.configuration.iter().flatten() {
            let wanted = match wanted {
                Data::Str(text) => text.clone(),
                Data::Int(number) => number.to_string(),
                Data::Bool(truth) => if *truth { "on" } else { "off" }.to_owned(),
                other => format!("{other:?}"),
            };
            if now.iter().any(|(name, value)| name == key && *value == wanted) {
                continue;
            }
            let value = if self.quote_configuration_values { sql::text(&wanted) } else { wanted };
            queries.push(format!("ALTER USER {role} SET {} TO {value}", sql::dotted(key)));
        }
        if self.reset_unspecified_configuration {
            let named = |name: &String| {
                self.configuration.as_ref().is_some_and(|own| own.contains_key(name))
            };
            let others = now.iter().filter(|(name, _)| !named(name));
            queries.extend(
                others.map(|(name, _)| format!("ALTER USER {role} RESET {}", sql::dotted(name))),
            );
        }
        queries
    }

    fn push(&self, act: ActChange, queries: Vec<String>, changes: &mut Changes) {
        let secret =
            self.password.as_deref().filter(|password| !password.is_empty()).map(sql::text);
        let shown = |query: &String| match &secret {
            Some(secret) => query.replace(secret.as_str(), "%(password)s"),
            None => query.clone(),
        };
        changes.set("queries", Data::from(queries.iter().map(shown).collect::<Vec<_>>()));
        let act = if self.fail_on_user || self.state == State::Present {
            statements(act, &self.login, self.database(), &queries)
        } else {
            // What still owns something stays, and that is no failure then.
            let quiet = format!(
                "DO $converge$ BEGIN EXECUTE {}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $converge$",
                sql::text(&queries[0])
            );
            statements(act, &self.login, self.database(), &[quiet])
        };
        changes.push(Change::Act(act));
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};
    use crate::modules::postgresql::login::tests::{asks, runs};

    #[test]
    fn a_role_is_made_and_its_password_stays_hidden() {
        let memory = Memory::new().with_output(&asks("postgres"), 0, "\n");
        let mut desk = Desk::new(memory);
        let args = [
            ("name", "app".into()),
            ("password", "s3\\'cret".into()),
            ("role_attr_flags", "CREATEDB,NOSUPERUSER".into()),
        ];
        let done = desk.run("postgresql_user", &args);
        assert_eq!(
            words(&done.changes),
            ["database role app; with a password; CREATEDB; NOSUPERUSER"]
        );
        assert_eq!(commands(&done.changes[0]), [runs("postgres")]);
        assert_eq!(
            done.results["queries"].as_list().unwrap()[0],
            "CREATE USER \"app\" WITH ENCRYPTED PASSWORD %(password)s CREATEDB NOSUPERUSER".into()
        );
        desk.fails(
            "postgresql_user",
            &[("name", "x".into()), ("role_attr_flags", "ROOT".into())],
            "`ROOT` is nothing that a role may do; there are SUPERUSER, CREATEROLE, CREATEDB, INHERIT, LOGIN, REPLICATION, BYPASSRLS, and NO before each",
        );
    }

    #[test]
    fn only_what_differs_is_altered() {
        let row =
            ["f", "f", "t", "t", "t", "f", "f", "-1", "\u{1d}", "t", "\u{1d}", "\u{1d}", "\u{1d}"];
        let memory = Memory::new().with_output(&asks("postgres"), 0, &row.join("\u{1f}"));
        let mut desk = Desk::new(memory);
        let same = [("name", "app".into()), ("role_attr_flags", "CREATEDB,LOGIN".into())];
        assert!(!desk.run("postgresql_user", &same).changed);
        let more = [
            ("name", "app".into()),
            ("role_attr_flags", "NOCREATEDB,LOGIN".into()),
            ("conn_limit", 3_i64.into()),
        ];
        let done = desk.run("postgresql_user", &more);
        assert_eq!(
            done.results["queries"].as_list().unwrap(),
            ["ALTER USER \"app\" WITH CONNECTION LIMIT 3 NOCREATEDB".into()]
        );
    }
}
