//! `postgresql_pg_hba`: who may connect to a server.

use std::path::PathBuf;

use crate::args::{Args, Choice, Mode};
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::files::{Attributes, Page};
use crate::modules::postgresql::hba_rule::{Rule, TYPES, cut, network};
use crate::stop::{Result, Stop};

/// Keeps rules of a `pg_hba.conf`, those about few connections before those about many.
#[derive(Args, Debug)]
#[module(name = "postgresql_pg_hba", collection = "community.postgresql")]
pub(crate) struct PostgresqlPgHba {
    /// The file.
    dest: PathBuf,
    /// Whether the rule shall be there.
    #[arg(default = "present")]
    state: State,
    /// What kind of connection it is about.
    #[arg(kind = crate::args::Kind::Choice(&["local", "host", "hostnossl", "hostssl", "hostgssenc", "hostnogssenc"]))]
    contype: Option<String>,
    /// The databases, separated by commas.
    #[arg(default = "all")]
    databases: String,
    /// The roles, separated by commas.
    #[arg(default = "all")]
    users: String,
    /// Where connections come from.
    #[arg(alias = "source", alias = "src", default = "samehost")]
    address: String,
    /// The mask of that address.
    netmask: Option<String>,
    /// How roles prove who they are.
    #[arg(default = "md5")]
    method: String,
    /// Further words of the method.
    options: Option<String>,
    /// A comment behind the rule.
    comment: Option<String>,
    /// Several rules, each with the arguments above.
    rules: Option<Vec<Map>>,
    /// Whether arguments beside `rules` stand for what a rule leaves out.
    #[arg(default = "conflict")]
    rules_behavior: Behavior,
    /// Remove all other rules.
    #[arg(default = "no")]
    overwrite: bool,
    /// Make the file where there is none.
    #[arg(default = "no")]
    create: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Taken and not used: copies are named as others are.
    #[arg(name = "backup_file")]
    _backup_file: Option<String>,
    /// Whether comments behind rules stay there.
    #[arg(default = "yes")]
    keep_comments_at_rules: bool,
    /// Taken and not used: rules are always in order.
    #[arg(name = "sort_rules", default = "yes")]
    _sort_rules: bool,
    /// The mode of the file.
    mode: Option<Mode>,
    /// Its owner.
    owner: Option<String>,
    /// Its group.
    group: Option<String>,
    /// The user part of its SELinux context.
    seuser: Option<String>,
    /// The role part of its SELinux context.
    serole: Option<String>,
    /// The type part of its SELinux context.
    setype: Option<String>,
    /// The level part of its SELinux context.
    selevel: Option<String>,
    /// Flags of chattr(1).
    #[arg(alias = "attr")]
    attributes: Option<String>,
    /// Write into the file where it can't be replaced.
    #[arg(default = "no")]
    unsafe_writes: bool,
}

/// Whether a rule shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// What arguments beside `rules` are.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Behavior {
    /// A mistake.
    Conflict,
    /// What rules leave out.
    Combine,
}

impl Module for PostgresqlPgHba {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let wanted = self.wanted()?;
        let page = match Page::open(&self.dest, host) {
            Err(Stop::Unknown(_)) if self.create && self.overwrite => Page::own(&self.dest, host)?,
            page => page?,
        };
        if !page.exists() && !self.create {
            return Err(Stop::failed(format!(
                "there is no file `{}`; `create: true` makes one",
                self.dest.display()
            )));
        }
        let (mut comments, mut rules) = (Vec::new(), Vec::new());
        for line in page.letters().lines() {
            match Rule::read(line) {
                Some(Ok(mut rule)) => {
                    if !self.keep_comments_at_rules && !rule.comment.is_empty() {
                        comments.push(cut(line).1.trim().to_owned());
                        rule.line = Some(cut(line).0.trim_end().to_owned());
                        rule.comment.clear();
                    }
                    rules.push(rule);
                }
                Some(Err(why)) => {
                    return Err(Stop::failed(format!(
                        "can't read `{}`: {why}",
                        self.dest.display()
                    )));
                }
                None if line.trim().is_empty() => {}
                None => comments.push(line.trim().to_owned()),
            }
        }
        let mut said: Vec<String> = Vec::new();
        let old = rules.clone();
        if self.overwrite {
            rules.retain(|rule| wanted.iter().any(|wanted| rule.says(wanted)));
        }
        for wanted in &wanted {
            let about = |rule: &Rule| rule.about() == wanted.about();
            if self.state == State::Absent {
                for rule in rules.iter().filter(|rule| about(rule)) {
                    said.push(format!("Removing rule {}", rule.text()));
                }
                rules.retain(|rule| !about(rule));
            } else if !rules.iter().any(|rule| rule.says(wanted)) {
                said.push(format!("Adding rule {}", wanted.text()));
                rules.retain(|rule| !about(rule));
                rules.push(wanted.clone());
            }
        }
        let mut text = page.letters().to_owned();
        if rules != old || !page.exists() {
            rules.sort_by_key(Rule::order);
            let lines = comments.iter().cloned().chain(rules.iter().map(Rule::text));
            text = lines.collect::<Vec<_>>().join("\n");
            said.extend(["Changed".to_owned(), "Writing".to_owned()]);
        }
        let mut attributes = self.attributes();
        if !page.exists() && attributes.mode.is_none() {
            attributes.mode = Some(Mode("0600".into()));
        }
        page.write_as(&text, &attributes, self.backup, changes)?;
        changes.set("msgs", Data::from(said));
        changes
            .set("pg_hba", Data::List(rules.iter().map(|rule| Data::Map(rule.data())).collect()));
        changes.set("pg_hba_string", text);
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        Ok(())
    }
}

