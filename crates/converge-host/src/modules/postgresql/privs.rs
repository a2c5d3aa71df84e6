//! `postgresql_privs`: what roles may do with what is in a database.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::postgresql::login::{Login, statements};
use crate::modules::postgresql::sql;
use crate::stop::{Result, Stop, Why};

/// Grants privileges to roles, or revokes them.
///
/// Whether that changes anything is told by the server: in planning, it is done in a transaction that is rolled back.
#[derive(Args, Debug)]
#[module(name = "postgresql_privs", collection = "community.postgresql")]
pub(crate) struct PostgresqlPrivs {
    /// The database.
    #[arg(alias = "db", alias = "database")]
    login_db: String,
    /// The roles, separated by commas; `PUBLIC` is everybody.
    #[arg(alias = "role")]
    roles: String,
    /// The privileges, separated by commas.
    #[arg(alias = "priv")]
    privs: Option<String>,
    /// What they are about, separated by commas; `ALL_IN_SCHEMA` is all of a kind.
    #[arg(alias = "obj")]
    objs: Option<String>,
    /// What that is.
    #[arg(default = "table", name = "type")]
    kind: Kind,
    /// The schema that it is in.
    schema: Option<String>,
    /// Whether they shall be granted.
    #[arg(default = "present")]
    state: State,
    /// Whether the roles may grant them to others.
    #[arg(alias = "admin_option")]
    grant_option: Option<bool>,
    /// The roles whose future objects `default_privs` are about.
    target_roles: Option<String>,
    /// Whether a role that is missing is a failure.
    #[arg(default = "yes")]
    fail_on_role: bool,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// Whether privileges shall be granted.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They shall not.
    Absent,
    /// They shall.
    Present,
}

/// What privileges are about.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Databases.
    Database,
    /// What is made in future.
    DefaultPrivs,
    /// Wrappers of foreign data.
    ForeignDataWrapper,
    /// Foreign servers.
    ForeignServer,
    /// Functions.
    Function,
    /// Roles, of which others become members.
    Group,
    /// Languages.
    Language,
    /// Tables and views.
    Table,
    /// Tablespaces.
    Tablespace,
    /// Schemas.
    Schema,
    /// Sequences.
    Sequence,
    /// Types.
    Type,
    /// Procedures.
    Procedure,
    /// Settings of the server.
    Parameter,
}

impl Module for PostgresqlPrivs {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("queries", Data::List(Vec::new()));
        let unknown = self.unknown(host)?;
        let mut roles: Vec<String> = listed(&self.roles);
        if !self.fail_on_role && unknown.is_none() {
            let known = self.known(&roles, host)?;
            let all = roles.len();
            roles.retain(|role| role == "PUBLIC" || known.contains(role));
            if roles.len() < all {
                changes.warn("a role that is missing is left out");
            }
            if roles.is_empty() {
                return Ok(());
            }
        }
        let queries = self.queries(&roles)?;
        let shown = queries.join(";\n") + ";";
        changes.set("queries", Data::from(vec![shown.clone()]));
        let label = self.login.label(&format!("privileges in {}: {shown}", self.login_db));
        if host.planned(&label)?.flatten().is_some() {
            return Ok(());
        }
        if unknown.is_none() && !self.differs(&queries, host)? {
            return Ok(());
        }
        let sign = if self.state == State::Present { Sign::Create } else { Sign::Remove };
        let mut act = ActChange::new(sign, format!("privileges in database {}", self.login_db));
        act.facts.clone_from(&queries);
        act.unknown = unknown;
        let act = act.sets(label, None, Some("done".into()));
        changes.push(Change::Act(statements(act, &self.login, &self.login_db, &queries)));
        Ok(())
    }
}

impl PostgresqlPrivs {
    /// Why the server can't tell yet: the database or a role is only planned.
    fn unknown(&self, host: &dyn Host) -> Result<Option<Why>> {
        if let Some(why) = self.login.planned(host, &self.login_db)? {
            return Ok(Some(why));
        }
        for role in listed(&self.roles) {
            if host.planned(&self.login.label(&format!("role {role}")))?.flatten().is_some() {
                return Ok(Some(Why(format!("database role {role} being made"))));
            }
        }
        Ok(None)
    }

