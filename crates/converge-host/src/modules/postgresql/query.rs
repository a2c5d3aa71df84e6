//! `postgresql_query`: statements of the user.

use crate::args::Args;
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::json;
use crate::modules::Module;
use crate::modules::postgresql::login::Login;
use crate::modules::postgresql::query_args::bind;
use crate::modules::postgresql::sql;
use crate::stop::{Result, Stop, Why};

/// Runs statements on a database.
///
/// What only reads is run in planning too, in a transaction that can't write. What else a statement does can't be told before.
#[derive(Args, Debug)]
#[module(
    name = "postgresql_query",
    collection = "community.postgresql",
    exclusive("positional_args", "named_args")
)]
pub(crate) struct PostgresqlQuery {
    /// The statement, or several.
    query: Option<Data>,
    /// The values for `%s`, in their order.
    positional_args: Option<Vec<Data>>,
    /// The values for `%(name)s`.
    named_args: Option<Map>,
    /// The database.
    #[arg(alias = "db")]
    login_db: Option<String>,
    /// Run each statement by itself and not all in one transaction.
    #[arg(default = "no")]
    autocommit: bool,
    /// How texts are encoded.
    encoding: Option<String>,
    /// The schemas in which names are looked for.
    search_path: Option<Vec<String>>,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// What a statement begins with that only reads.
const READS: &[&str] = &["select", "show", "with", "values", "table", "explain"];

/// The tags of statements that changed something.
const CHANGES: &str = r"^(?:(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY) [1-9]\d*|(?!INSERT|UPDATE|DELETE|MERGE|COPY|SELECT|SHOW|SET|BEGIN|COMMIT|VALUES|EXPLAIN)[A-Z][A-Z ]*)$";

/// What the server says of a statement that would write.
const WRITES: &str = "in a read-only transaction";

impl Module for PostgresqlQuery {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let statements = self.statements()?;
        let database = self.login_db.as_deref().unwrap_or("postgres");
        changes.set("query_list", Data::from(statements.clone()));
        let last = statements.last().cloned().unwrap_or_default();
        changes.set("query", last.as_str());
        if let Some(why) = self.login.planned(host, database)? {
            changes.push(Change::Act(self.act(database, &statements, Some(why))));
            return Ok(());
        }
        let reads = |statement: &String| {
            let first = statement.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
            let first = first.unwrap_or_default().to_lowercase();
            READS.contains(&first.as_str())
                && !statement.trim_end_matches([';', ' ', '\n']).contains(';')
        };
        if statements.iter().all(reads) {
            match self.read(host, database, &statements, changes) {
                Err(Stop::Failed(failure)) if failure.msg.contains(WRITES) => {}
                other => return other,
            }
        }
        changes.push(Change::Act(self.act(database, &statements, None)));
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let Some(stdout) = performed.get("stdout").and_then(Data::as_str) else { return Ok(()) };
        // The last line that is a tag of a statement tells how many rows it was about.
        let tag = |line: &&str| {
            let words: Vec<_> = line.split(' ').collect();
            words[0].chars().all(|letter| letter.is_ascii_uppercase()) && !words[0].is_empty()
        };
        let status = stdout.lines().rev().find(tag).unwrap_or_default();
        let count =
            status.rsplit(' ').next().and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
        results.insert("statusmessage".into(), status.into());
        results.insert("rowcount".into(), count.into());
        results.insert("query_result".into(), Data::Map(Map::new()));
        results.insert("query_all_results".into(), Data::List(vec![Data::Map(Map::new())]));
        Ok(())
    }
}

impl PostgresqlQuery {
    /// The statements with their values.
    fn statements(&self) -> Result<Vec<String>> {
        let written = match &self.query {
            Some(Data::Str(text)) => vec![text.clone()],
            Some(Data::List(items)) => {
                items.iter().filter_map(Data::as_str).map(ToOwned::to_owned).collect()
            }
            _ => Vec::new(),
        };
        if written.iter().all(|statement| statement.trim().is_empty()) {
            return Err(Stop::failed("`query` must be given: a statement or a list of them"));
        }
        if written.len() > 1 && (self.positional_args.is_some() || self.named_args.is_some()) {
            return Err(Stop::failed("values can be given for one statement only"));
        }
        let bound = |statement: &String| {
            bind(statement, self.positional_args.as_deref(), self.named_args.as_ref())
                .map_err(Stop::failed)
        };
        written.iter().map(bound).collect()
    }

    /// What goes before the statements.
    fn settings(&self) -> String {
        let mut settings = String::new();
        if let Some(encoding) = &self.encoding {
            settings.push_str(&format!("SET client_encoding TO {};\n", sql::text(encoding)));
        }
        if let Some(schemas) = &self.search_path {
            let schemas: Vec<_> = schemas.iter().map(|schema| sql::name(schema)).collect();
            settings.push_str(&format!("SET search_path TO {};\n", schemas.join(", ")));
        }
        settings
    }