impl PostgresqlPgHba {
    /// Every rule that is asked for: each database with each role.
    fn wanted(&self) -> Result<Vec<Rule>> {
        let Some(rules) = &self.rules else {
            let own = Map::new();
            return match self.contype {
                Some(_) => self.expanded(&own),
                None => Ok(Vec::new()),
            };
        };
        if self.contype.is_some() && self.rules_behavior == Behavior::Conflict {
            return Err(Stop::failed(
                "`contype` and `rules` exclude each other, unless `rules_behavior` is `combine`",
            ));
        }
        let mut all = Vec::new();
        for rule in rules {
            all.extend(self.expanded(rule)?);
        }
        Ok(all)
    }

    fn expanded(&self, rule: &Map) -> Result<Vec<Rule>> {
        let text = |keys: &[&str], own: Option<&str>| {
            let given = keys.iter().find_map(|key| rule.get(*key)).and_then(Data::as_str);
            given.or(own).map(ToOwned::to_owned)
        };
        let Some(contype) = text(&["contype"], self.contype.as_deref()) else {
            return Err(Stop::failed("a rule needs `contype`"));
        };
        if !TYPES.contains(&contype.as_str()) {
            return Err(Stop::failed(format!("`{contype}` is none of {}", TYPES.join(", "))));
        }
        let method = text(&["method"], Some(&self.method)).unwrap_or_default();
        let mask = text(&["netmask", "mask"], self.netmask.as_deref());
        let address = if contype == "local" {
            String::new()
        } else {
            let given =
                text(&["address", "source", "src"], Some(&self.address)).unwrap_or_default();
            if mask.is_some() && given.contains('/') {
                return Err(Stop::failed(format!(
                    "`{given}` has a mask already, so `netmask` can't be given"
                )));
            }
            network(&given, mask.as_deref()).unwrap_or(given)
        };
        let options = text(&["options"], self.options.as_deref()).unwrap_or_default();
        let options: Vec<String> = options.split_whitespace().map(ToOwned::to_owned).collect();
        let comment = text(&["comment"], self.comment.as_deref()).unwrap_or_default();
        let databases = text(&["databases"], Some(&self.databases)).unwrap_or_default();
        let users = text(&["users"], Some(&self.users)).unwrap_or_default();
        let mut all = Vec::new();
        for database in databases.split(',').map(str::trim) {
            for user in users.split(',').map(str::trim) {
                all.push(Rule {
                    contype: contype.clone(),
                    databases: database.to_owned(),
                    users: user.to_owned(),
                    address: address.clone(),
                    method: method.clone(),
                    options: options.clone(),
                    comment: comment.clone(),
                    line: None,
                });
            }
        }
        Ok(all)
    }

