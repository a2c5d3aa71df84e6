//! `debconf`: answers to the questions of packages.

use crate::args::{Args, Choice};
use crate::blob::Digest;
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{need, value};
use crate::stop::{Result, Stop};

/// Answers a question of a package before it is asked, by debconf-set-selections(1).
#[derive(Args, Debug)]
#[module(name = "debconf", together("question", "vtype", "value"))]
pub(crate) struct Debconf {
    /// The package.
    #[arg(alias = "pkg")]
    name: String,
    /// The question.
    #[arg(alias = "selection", alias = "setting")]
    question: Option<String>,
    /// The kind of answer.
    vtype: Option<Kind>,
    /// The answer.
    #[arg(alias = "answer")]
    value: Option<Data>,
    /// Ask it nevertheless.
    #[arg(default = "no")]
    unseen: bool,
}

/// Kinds of answers, see debconf-devel(7).
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Yes or no.
    Boolean,
    /// A message.
    Error,
    /// Several of some.
    Multiselect,
    /// A message.
    Note,
    /// A password.
    Password,
    /// Whether the question was asked.
    Seen,
    /// One of some.
    Select,
    /// A line.
    String,
    /// A message.
    Text,
    /// A heading.
    Title,
}

impl Module for Debconf {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        need(host, "debconf-set-selections", "`debconf`")?;
        let current = self.current(host)?;
        let Some((question, kind, answer)) = self.wanted()? else {
            let known = current.into_iter().map(|(question, answer)| (question, answer.into()));
            changes.set("msg", "");
            changes.set("current", Data::Map(known.collect::<Map>()));
            return Ok(());
        };
        let label = format!("debconf {} {question}", self.name);
        let now = value(host, &label, || {
            let answer = current.iter().find(|(known, _)| known == question);
            Ok(answer.map(|(_, answer)| answer.clone()))
        })?;
        let secret = kind == Kind::Password;
        let mut wanted = answer.clone();
        if kind == Kind::Boolean {
            wanted = wanted.to_lowercase();
        }
        if secret {
            // What is kept of passwords is not shown to just anybody.
            let stored = value(host, &label, || Ok(self.password(question, host)?.map(veiled)))?;
            if stored == Some(veiled(wanted.clone())) {
                return Ok(());
            }
        } else {
            let several = kind == Kind::Multiselect;
            let same = several && sorted(now.as_deref()) == sorted(Some(&wanted));
            if same || now.as_deref() == Some(&wanted) {
                return Ok(());
            }
        }
        let word = format!("{kind:?}").to_lowercase();
        let mut command = Command::new(["debconf-set-selections"]);
        if self.unseen {
            command.argv.push("-u".into());
        }
        command.stdin = Some(format!("{} {question} {word} {wanted}\n", self.name).into_bytes());
        let fact = match (secret, &now) {
            (true, _) => "a password".to_owned(),
            (false, None) => wanted.clone(),
            (false, Some(now)) => format!("{now} → {wanted}"),
        };
        changes.set("msg", "");
        let kept = if secret { veiled(wanted.clone()) } else { wanted.clone() };
        if !secret {
            let one = |answer: &str| Map::from_iter([(question.to_owned(), Data::from(answer))]);
            changes.set("current", Data::Map(one(&wanted)));
            changes.set("previous", Data::Map(one(now.as_deref().unwrap_or_default())));
        }
        changes.push(Change::Act(
            ActChange::new(Sign::Modify, format!("answer to {question} of package {}", self.name))
                .fact(fact)
                .sets(label, now.filter(|_| !secret), Some(kept))
                .does(command),
        ));
        Ok(())
    }
}

impl Debconf {
    fn wanted(&self) -> Result<Option<(&str, Kind, String)>> {
        let (Some(question), Some(kind), Some(value)) = (&self.question, self.vtype, &self.value)
        else {
            return Ok(None);
        };
        let text = match value {
            Data::Str(text) => text.clone(),
            Data::Bool(truth) => truth.to_string(),
            Data::Int(number) => number.to_string(),
            Data::List(items) if kind == Kind::Multiselect => {
                items.iter().filter_map(Data::as_str).collect::<Vec<_>>().join(", ")
            }
            other => {
                return Err(Stop::failed(format!("`value` can't be a {}", other.type_name())));
            }
        };
        if text.contains('\n') {
            return Err(Stop::failed("`value` has a line break, but an answer is one line"));
        }
        Ok(Some((question, kind, text)))
    }

    /// The questions of the package with their answers. A package that debconf does not know has none.
    fn current(&self, host: &dyn Host) -> Result<Vec<(String, String)>> {
        let told = host.observe(&Command::new(["debconf-show", "--", &self.name]))?.text();
        let entry = |line: &str| {
            let (question, answer) = line.trim().trim_start_matches('*').trim().split_once(':')?;
            Some((question.trim().to_owned(), answer.trim().to_owned()))
        };
        Ok(told.lines().filter_map(entry).collect())
    }

    fn password(&self, question: &str, host: &dyn Host) -> Result<Option<String>> {
        let mut command =
            Command::new(["debconf-communicate", "-f", "noninteractive", "--", &self.name]);
        command.stdin = Some(format!("GET {question}\n").into_bytes());
        let told = host.observe(&command)?.text();
        Ok(told.trim_end_matches('\n').strip_prefix("0 ").map(ToOwned::to_owned))
    }
}

/// A password as it may be compared and kept.
fn veiled(password: String) -> String {
    Digest::of(password.as_bytes()).hex()
}

fn sorted(list: Option<&str>) -> Option<Vec<&str>> {
    let mut items: Vec<_> =
        list?.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    items.sort_unstable();
    Some(items)
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, words};

    #[test]
    fn questions_are_answered() {
        let memory = Memory::new()
            .with_output("debconf-set-selections", 0, "")
            .with_output(
                "debconf-communicate -f noninteractive -- mta",
                0,
                "10 mta/pw doesn't exist\n",
            )
            .with_output("debconf-show -- mta", 0, "* mta/type: none\n  mta/list: b, a\n");
        let mut desk = Desk::new(memory);
        let args = |question: &str, vtype: &str, value: Data| {
            [
                ("name", "mta".into()),
                ("question", question.into()),
                ("vtype", vtype.into()),
                ("value", value),
            ]
        };
        let done = desk.run("debconf", &args("mta/type", "select", "local".into()));
        assert_eq!(words(&done.changes), ["answer to mta/type of package mta; none → local"]);
        assert!(
            !desk.run("debconf", &args("mta/list", "multiselect", vec!["a", "b"].into())).changed
        );
        let done = desk.run("debconf", &args("mta/pw", "password", "s3cret".into()));
        assert_eq!(words(&done.changes), ["answer to mta/pw of package mta; a password"]);
        assert!(desk.run("debconf", &args("mta/ok", "boolean", true.into())).changed);
        let all = desk.run("debconf", &[("name", "mta".into())]);
        assert_eq!(all.results["current"].as_map().unwrap().len(), 2);
    }
}
