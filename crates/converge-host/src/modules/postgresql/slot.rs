//! `postgresql_slot`: slots of replication.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::postgresql::login::{Login, statements};
use crate::modules::postgresql::sql;
use crate::stop::{Result, Stop};

/// Keeps a slot of replication: what a replica has not read yet is kept for it.
#[derive(Args, Debug)]
#[module(name = "postgresql_slot", collection = "community.postgresql")]
pub(crate) struct PostgresqlSlot {
    /// The slot.
    #[arg(alias = "slot_name")]
    name: String,
    /// Whether it is about files or about rows.
    #[arg(default = "physical")]
    slot_type: Type,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Keep from now on what is written, not only once a replica came.
    #[arg(default = "no")]
    immediately_reserve: bool,
    /// What makes rows of what is written.
    #[arg(default = "test_decoding")]
    output_plugin: String,
    /// The database, of a slot that is about rows.
    #[arg(alias = "db")]
    login_db: Option<String>,
    /// How the server is reached.
    #[arg(shared)]
    login: Login,
}

/// Whether a slot shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// What a slot is about.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// Rows.
    Logical,
    /// Files.
    Physical,
}

impl Module for PostgresqlSlot {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("name", self.name.as_str());
        changes.set("queries", Data::List(Vec::new()));
        let database = self.login_db.as_deref().unwrap_or("postgres");
        let kind = if self.slot_type == Type::Physical { "physical" } else { "logical" };
        let label = self.login.label(&format!("slot {}", self.name));
        let now = value(host, &label, || {
            let query = format!(
                "SELECT slot_type FROM pg_catalog.pg_replication_slots WHERE slot_name = {}",
                sql::text(&self.name)
            );
            self.login.one(host, database, &query)
        })?;
        let name = sql::text(&self.name);
        let title = format!("replication slot {}", self.name);
        let create = match self.slot_type {
            Type::Physical => {
                format!(
                    "SELECT pg_create_physical_replication_slot({name}, {})",
                    self.immediately_reserve
                )
            }
            Type::Logical => {
                let plugin = sql::text(&self.output_plugin);
                format!("SELECT pg_create_logical_replication_slot({name}, {plugin})")
            }
        };
        let drop = format!("SELECT pg_drop_replication_slot({name})");
        let undo = |query: &str| self.login.run(database, &format!("{query};"));
        let (act, query) = match (self.state, now.as_deref()) {
            (State::Present, None) => {
                let act = ActChange::new(Sign::Create, title).fact(kind).undone_by(undo(&drop));
                (act.sets(label, now, Some(kind.to_owned())), create)
            }
            (State::Present, Some(known)) if known != kind => {
                return Err(Stop::failed(format!(
                    "the slot `{}` is there, but it is {known}",
                    self.name
                )));
            }
            (State::Absent, Some(_)) => {
                (ActChange::new(Sign::Remove, title).sets(label, now, None), drop)
            }
            _ => return Ok(()),
        };
        changes.set("queries", Data::from(vec![query.clone()]));
        changes.push(Change::Act(statements(act, &self.login, database, &[query])));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;
    use crate::modules::postgresql::login::tests::asks;

    #[test]
    fn a_slot_is_made_and_removed() {
        let mut desk = Desk::new(Memory::new().with_output(&asks("postgres"), 0, "\n"));
        let done = desk.run("postgresql_slot", &[("name", "s1".into())]);
        assert_eq!(
            done.results["queries"].as_list().unwrap(),
            ["SELECT pg_create_physical_replication_slot('s1', false)".into()]
        );
        desk.fails(
            "postgresql_slot",
            &[("name", "s1".into()), ("slot_type", "logical".into())],
            "the slot `s1` is there, but it is physical",
        );
        assert!(
            desk.run("postgresql_slot", &[("name", "s1".into()), ("state", "absent".into())])
                .changed
        );
    }
}
