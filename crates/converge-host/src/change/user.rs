//! Accounts made, changed, removed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, FileKind, FileState, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Group, Host, User};
use crate::stop::{Result, Stop, Why};

/// A change of an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserChange {
    /// The account now; none where there is none.
    pub before: Option<User>,
    /// The account then; none removes it.
    pub after: Option<User>,
    /// The supplementary groups that it is in afterwards, where they change.
    pub groups: Option<Vec<String>>,
    /// Those that it was in before, where they change.
    pub former_groups: Option<Vec<String>>,
    /// Further facts for a person, never a password: `password set`, `expires 2027-01-01`.
    pub facts: Vec<String>,
    /// Whether the home directory is made, moved or removed with it.
    pub home: bool,
    /// What is in a home directory that is made: copies of the skeleton.
    pub brings: Vec<(PathBuf, FileState)>,
    /// Files that are made with contents that nobody knows before: keys.
    pub makes: Vec<PathBuf>,
    /// The commands that do it, in order. Secrets are in what they read, not in their words.
    pub commands: Vec<Command>,
    /// Why it can't be told whether the account exists.
    pub unknown: Option<Why>,
}

impl Effect for UserChange {
    fn describe(&self) -> Description {
        let sign = match (&self.before, &self.after) {
            (None, _) => Sign::Create,
            (Some(_), None) => Sign::Remove,
            (Some(_), Some(_)) => Sign::Modify,
        };
        let mut description =
            Description::new(sign, format!("user {}", self.name())).unknown(self.unknown.clone());
        description.facts.extend(self.facts.iter().cloned());
        description
    }

    fn expect(&self, expected: &mut Expected) {
        let name = self.name().to_owned();
        expected.users.insert(name.clone(), self.after.clone());
        if let Some(groups) = &self.groups {
            expected.memberships.insert(name.clone(), groups.clone());
        }
        match (&self.before, &self.after) {
            (before, Some(after)) => {
                if before.is_none() && after.group.name == name {
                    // useradd makes a group of the same name, unless there is one.
                    let own =
                        || Group { name: name.clone(), gid: after.group.id, members: Vec::new() };
                    expected.groups.entry(name.clone()).or_insert_with(|| Some(own()));
                }
                if self.home {
                    let home = PathBuf::from(&after.home);
                    let state = FileState {
                        owner: Some(after.principal()),
                        group: Some(after.group.clone()),
                        ..FileState::of(FileKind::Dir)
                    };
                    expected.settle(home.clone(), Some(state));
                    if before.is_none() {
                        expected.clear(&home);
                    }
                }
            }
            (Some(before), None) => {
                if self.home {
                    let home = PathBuf::from(&before.home);
                    expected.settle(home.clone(), None);
                    expected.clear(&home);
                }
            }
            (None, None) => {}
        }
        for (path, state) in &self.brings {
            expected.settle(path.clone(), Some(state.clone()));
        }
        for path in &self.makes {
            expected.doubt(path.clone(), Why(format!("the key of user {name}")), true);
        }
    }

    fn tells(&self) -> Option<Why> {
        let open = self.after.as_ref().is_some_and(|after| after.uid.is_none());
        (open || !self.makes.is_empty()).then(|| Why(format!("user {} being made", self.name())))
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        let now = real.user(self.name())?;
        if now != self.before {
            let became = match (&self.before, &now) {
                (None, Some(_)) => "exists by now",
                (Some(_), None) => "is gone",
                _ => "has been changed",
            };
            let name = self.name();
            return Err(Stop::failed(format!(
                "user `{name}` {became} since this was planned; plan again"
            )));
        }
        let mut results = Map::new();
        let outputs = real.run_all(&self.commands)?;
        for (key, text) in [
            ("stdout", outputs.iter().map(crate::host::Output::text).collect::<String>()),
            ("stderr", outputs.iter().map(crate::host::Output::error_text).collect::<String>()),
        ] {
            if !text.is_empty() {
                results.insert(key.into(), text.into());
            }
        }
        Ok(results)
    }

    /// An account that was made is removed again, and one that was changed is changed back. What was removed is gone, and so is a
    /// password that was replaced.
    fn invert(&self) -> Option<Change> {
        let after = self.after.as_ref()?;
        let inverse = match &self.before {
            None => {
                let flags = self.home.then_some("-r");
                let argv = ["userdel"].into_iter().chain(flags).chain(["--", &after.name]);
                Self {
                    before: Some(after.clone()),
                    home: self.home,
                    commands: vec![Command::new(argv)],
                    ..Self::default()
                }
            }
            Some(before) => {
                let [command] = self.commands.as_slice() else { return None };
                // A day on which it expires is not kept.
                if command.argv[0] != "usermod" || command.argv.iter().any(|word| word == "-e") {
                    return None;
                }
                self.changed_back(before, after)
            }
        };
        Some(Change::User(inverse))
    }
}

impl UserChange {
    /// What makes an account as it was before.
    fn changed_back(&self, before: &User, after: &User) -> Self {
        let mut argv = vec!["usermod".to_owned()];
        let mut facts = Vec::new();
        let number = |user: &User| user.uid.map(|uid| uid.to_string()).unwrap_or_default();
        let texts = [
            ("-u", "uid", number(after), number(before)),
            ("-g", "group", after.group.name.clone(), before.group.name.clone()),
            ("-c", "comment", after.comment.clone(), before.comment.clone()),
            ("-s", "shell", after.shell.clone(), before.shell.clone()),
            ("-d", "home", after.home.clone(), before.home.clone()),
        ];
        for (flag, what, from, to) in texts {
            if from == to {
                continue;
            }
            facts.push(format!("{what} `{from}` → `{to}`"));
            argv.extend([flag.to_owned(), to]);
            if flag == "-u"
                && self.commands.iter().any(|one| one.argv.iter().any(|word| word == "-o"))
            {
                argv.push("-o".into());
            }
            if flag == "-d" && self.home {
                argv.push("-m".into());
            }
        }
        if let Some(groups) = &self.former_groups {
            facts.push(match groups.as_slice() {
                [] => "leaves all other groups".to_owned(),
                groups => format!("only in {}", groups.join(", ")),
            });
            argv.extend(["-G".into(), groups.join(",")]);
        }
        argv.extend(["--".into(), before.name.clone()]);
        Self {
            before: Some(after.clone()),
            after: Some(before.clone()),
            groups: self.former_groups.clone(),
            former_groups: self.groups.clone(),
            home: self.home,
            facts,
            commands: vec![Command::new(argv)],
            ..Self::default()
        }
    }
}

impl UserChange {
    pub(crate) fn name(&self) -> &str {
        self.after.as_ref().or(self.before.as_ref()).map_or("", |user| &user.name)
    }
}
