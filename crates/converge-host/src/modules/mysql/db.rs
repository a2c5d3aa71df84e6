//! `mysql_db`: databases of a server.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::mysql::login::{Login, Server, statements};
use crate::modules::mysql::sql;
use crate::modules::piped::piped;
use crate::stop::{Result, Stop};
use crate::words;

/// Keeps databases of a MySQL or MariaDB server, saves them, or restores them.
#[derive(Args, Debug)]
#[module(name = "mysql_db", collection = "community.mysql")]
pub(crate) struct MysqlDb {
    /// The databases; `all` where they are saved or restored.
    #[arg(alias = "db")]
    name: Vec<String>,
    /// What shall be of them.
    #[arg(default = "present")]
    state: State,
    /// How the texts of a new one are encoded.
    #[arg(default = "")]
    encoding: String,
    /// The order of its texts.
    #[arg(default = "")]
    collation: String,
    /// The file that they are saved to or restored from.
    #[arg(path)]
    target: Option<PathBuf>,
    /// Save them as they are at one moment.
    #[arg(default = "no")]
    single_transaction: bool,
    /// Save row by row.
    #[arg(default = "yes")]
    quick: bool,
    /// Save without locking tables.
    #[arg(default = "no")]
    skip_lock_tables: bool,
    /// Save bytes in hexadecimal digits.
    #[arg(default = "no")]
    hex_blob: bool,
    /// Go on after a mistake where they are restored.
    #[arg(default = "no")]
    force: bool,
    /// Tables that are not saved: `database.table`.
    ignore_tables: Option<Vec<String>>,
    /// Further words of the program that saves.
    dump_extra_args: Option<String>,
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
    /// It is restored.
    Import,
    /// It is there.
    Present,
}

impl Module for MysqlDb {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("db", self.name.join(" "));
        changes.set("db_list", Data::from(self.name.clone()));
        changes.set("executed_commands", Data::List(Vec::new()));
        let server = self.login.server(host)?;
        if matches!(self.state, State::Dump | State::Import) {
            return self.file(&server, changes);
        }
        let mut commands = Vec::new();
        for name in &self.name {
            let label = self.login.label(&format!("database {name}"));
            let now = value(host, &label, || {
                let query = format!(
                    "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
                    sql::text(name)
                );
                Ok((!server.rows(&query)?.is_empty()).then(|| "there".to_owned()))
            })?;
            let title = format!("database {name}");
            let (act, query) = match (self.state, &now) {
                (State::Absent, Some(_)) => (
                    ActChange::new(Sign::Remove, title).sets(label, now, None),
                    format!("DROP DATABASE {}", sql::name(name)),
                ),
                (State::Present, None) => {
                    let act = ActChange::new(Sign::Create, title);
                    (act.sets(label, None, Some("there".into())), self.create(name))
                }
                _ => continue,
            };
            changes.push(Change::Act(statements(act, &server, std::slice::from_ref(&query))));
            commands.push(query);
        }
        changes.set("executed_commands", Data::from(commands));
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        Ok(())
    }
}

impl MysqlDb {
    fn create(&self, name: &str) -> String {
        let mut words = format!("CREATE DATABASE {}", sql::name(name));
        for (key, wanted) in [("CHARACTER SET", &self.encoding), ("COLLATE", &self.collation)] {
            if !wanted.is_empty() {
                words.push_str(&format!(" {key} {}", sql::word(wanted)));
            }
        }
        words
    }

    /// Saves or restores: every run does.
    fn file(&self, server: &Server<'_>, changes: &mut Changes) -> Result<()> {
        let target = self
            .target
            .as_ref()
            .ok_or_else(|| Stop::failed("`target` must be given: it is the file"))?;
        let dumps = self.state == State::Dump;
        let all = self.name == ["all"];
        let mut command = if dumps {
            let mut words = Vec::new();
            let flags = [
                (self.single_transaction, "--single-transaction=true"),
                (self.quick, "--quick"),
                (self.skip_lock_tables, "--skip-lock-tables"),
                (self.hex_blob, "--hex-blob"),
                (all, "--all-databases"),
                (!all && self.name.len() > 1, "--databases"),
            ];
            words
                .extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, flag)| flag.to_owned()));
            words.extend(
                self.ignore_tables.iter().flatten().map(|table| format!("--ignore-table={table}")),
            );
            if let Some(extra) = &self.dump_extra_args {
                let extra = words::split(extra).map_err(|why| {
                    Stop::failed(format!("`dump_extra_args` can't be split into words: {why}"))
                })?;
                words.extend(extra);
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let mut command = server.program("mysqldump", &words);
            if !all {
                command.argv.extend(self.name.iter().cloned());
            }
            command
        } else {
            let mut command = server.reader();
            command.argv.extend(self.force.then(|| "--force".to_owned()));
            if let [name] = self.name.as_slice()
                && !all
            {
                command.argv.push(format!("--database={name}"));
            }
            command
        };
        command.stdin = None;
        let packer = match target.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Some("gzip"),
            Some("bz2") => Some("bzip2"),
            Some("xz") => Some("xz"),
            Some("zst") => Some("zstd"),
            _ => None,
        };
        let target = target.display().to_string();
        let command = piped(command, &target, packer, dumps);
        changes.set("executed_commands", Data::from(vec![command.shown()]));
        let names = self.name.join(", ");
        let what = match dumps {
            true => format!("save databases {names} to {target}"),
            false => format!("restore databases {names} from {target}"),
        };
        let mut act = ActChange::new(Sign::Act, what).does(command);
        if dumps {
            act.paths.push((PathBuf::from(&target), true));
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
    use crate::modules::mysql::login::tests::ASKS;

    #[test]
    fn a_database_is_made_and_removed() {
        let memory = || Memory::new().with_file("/usr/bin/mysql", "", 0o755, "root");
        let mut desk = Desk::new(memory().with_output(ASKS, 0, ""));
        let args = [
            ("name", "sh`op".into()),
            ("encoding", "utf8mb4".into()),
            ("collation", "utf8mb4_bin".into()),
        ];
        let done = desk.run("mysql_db", &args);
        assert_eq!(words(&done.changes), ["database sh`op"]);
        assert_eq!(
            done.results["executed_commands"],
            Data::from(vec!["CREATE DATABASE `sh``op` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"])
        );
        let mut desk = Desk::new(memory().with_output(ASKS, 0, "SCHEMA_NAME\nshop\n"));
        assert!(!desk.run("mysql_db", &[("name", "shop".into())]).changed);
        let gone = [("name", "shop".into()), ("state", "absent".into())];
        let done = desk.run("mysql_db", &gone);
        assert_eq!(commands(&done.changes[0]), [ASKS]);
    }

    #[test]
    fn databases_are_saved_every_time() {
        let mut desk = Desk::new(Memory::new().with_file("/usr/bin/mysql", "", 0o755, "root"));
        let args = [
            ("name", Data::from(vec!["a b", "c"])),
            ("state", "dump".into()),
            ("target", "/d/x.sql".into()),
        ];
        let done = crate::modules::scenario::done(desk.ask("mysql_db", &args));
        assert_eq!(words(&done.changes), ["save databases a b, c to /d/x.sql"]);
        let command = &commands(&done.changes[0])[0];
        assert!(
            command.ends_with("sh /d/x.sql mysqldump --quick --databases --host=localhost 'a b' c"),
            "{command}"
        );
        desk.fails("mysql_db", &args[..2], "`target` must be given: it is the file");
    }
}