    fn attributes(&self) -> Attributes {
        Attributes {
            mode: self.mode.clone(),
            owner: self.owner.clone(),
            group: self.group.clone(),
            seuser: self.seuser.clone(),
            serole: self.serole.clone(),
            setype: self.setype.clone(),
            selevel: self.selevel.clone(),
            attributes: self.attributes.clone(),
            unsafe_writes: self.unsafe_writes,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{Data, Map};
    use crate::host::memory::Memory;
    use crate::modules::desk::Desk;
    use crate::modules::scenario::Scenario;

    const FILE: &str = "# TYPE  DATABASE\n\n# own\nlocal   all             all                                     peer\nhost    all             all             127.0.0.1/32            scram-sha-256\nhost    all             all             ::1/128                 scram-sha-256\nhost    replication     all             127.0.0.1/32            scram-sha-256 # x\n";

    #[test]
    fn rules_are_ordered_as_ansible_orders_them() {
        let memory = Memory::new().with_file("/etc/hba", FILE, 0o640, "root");
        let mut desk = Desk::new(memory);
        let mut run = |args: &[(&str, &str)]| {
            let mut all: Vec<(&str, Data)> = vec![("dest", "/etc/hba".into())];
            all.extend(args.iter().map(|(key, value)| (*key, Data::from(*value))));
            desk.run("postgresql_pg_hba", &all)
        };
        let app = [
            ("contype", "host"),
            ("users", "app"),
            ("databases", "appdb"),
            ("source", "10.0.0.0/8"),
        ];
        let done = run(&[&app[..], &[("method", "scram-sha-256")]].concat());
        assert_eq!(
            done.results["msgs"].as_list().unwrap()[0],
            "Adding rule host\tappdb\tapp\t10.0.0.0/8\tscram-sha-256".into()
        );
        run(&[
            ("contype", "host"),
            ("users", "app2,app1"),
            ("databases", "a,b"),
            ("source", "192.168.1.5"),
            ("netmask", "255.255.255.0"),
            ("comment", "why"),
        ]);
        run(&[
            ("contype", "local"),
            ("users", "app"),
            ("method", "trust"),
            ("options", "map=x a=b"),
        ]);
        run(&[("contype", "hostssl"), ("address", "samenet"), ("method", "cert")]);
        run(&[("contype", "host"), ("address", ".example.org"), ("method", "reject")]);
        run(&[("contype", "host"), ("address", "all")]);
        run(&[&app[..], &[("method", "md5")]].concat());
        let want = "# TYPE  DATABASE\n# own\nlocal\tall\tapp\ttrust\ta=b map=x\nlocal   all             all                                     peer\nhost    replication     all             127.0.0.1/32            scram-sha-256 # x\nhost    all             all             127.0.0.1/32            scram-sha-256\nhost    all             all             ::1/128                 scram-sha-256\nhost\ta\tapp1\t192.168.1.0/24\tmd5\t#why\nhost\ta\tapp2\t192.168.1.0/24\tmd5\t#why\nhost\tb\tapp1\t192.168.1.0/24\tmd5\t#why\nhost\tb\tapp2\t192.168.1.0/24\tmd5\t#why\nhostssl\tall\tall\tsamenet\tcert\nhost\tall\tall\t.example.org\treject\nhost\tappdb\tapp\t10.0.0.0/8\tmd5\nhost\tall\tall\tall\tmd5";
        assert!(run(&[&app[..], &[("state", "absent")]].concat()).changed);
        assert!(!run(&[&app[..], &[("state", "absent")]].concat()).changed);
        let without = want.replace("host\tappdb\tapp\t10.0.0.0/8\tmd5\n", "");
        assert_eq!(desk.text("/etc/hba"), without);
    }

    #[test]
    fn a_file_is_made_of_rules_alone() {
        let scenario = Scenario::new(&[]);
        let rule = |pairs: &[(&str, &str)]| {
            let entries = pairs.iter().map(|(key, value)| ((*key).to_owned(), Data::from(*value)));
            Data::Map(entries.collect::<Map>())
        };
        let rules = Data::List(vec![
            rule(&[
                ("contype", "host"),
                ("users", "z"),
                ("databases", "z"),
                ("address", "1.2.3.4/32"),
                ("comment", "cc"),
            ]),
            rule(&[("contype", "local"), ("method", "peer")]),
        ]);
        let args = [("dest", "$T/hba".into()), ("rules", rules), ("overwrite", true.into())];
        scenario.fails(
            "postgresql_pg_hba",
            &args,
            "there is no file `$T/hba`; `create: true` makes one",
        );
        scenario.run("postgresql_pg_hba", &[args.to_vec(), vec![("create", true.into())]].concat());
        assert_eq!(scenario.text("hba"), "local\tall\tall\tpeer\nhost\tz\tz\t1.2.3.4/32\tmd5\t#cc");
    }
}