    /// Runs what only reads, and tells what it answers.
    fn read(
        &self,
        host: &dyn Host,
        database: &str,
        statements: &[String],
        changes: &mut Changes,
    ) -> Result<()> {
        let mut all = Vec::new();
        for statement in statements {
            let bare = statement.trim().trim_end_matches(';');
            let is = |word: &str| bare.to_lowercase().starts_with(word);
            // Rows come as JSON, which tells numbers from texts; what can't be part of a statement comes as text.
            let plain = is("show") || is("explain");
            let query = match plain {
                true => bare.to_owned(),
                false => format!("SELECT row_to_json(converge) FROM ({bare}) converge"),
            };
            let script =
                format!("{}BEGIN TRANSACTION READ ONLY;\n{query};\nROLLBACK;", self.settings());
            let rows = self.login.rows(host, database, &script)?;
            let row = |row: Vec<Option<String>>| {
                let value = row.into_iter().next().flatten();
                if plain {
                    let column = if is("show") { bare[4..].trim() } else { "QUERY PLAN" };
                    return Ok(Data::Map(Map::from_iter([(column.to_owned(), value.into())])));
                }
                json::parse(value.as_deref().unwrap_or("null"))
                    .ok_or_else(|| Stop::failed("the server answers what is no JSON"))
            };
            all.push(rows.into_iter().map(row).collect::<Result<Vec<_>>>()?);
        }
        let last = all.last().cloned().unwrap_or_default();
        let count = i64::try_from(last.len()).unwrap_or(i64::MAX);
        changes.set("statusmessage", format!("SELECT {count}"));
        changes.set("rowcount", count);
        changes.set("query_result", Data::List(last));
        changes.set("query_all_results", Data::List(all.into_iter().map(Data::List).collect()));
        Ok(())
    }

    /// Runs what may write.
    fn act(&self, database: &str, statements: &[String], why: Option<Why>) -> ActChange {
        let mut script = self.settings();
        for statement in statements {
            script.push_str(statement.trim().trim_end_matches(';'));
            script.push_str(";\n");
        }
        let mut command = self.login.psql(database);
        // Its tags tell how many rows each statement was about.
        command.argv.retain(|word| word != "-q");
        if !self.autocommit {
            command.argv.push("-1".into());
        }
        command.stdin = Some(self.login.script(&script));
        let unknown =
            why.unwrap_or_else(|| Why("what a statement does can't be told before it runs".into()));
        let first: String = statements.join("; ");
        let shown: String = first.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = match shown.char_indices().nth(200) {
            Some((end, _)) => format!("{}…", &shown[..end]),
            None => shown,
        };
        let act = ActChange::new(Sign::Act, format!("run `{shown}` on database {database}"));
        ActChange {
            tells: true,
            telltale: Some(CHANGES.into()),
            unknown: Some(unknown),
            ..act.does(command)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, words};
    use crate::modules::postgresql::login::tests::asks;
    use crate::modules::scenario::done;

    #[test]
    fn what_only_reads_is_answered_in_planning() {
        let told = "{\"a\":1,\"b\":null}\u{1e}{\"a\":2,\"b\":\"x\"}\n";
        let mut desk = Desk::new(Memory::new().with_output(&asks("shop"), 0, told));
        let args = [
            ("login_db", "shop".into()),
            ("query", "select a, b from t where c = %s".into()),
            ("positional_args", vec![1_i64].into()),
        ];
        let done = desk.run("postgresql_query", &args);
        assert_eq!(done.results["rowcount"], Data::Int(2));
        assert_eq!(done.results["query"], "select a, b from t where c = 1".into());
        let rows = done.results["query_result"].as_list().unwrap();
        assert_eq!(rows[1].as_map().unwrap()["b"], "x".into());
        desk.fails(
            "postgresql_query",
            &args[..1],
            "`query` must be given: a statement or a list of them",
        );
    }

    #[test]
    fn what_writes_is_only_named() {
        let memory = Memory::new().with_output("psql", 0, "").with_error(
            &asks("shop"),
            3,
            "ERROR:  cannot execute SELECT FOR UPDATE in a read-only transaction",
        );
        let mut desk = Desk::new(memory);
        for query in ["update t set a = 1", "select f()", "select 1; drop table t"] {
            let args = [("login_db", "shop".into()), ("query", query.into())];
            let planned = done(desk.ask("postgresql_query", &args));
            assert_eq!(words(&planned.changes), [format!("run `{query}` on database shop")]);
            assert!(planned.open.is_some());
        }
    }
}
