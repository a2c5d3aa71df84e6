//! `getent`: entries of the databases of names.

use crate::args::Args;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Command, Group, Host, User};
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Reads entries of a database of names (`passwd`, `group`, `hosts`, `services`, …), as getent(1) does, into facts.
#[derive(Args, Debug)]
#[module(name = "getent")]
pub(crate) struct Getent {
    /// The database.
    database: String,
    /// The entry; all of them where it is not given.
    key: Option<String>,
    /// The source that is asked: `files`, `dns`, …
    service: Option<String>,
    /// What stands between the fields: `:` in passwd, group, shadow and gshadow, blanks elsewhere.
    split: Option<String>,
    /// Whether an entry that is missing is a failure.
    #[arg(default = "yes")]
    fail_key: bool,
}

/// The databases whose fields are separated by colons.
const COLONS: &[&str] = &["passwd", "shadow", "group", "gshadow"];

impl Module for Getent {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let facts = format!("getent_{}", self.database);
        let entries = match self.planned(host)? {
            Some(entries) => entries,
            None => self.ask(host)?,
        };
        let named = Map::from_iter([(facts, Data::Map(entries))]);
        changes.set("ansible_facts", Data::Map(named));
        Ok(())
    }
}

impl Getent {
    fn ask(&self, host: &dyn Host) -> Result<Map> {
        let mut argv = vec!["getent".to_owned()];
        if let Some(service) = &self.service {
            argv.extend(["-s".into(), service.clone()]);
        }
        argv.extend(["--".into(), self.database.clone()]);
        argv.extend(self.key.clone());
        let output = host.observe(&Command::new(argv))?;
        let database = &self.database;
        match output.rc {
            0 => Ok(self.entries(&output.text())),
            1 => Err(Stop::failed(format!("`getent` does not know the database `{database}`"))),
            2 => {
                let key = self.key.as_deref().unwrap_or_default();
                if self.fail_key {
                    return Err(host.unsettled().map_or_else(
                        || {
                            Stop::failed(format!(
                                "there is no `{key}` in the database `{database}`"
                            ))
                        },
                        Stop::Unknown,
                    ));
                }
                Ok(Map::from_iter([(key.to_owned(), Data::Null)]))
            }
            3 => Err(Stop::failed(format!(
                "the database `{database}` can't be listed; name an entry by `key`"
            ))),
            rc => Err(Stop::failed(format!(
                "`getent` exited with {rc}: {}",
                output.error_text().trim()
            ))),
        }
    }

    /// Entries by their first fields; of several with the same, all.
    fn entries(&self, text: &str) -> Map {
        let colons = COLONS.contains(&self.database.as_str()).then_some(":");
        let separator = self.split.as_deref().or(colons);
        let mut entries: Map = Map::new();
        let mut seen: Vec<(String, usize)> = Vec::new();
        for line in text.lines() {
            let mut fields: Vec<&str> = match separator {
                Some(separator) => line.split(separator).collect(),
                None => line.split_whitespace().collect(),
            };
            if fields.is_empty() {
                continue;
            }
            let key = fields.remove(0).to_owned();
            let fields = Data::from(fields);
            match seen.iter_mut().find(|(known, _)| *known == key) {
                None => {
                    seen.push((key.clone(), 1));
                    entries.insert(key, fields);
                }
                Some((_, count)) => {
                    *count += 1;
                    let first = *count == 2;
                    if let Some(entry) = entries.get_mut(&key) {
                        match (entry, first) {
                            (Data::List(all), false) => all.push(fields),
                            (entry, _) => *entry = Data::List(vec![entry.clone(), fields]),
                        }
                    }
                }
            }
        }
        entries
    }

    /// The entry of an account or group that something planned makes, changes or removes.
    fn planned(&self, host: &dyn Host) -> Result<Option<Map>> {
        let Some(key) = &self.key else { return Ok(None) };
        // Only what the overlay tells of itself has no number or another one than the host tells.
        let entry = match self.database.as_str() {
            "passwd" => host.user(key)?.map(passwd),
            "group" => host.group(key)?.map(group),
            _ => return Ok(None),
        };
        let Some(entry) = entry else { return Ok(None) };
        Ok(Some(Map::from_iter([(key.clone(), entry?)])))
    }
}

fn number(id: Option<u32>, name: &str) -> Result<String> {
    id.map(|id| id.to_string()).ok_or_else(|| Stop::unknown(format!("{name} being made")))
}

fn passwd(user: User) -> Result<Data> {
    let uid = number(user.uid, &format!("user {}", user.name))?;
    let gid = number(user.group.id, &format!("group {}", user.group.name))?;
    Ok(Data::from(vec!["x".into(), uid, gid, user.comment, user.home, user.shell]))
}

fn group(group: Group) -> Result<Data> {
    let gid = number(group.gid, &format!("group {}", group.name))?;
    Ok(Data::from(vec!["x".into(), gid, group.members.join(",")]))
}

#[cfg(test)]
mod tests {
    use crate::data::{Data, Map};
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;
    use crate::wire::Reply;

    #[track_caller]
    fn entries(desk: &mut Desk, args: &[(&str, Data)], facts: &str) -> Map {
        let done = desk.run("getent", args);
        done.results["ansible_facts"].as_map().unwrap()[facts].as_map().unwrap().clone()
    }

    #[test]
    fn entries_are_facts() {
        let memory = Memory::new()
            .with_user("app", 1000)
            .with_output("getent -- services http", 0, "http 80/tcp www\n")
            .with_output("getent -- hosts", 0, "::1 a\n::1 b c\n::1 d\n")
            .with_output("getent -- shadow", 3, "")
            .with_output("getent -- passwd nobody", 2, "");
        let mut desk = Desk::new(memory);
        let arg = |database: &str, key: &str| [("database", database.into()), ("key", key.into())];
        assert_eq!(
            entries(&mut desk, &arg("services", "http"), "getent_services")["http"],
            vec!["80/tcp", "www"].into()
        );
        let hosts = entries(&mut desk, &arg("hosts", "")[..1], "getent_hosts");
        let want: Vec<Data> = vec![vec!["a"].into(), vec!["b", "c"].into(), vec!["d"].into()];
        assert_eq!(hosts["::1"], Data::List(want));
        let app = entries(&mut desk, &arg("passwd", "app"), "getent_passwd");
        assert_eq!(app["app"].as_list().unwrap()[1], "1000".into());
        desk.fails(
            "getent",
            &arg("passwd", "nobody"),
            "there is no `nobody` in the database `passwd`",
        );
        desk.fails(
            "getent",
            &arg("shadow", "")[..1],
            "the database `shadow` can't be listed; name an entry by `key`",
        );
        let quiet = [arg("passwd", "nobody").to_vec(), vec![("fail_key", false.into())]].concat();
        assert_eq!(entries(&mut desk, &quiet, "getent_passwd")["nobody"], Data::Null);
    }

    #[test]
    fn a_planned_account_has_no_number_yet() {
        let memory = Memory::new().with_output("getent -- passwd new", 2, "");
        let mut desk = Desk::new(memory);
        desk.ask("user", &[("name", "new".into()), ("create_home", false.into())]);
        let args = [("database", "passwd".into()), ("key", "new".into())];
        match desk.ask("getent", &args) {
            Reply::Unknown(why) => assert_eq!(why.0, "user new being made"),
            other => panic!("{other:?}"),
        }
    }
}