    fn known(&self, roles: &[String], host: &dyn Host) -> Result<Vec<String>> {
        let names: Vec<_> = roles.iter().map(|role| sql::text(role)).collect();
        let query = format!(
            "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN ({})",
            names.join(", ")
        );
        let rows = self.login.rows(host, &self.login_db, &query)?;
        Ok(rows.into_iter().flatten().flatten().collect())
    }

    /// The statements that grant or revoke.
    fn queries(&self, roles: &[String]) -> Result<Vec<String>> {
        let roles: Vec<_> = roles
            .iter()
            .map(|role| if role == "PUBLIC" { role.clone() } else { sql::name(role) })
            .collect();
        let roles = roles.join(",");
        let objects = listed(self.objs.as_deref().unwrap_or_default());
        if self.kind == Kind::Group {
            if objects.is_empty() {
                return Err(Stop::failed(
                    "`objs` must be given: the roles that others become members of",
                ));
            }
            let groups: Vec<_> = objects.iter().map(|group| sql::name(group)).collect();
            return Ok(self.grants(&groups.join(","), None, &roles, "ADMIN"));
        }
        let privileges = self.privileges()?;
        if self.kind == Kind::DefaultPrivs {
            return self.defaults(&privileges, &objects, &roles);
        }
        let about = self.about(&objects)?;
        Ok(self.grants(&privileges, Some(&about), &roles, "GRANT"))
    }

    /// Grants, or revokes, and says whether others may be granted the same.
    fn grants(&self, what: &str, about: Option<&str>, roles: &str, option: &str) -> Vec<String> {
        let on = about.map(|about| format!(" ON {about}")).unwrap_or_default();
        match (self.state, self.grant_option) {
            (State::Present, Some(true)) => {
                vec![format!("GRANT {what}{on} TO {roles} WITH {option} OPTION")]
            }
            (State::Present, Some(false)) => vec![
                format!("GRANT {what}{on} TO {roles}"),
                format!("REVOKE {option} OPTION FOR {what}{on} FROM {roles}"),
            ],
            (State::Present, None) => vec![format!("GRANT {what}{on} TO {roles}")],
            (State::Absent, _) => vec![format!("REVOKE {what}{on} FROM {roles}")],
        }
    }

    fn privileges(&self) -> Result<String> {
        let words: Vec<String> = listed(self.privs.as_deref().unwrap_or_default())
            .iter()
            .map(|p| p.to_uppercase())
            .collect();
        if words.is_empty() {
            return Err(Stop::failed("`privs` must be given"));
        }
        // A privilege may be about columns: `SELECT (a)`.
        let fits = |word: &&String| {
            word.chars().all(|c| c.is_ascii_alphanumeric() || " _(),\"".contains(c))
        };
        if let Some(wrong) = words.iter().find(|word| !fits(word)) {
            return Err(Stop::failed(format!("`{wrong}` is no privilege")));
        }
        Ok(words.join(","))
    }

    fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or("public")
    }

    /// What the privileges are about, in SQL.
    fn about(&self, objects: &[String]) -> Result<String> {
        let kind = match self.kind {
            Kind::Database => "database",
            Kind::ForeignDataWrapper => "foreign data wrapper",
            Kind::ForeignServer => "foreign server",
            Kind::Function => "function",
            Kind::Language => "language",
            Kind::Tablespace => "tablespace",
            Kind::Schema => "schema",
            Kind::Sequence => "sequence",
            Kind::Type => "type",
            Kind::Procedure => "procedure",
            Kind::Parameter => "parameter",
            Kind::Table | Kind::Group | Kind::DefaultPrivs => "table",
        };
        if let [all] = objects
            && all == "ALL_IN_SCHEMA"
        {
            return Ok(format!(
                "ALL {}S IN SCHEMA {}",
                kind.to_uppercase(),
                sql::name(self.schema())
            ));
        }
        let in_schema = |name: &str| format!("{}.{}", sql::name(self.schema()), sql::name(name));
        let names: Vec<String> = match (self.kind, objects) {
            (Kind::Database, []) => vec![sql::name(&self.login_db)],
            (_, []) => {
                return Err(Stop::failed("`objs` must be given: what the privileges are about"));
            }
            (Kind::Function | Kind::Procedure, objects) => objects
                .iter()
                .map(|object| {
                    // The types of arguments are separated by colons here.
                    let (name, types) = object.split_once('(').unwrap_or((object, ")"));
                    let types = types.trim_end_matches(')').replace(':', ",");
                    if types.chars().any(|letter| ";'\"\\".contains(letter)) {
                        return Err(Stop::failed(format!("`{object}` has no types of arguments")));
                    }
                    Ok(format!("{}({types})", in_schema(name)))
                })
                .collect::<Result<_>>()?,
            (Kind::Table | Kind::Sequence | Kind::Type, objects) => {
                objects.iter().map(|object| in_schema(object)).collect()
            }
            (_, objects) => objects.iter().map(|object| sql::name(object)).collect(),
        };
        Ok(format!("{kind} {}", names.join(",")))
    }

    /// The privileges of what will be made.
    fn defaults(&self, privileges: &str, objects: &[String], roles: &str) -> Result<Vec<String>> {
        const KINDS: &[&str] = &["TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS"];
        let all = matches!(objects, [all] if all == "ALL_DEFAULT");
        let kinds: Vec<String> = if all {
            KINDS[..4].iter().map(ToString::to_string).collect()
        } else {
            objects.iter().map(|object| object.to_uppercase()).collect()
        };
        if let Some(wrong) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
            return Err(Stop::failed(format!("`{wrong}` is none of {}", KINDS.join(", "))));
        }
        let mut head = "ALTER DEFAULT PRIVILEGES".to_owned();
        if let Some(targets) = &self.target_roles {
            let targets: Vec<_> = listed(targets).iter().map(|role| sql::name(role)).collect();
            head.push_str(&format!(" FOR ROLE {}", targets.join(",")));
        }
        if !kinds.contains(&"SCHEMAS".to_owned()) {
            head.push_str(&format!(" IN SCHEMA {}", sql::name(self.schema())));
        }
        let mut queries = Vec::new();
        for kind in kinds {
            if self.state == State::Present {
                queries.push(format!("{head} REVOKE ALL ON {kind} FROM {roles}"));
            }
            let grants = self.grants(privileges, Some(&kind), roles, "GRANT");
            queries.extend(grants.into_iter().map(|grant| format!("{head} {grant}")));
        }
        Ok(queries)
    }

    /// Whether the statements change anything: they are run, looked at, and rolled back.
    fn differs(&self, queries: &[String], host: &dyn Host) -> Result<bool> {
        let look = self.snapshot();
        let script = format!("BEGIN;\n{look};\n{};\n{look};\nROLLBACK;", queries.join(";\n"));
        let rows = self.login.rows(host, &self.login_db, &script)?;
        let told: Vec<_> =
            rows.iter().flatten().flatten().flat_map(|value| value.lines()).collect();
        match told[..] {
            [before, after] => Ok(before != after),
            _ => Err(Stop::failed("the server does not tell what privileges there are")),
        }
    }

    /// A query for a digest of all privileges of the kind.
    fn snapshot(&self) -> String {
        let of = |table: &str, acl: &str| {
            format!(
                "SELECT coalesce(md5(string_agg(o.oid || ' ' || coalesce((SELECT string_agg(a.grantor || ' ' || a.grantee || ' ' || \
                 a.privilege_type || ' ' || a.is_grantable, ',' ORDER BY a.grantor, a.grantee, a.privilege_type, a.is_grantable) \
                 FROM aclexplode(o.{acl}) a), coalesce(o.{acl}::text, '-')), ';' ORDER BY o.oid)), '-') FROM pg_catalog.{table} o"
            )
        };
        match self.kind {
            Kind::Database => of("pg_database", "datacl"),
            // What is revoked and granted again has another row.
            Kind::DefaultPrivs => of("pg_default_acl", "defaclacl").replace(
                "o.oid",
                "(o.defaclrole || ' ' || o.defaclnamespace || ' ' || o.defaclobjtype::text)",
            ),
            Kind::ForeignDataWrapper => of("pg_foreign_data_wrapper", "fdwacl"),
            Kind::ForeignServer => of("pg_foreign_server", "srvacl"),
            Kind::Function | Kind::Procedure => of("pg_proc", "proacl"),
            Kind::Language => of("pg_language", "lanacl"),
            Kind::Tablespace => of("pg_tablespace", "spcacl"),
            Kind::Schema => of("pg_namespace", "nspacl"),
            Kind::Table | Kind::Sequence => {
                // Columns have privileges of their own.
                let columns = "(SELECT string_agg(t.attnum || coalesce(t.attacl::text, '-'), ',' ORDER BY t.attnum) \
                               FROM pg_catalog.pg_attribute t WHERE t.attrelid = o.oid AND t.attacl IS NOT NULL)";
                of("pg_class", "relacl").replacen("SELECT coalesce(md5(string_agg(o.oid || ' '", &format!("SELECT coalesce(md5(string_agg(o.oid || coalesce({columns}, ' ')"), 1)
            }
            Kind::Type => of("pg_type", "typacl"),
            Kind::Parameter => of("pg_parameter_acl", "paracl"),
            Kind::Group => "SELECT coalesce(md5(string_agg(m.roleid || ' ' || m.member || ' ' || m.admin_option, ';' \
                            ORDER BY m.roleid, m.member, m.admin_option)), '-') FROM pg_catalog.pg_auth_members m"
                .to_owned(),
        }
    }
}

