//! Packages installed, upgraded, removed.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::manager;
use crate::change::{Change, Description, Sign, Touch};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Host, Manager};
use crate::stop::{Result, Stop, Why};

/// One transaction of a package manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PackagesChange {
    /// Whose packages.
    pub manager: Manager,
    /// What happens to which package.
    pub actions: Vec<PackageAction>,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
    /// Why not all of it can be told.
    pub unknown: Option<Why>,
    /// How many seconds to wait for another process that holds the manager's lock.
    pub lock_timeout: u64,
    /// What `/usr/sbin/policy-rc.d` exits with meanwhile, where services shall not be started: see invoke-rc.d(8).
    pub policy_rc_d: Option<i64>,
}

/// What happens to one package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageAction {
    /// Its name, without version.
    pub name: String,
    /// The version now; none where it is not installed.
    pub from: Option<String>,
    /// The version then; none where it is removed, empty where the manager can't tell it yet.
    pub to: Option<String>,
    /// Whether it was asked for, and does not merely come or go along with others.
    pub asked: bool,
}

/// How many packages are named one by one before the rest is only counted.
const SHOWN: usize = 20;

/// What the names of packages contain that bring repositories: `epel-release`, `mysql-apt-config`, `pgdg-redhat-repo`.
const BRING_SOURCES: &[&str] = &["-release", "-repo", "apt-config", "apt-source"];

impl Effect for PackagesChange {
    fn describe(&self) -> Description {
        if self.actions.is_empty() {
            let shown: Vec<_> = self.commands.iter().map(Command::shown).collect();
            return Description::new(Sign::Act, format!("run `{}`", shown.join("`, `")));
        }
        let all: Vec<_> = self.actions.iter().collect();
        let head: Vec<_> = self.actions.iter().filter(|action| action.asked).collect();
        let sign = sign_of(if head.is_empty() { &all } else { &head });
        let what = if head.is_empty() {
            format!("{} package{}", all.len(), if all.len() == 1 { "" } else { "s" })
        } else {
            let mut words: Vec<_> =
                head.iter().take(SHOWN).map(|action| action.shown(sign)).collect();
            if head.len() > SHOWN {
                words.push(format!("{} more", head.len() - SHOWN));
            }
            let word = if head.len() == 1 { "package" } else { "packages" };
            format!("{word} {}", words.join(", "))
        };
        let along: Vec<_> = self.actions.iter().filter(|action| !head.contains(action)).collect();
        let mut description = Description::new(sign, what).unknown(self.unknown.clone());
        for action in along.iter().take(SHOWN) {
            description = description.fact(action.along());
        }
        if along.len() > SHOWN {
            description = description.fact(format!("and {} more packages", along.len() - SHOWN));
        }
        description
    }

    fn tells(&self) -> Option<Why> {
        Some(Why("the output of the package manager".into()))
    }

    fn touches(&self) -> Vec<Touch> {
        if self.actions.is_empty() {
            return Touch::of(&self.describe());
        }
        let touch = |action: &PackageAction| {
            let name = format!("package {}", action.name);
            match (action.from.as_deref(), action.to.as_deref()) {
                (Some(from), Some("")) => Touch::new(&name, "version", Some(format!("{from} → ?"))),
                (Some(from), Some(to)) => {
                    Touch::new(&name, "version", Some(format!("{from} → {to}")))
                }
                _ => Touch::new(&name, Touch::EXISTENCE, None),
            }
        };
        // What comes along is there because of what was asked for.
        let asked: Vec<Touch> =
            self.actions.iter().filter(|action| action.asked).map(touch).collect();
        if asked.is_empty() { self.actions.iter().map(touch).collect() } else { asked }
    }

    fn expect(&self, expected: &mut Expected) {
        for action in &self.actions {
            expected.doubted_values.remove(&format!("package {}", action.name));
            expected.packages.insert((self.manager, action.name.clone()), action.to.clone());
            // What merely becomes newer along with others hardly brings anything that was not there.
            if action.to.is_some() && (action.from.is_none() || action.asked) {
                expected.package_pending(&action.name);
                if BRING_SOURCES.iter().any(|part| action.name.contains(part)) {
                    let why = format!("package {}, which may bring repositories", action.name);
                    expected.offers_pending(self.manager, why);
                }
            }
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        self.still_as_planned(real)?;
        let policy = self.policy_rc_d.map(manager::Policy::set).transpose()?;
        let done = self.commands.iter().try_fold(Map::new(), |results, command| {
            let output = manager::run(real, command, self.lock_timeout)?;
            Ok(manager::gather(results, &output))
        });
        real.forget_packages(self.manager);
        policy.map_or(Ok(()), manager::Policy::restore)?;
        done
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}

impl PackagesChange {
    fn still_as_planned(&self, real: &Real) -> Result<()> {
        let installed = real.installed(self.manager)?;
        for action in &self.actions {
            let now = installed.get(&action.name);
            if now != action.from.as_ref() {
                let said = |version: Option<&String>| match version {
                    Some(version) => format!("installed as {version}"),
                    None => "not installed".to_owned(),
                };
                return Err(Stop::failed(format!(
                    "package `{}` is {} now, but was {} when this was planned; plan again",
                    action.name,
                    said(now),
                    said(action.from.as_ref()),
                )));
            }
        }
        Ok(())
    }
}

impl PackageAction {
    /// A package that was asked for and comes, stays in another version, or goes.
    pub fn asked(name: &str, from: Option<&String>, to: Option<&str>) -> Self {
        Self { name: name.into(), from: from.cloned(), to: to.map(Into::into), asked: true }
    }

    fn sign(&self) -> Sign {
        match (&self.from, &self.to) {
            (_, None) => Sign::Remove,
            (None, _) => Sign::Create,
            _ => Sign::Modify,
        }
    }

    /// With its versions. `around` is the sign that stands before all of them already.
    fn shown(&self, around: Sign) -> String {
        let name = &self.name;
        let versions = match (self.from.as_deref(), self.to.as_deref()) {
            (Some(""), None) | (None, Some("") | None) => String::new(),
            (Some(from), None) => format!(" {from}"),
            (None, Some(to)) => format!(" {to}"),
            (Some(from), Some("")) => format!(" {from} → ?"),
            (Some(from), Some(to)) => format!(" {from} → {to}"),
        };
        let removed = self.to.is_none() && around != Sign::Remove;
        format!("{}{name}{versions}", if removed { "without " } else { "" })
    }

    fn along(&self) -> String {
        let sign = match self.sign() {
            Sign::Create => "+",
            Sign::Remove => "-",
            Sign::Modify | Sign::Act => "~",
        };
        format!("{sign} {}", self.shown(self.sign()))
    }
}

fn sign_of(actions: &[&PackageAction]) -> Sign {
    if actions.iter().all(|action| action.to.is_none()) {
        Sign::Remove
    } else if actions.iter().any(|action| action.from.is_none()) {
        Sign::Create
    } else {
        Sign::Modify
    }
}

#[cfg(test)]
mod tests {
    use super::{PackageAction, PackagesChange};
    use crate::change::{Effect, Sign};

    fn action(text: &str) -> PackageAction {
        let (asked, text) = text.strip_prefix('*').map_or((false, text), |text| (true, text));
        let fields: Vec<_> = text.split(' ').collect();
        let version = |text: &str| (text != "-").then(|| text.trim_matches('_').to_owned());
        PackageAction {
            name: fields[0].into(),
            from: version(fields[1]),
            to: version(fields[2]),
            asked,
        }
    }

    #[track_caller]
    fn check(actions: &[&str], sign: Sign, what: &str, facts: &[&str]) {
        let actions = actions.iter().map(|text| action(text)).collect();
        let description = PackagesChange { actions, ..PackagesChange::default() }.describe();
        assert_eq!(
            (description.sign, description.what.as_str(), description.facts.as_slice()),
            (sign, what, facts.iter().map(ToString::to_string).collect::<Vec<_>>().as_slice())
        );
    }

    #[test]
    fn a_person_reads_what_happens_to_which_package() {
        check(&["*nginx - 1.22.1-9"], Sign::Create, "package nginx 1.22.1-9", &[]);
        check(&["*nginx - _"], Sign::Create, "package nginx", &[]);
        check(&["*x 1.0 2.0"], Sign::Modify, "package x 1.0 → 2.0", &[]);
        check(&["*y 1.0 -"], Sign::Remove, "package y 1.0", &[]);
        check(
            &["libjq1 - 1.6", "*jq - 1.6", "*nano 7.2 7.3", "libc6 2.36 2.37", "pico 1 -"],
            Sign::Create,
            "packages jq 1.6, nano 7.2 → 7.3",
            &["+ libjq1 1.6", "~ libc6 2.36 → 2.37", "- pico 1"],
        );
        check(&["a 1 2", "b 1 2"], Sign::Modify, "2 packages", &["~ a 1 → 2", "~ b 1 → 2"]);
    }
}