/// The items of a list with commas; those in parentheses are part of an item.
fn listed(text: &str) -> Vec<String> {
    let (mut items, mut depth) = (vec![String::new()], 0_usize);
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match items.last_mut() {
            Some(_) if letter == ',' && depth == 0 => items.push(String::new()),
            Some(last) => last.push(letter),
            None => {}
        }
    }
    items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;
    use crate::modules::postgresql::login::tests::asks;

    #[track_caller]
    fn check(args: &[(&str, &str)], want: &str) {
        let mut desk = Desk::new(Memory::new().with_output(&asks("shop"), 0, "a\u{1e}b\n"));
        let mut all: Vec<(&str, Data)> = vec![("login_db", "shop".into()), ("roles", "app".into())];
        all.extend(args.iter().map(|(key, value)| (*key, Data::from(*value))));
        let done = desk.run("postgresql_privs", &all);
        assert_eq!(done.results["queries"], Data::from(vec![want]));
        let mut desk = Desk::new(Memory::new().with_output(&asks("shop"), 0, "a\u{1e}a\n"));
        assert!(!desk.run("postgresql_privs", &all).changed);
    }

    #[test]
    fn privileges_are_granted_and_revoked() {
        check(
            &[("objs", "ALL_IN_SCHEMA"), ("privs", "SELECT,INSERT")],
            "GRANT SELECT,INSERT ON ALL TABLES IN SCHEMA \"public\" TO \"app\";",
        );
        check(
            &[("type", "database"), ("objs", "shop"), ("privs", "all")],
            "GRANT ALL ON database \"shop\" TO \"app\";",
        );
        check(
            &[("type", "schema"), ("objs", "public"), ("privs", "CREATE"), ("state", "absent")],
            "REVOKE CREATE ON schema \"public\" FROM \"app\";",
        );
        check(
            &[("type", "group"), ("objs", "pg_read_all_data")],
            "GRANT \"pg_read_all_data\" TO \"app\";",
        );
        check(
            &[("type", "default_privs"), ("objs", "TABLES"), ("privs", "SELECT")],
            "ALTER DEFAULT PRIVILEGES IN SCHEMA \"public\" REVOKE ALL ON TABLES FROM \"app\";\nALTER DEFAULT PRIVILEGES IN SCHEMA \"public\" GRANT SELECT ON TABLES TO \"app\";",
        );
        check(
            &[
                ("type", "function"),
                ("objs", "f(int:text),g()"),
                ("privs", "EXECUTE"),
                ("grant_option", "yes"),
            ],
            "GRANT EXECUTE ON function \"public\".\"f\"(int,text),\"public\".\"g\"() TO \"app\" WITH GRANT OPTION;",
        );
    }
}
