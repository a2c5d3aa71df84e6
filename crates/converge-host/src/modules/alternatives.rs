//! `alternatives`: which of several programs has a common name.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Chooses between programs of the same name, see update-alternatives(1).
#[derive(Args, Debug)]
#[module(name = "alternatives", collection = "community.general")]
pub(crate) struct Alternatives {
    /// The name that they have in common.
    name: String,
    /// The program that is meant.
    #[arg(path)]
    path: Option<String>,
    /// The link that leads to the chosen one. Needed where the name is new.
    #[arg(path)]
    link: Option<String>,
    /// How much it is preferred; higher numbers are.
    priority: Option<i64>,
    /// The family that it belongs to, on the relatives of Red Hat.
    family: Option<String>,
    /// What shall be of it.
    #[arg(default = "selected")]
    state: State,
    /// Further links that follow the choice: `name`, `path` and `link` of each.
    #[arg(alias = "slaves")]
    subcommands: Option<Vec<Map>>,
}

/// What shall be of an alternative.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is known.
    Present,
    /// It is chosen.
    Selected,
    /// The one that is preferred most is chosen.
    Auto,
    /// It is not known.
    Absent,
}

/// What is known of a name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Group {
    auto: bool,
    current: Option<String>,
    link: Option<String>,
    /// Path, priority, and the further links by name.
    choices: Vec<(String, i64, Vec<(String, String)>)>,
}

impl Module for Alternatives {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let program = match host.program("update-alternatives")? {
            Some(_) => "update-alternatives",
            None => "alternatives",
        };
        let label = format!("alternatives {}", self.name);
        let wanted = self.wanted();
        if host.planned(&label)?.flatten().is_some_and(|planned| planned == wanted) {
            return Ok(());
        }
        let look = Command::new([program, "--display", &self.name]);
        let output = host.probe(&look)?;
        let group = if output.ok() { read(&output.text(), &self.name) } else { Group::default() };
        let act = |sign: Sign, what: String| ActChange::new(sign, what).seen(&look, &output);
        let known = self
            .path
            .as_ref()
            .and_then(|path| group.choices.iter().find(|(choice, ..)| choice == path));
        let mut commands = Vec::new();
        let mut facts = Vec::new();
        match (self.state, &self.path) {
            (State::Absent, Some(path)) => {
                if known.is_none() {
                    return Ok(());
                }
                changes.push(Change::Act(
                    act(Sign::Remove, format!("alternative {path} for {}", self.name))
                        .sets(label, None, Some(wanted))
                        .does(Command::new([program, "--remove", &self.name, path])),
                ));
                return Ok(());
            }
            (State::Auto, None) => {}
            (_, None) => return Err(Stop::failed("`path` must be given")),
            (_, Some(path)) => {
                if let Some(command) = self.install(program, path, known, &group, host)? {
                    commands.push(command);
                    facts.push(format!("{path} becomes known"));
                }
            }
        }
        match (self.state, &self.path) {
            (State::Selected, Some(path))
                if group.current.as_deref() != Some(path) || group.auto =>
            {
                if group.current.as_deref() != Some(path) {
                    let from = group.current.as_deref().unwrap_or("nothing");
                    facts.push(format!("{from} → {path}"));
                } else if !commands.is_empty() || group.auto {
                    facts.push("chosen by hand".into());
                }
                commands.push(Command::new([program, "--set", &self.name, path]));
            }
            (State::Auto, _)
                if !(group.auto || group.choices.is_empty() && commands.is_empty()) =>
            {
                facts.push("chosen by priority".into());
                commands.push(Command::new([program, "--auto", &self.name]));
            }
            _ => {}
        }
        if commands.is_empty() {
            return Ok(());
        }
        let mut change = act(Sign::Modify, format!("alternatives of {}", self.name)).sets(
            label,
            None,
            Some(wanted),
        );
        (change.commands, change.facts) = (commands, facts);
        if let (Some(old), State::Selected) = (&group.current, self.state) {
            change = change.undone_by(Command::new([program, "--set", &self.name, old]));
        }
        changes.push(Change::Act(change));
        Ok(())
    }
}

impl Alternatives {
    /// What is asked for, in words.
    fn wanted(&self) -> String {
        format!("{:?} {} {:?}", self.state, self.path.as_deref().unwrap_or("-"), self.priority)
    }

    fn subcommands(&self) -> Result<Vec<[String; 3]>> {
        let mut all = Vec::new();
        for entry in self.subcommands.iter().flatten() {
            let text = |key: &str| {
                let text = entry.get(key).and_then(Data::as_str).map(ToOwned::to_owned);
                text.ok_or_else(|| Stop::failed(format!("an entry of `subcommands` lacks `{key}`")))
            };
            all.push([text("link")?, text("name")?, text("path")?]);
        }
        Ok(all)
    }

    /// The command that makes a program known, where it is not known as it shall be.
    fn install(
        &self,
        program: &str,
        path: &str,
        known: Option<&(String, i64, Vec<(String, String)>)>,
        group: &Group,
        host: &dyn Host,
    ) -> Result<Option<Command>> {
        let subcommands = self.subcommands()?;
        if let Some((_, priority, follows)) = known {
            let same_priority = self.priority.is_none_or(|wanted| wanted == *priority);
            let same_follows = self.subcommands.is_none()
                || subcommands.iter().all(|[_, name, path]| {
                    follows.iter().any(|(other, to)| other == name && to == path)
                });
            if same_priority && same_follows {
                return Ok(None);
            }
        }
        match host.exists(path.as_ref()) {
            Ok(true) | Err(Stop::Unknown(_)) => {}
            Ok(false) => return Err(Stop::failed(format!("there is no file `{path}`"))),
            Err(stop) => return Err(stop),
        }
        let Some(link) = self.link.as_ref().or(group.link.as_ref()) else {
            let failed = format!(
                "`link` must be given: there are no alternatives of the name `{}` yet",
                self.name
            );
            // What is planned may bring them.
            return Err(host.unsettled().map_or_else(|| Stop::failed(failed), Stop::Unknown));
        };
        let priority = self.priority.or(known.map(|known| known.1)).unwrap_or(50).to_string();
        let mut argv = vec![program, "--install", link, &self.name, path, &priority];
        if let Some(family) = &self.family {
            argv.extend(["--family", family]);
        }
        for [link, name, path] in &subcommands {
            argv.extend(["--slave", link, name, path]);
        }
        Ok(Some(Command::new(argv)))
    }
}

/// Reads what `--display` prints, on Debian and on the relatives of Red Hat.
fn read(text: &str, name: &str) -> Group {
    let mut group = Group::default();
    for line in text.lines() {
        let bare = line.trim();
        if let Some(mode) = bare.strip_prefix(name).and_then(|rest| rest.strip_prefix(" - ")) {
            group.auto = mode.starts_with("auto") || mode.contains("is auto");
        } else if let Some(path) = bare.strip_prefix("link currently points to ") {
            group.current = Some(path.to_owned());
        } else if let Some(path) = bare.strip_prefix(&format!("link {name} is ")) {
            group.link = Some(path.to_owned());
        } else if let Some((path, rest)) =
            bare.split_once(" - ").filter(|(p, _)| p.starts_with('/'))
        {
            let number = rest.split("priority ").nth(1).unwrap_or_default();
            let digits: String = number
                .chars()
                .take_while(|letter| letter.is_ascii_digit() || *letter == '-')
                .collect();
            group.choices.push((path.to_owned(), digits.parse().unwrap_or(0), Vec::new()));
        } else if let (Some(last), Some((follows, path))) =
            (group.choices.last_mut(), bare.strip_prefix("slave ").and_then(|r| r.split_once(": ")))
        {
            last.2.push((follows.to_owned(), path.to_owned()));
        }
    }
    group
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};
    use crate::wire::Reply;

    const TOLD: &str = "editor - auto mode\n  link best version is /bin/nano\n  link currently points to /bin/nano\n  link editor is /usr/bin/editor\n  slave editor.1.gz is /usr/share/man/man1/editor.1.gz\n/bin/ed - priority -100\n  slave editor.1.gz: /m/ed.1.gz\n/bin/nano - priority 40\n";

    fn desk() -> Desk {
        let memory = Memory::new()
            .with_file("/bin/vim", "", 0o755, "root")
            .with_output("update-alternatives --display editor", 0, TOLD)
            .with_output("update-alternatives --display java", 2, "");
        Desk::new(memory)
    }

    #[test]
    fn an_alternative_is_chosen() {
        let mut desk = desk();
        let args = |path: &str| [("name", "editor".into()), ("path", path.into())];
        let done = desk.run("alternatives", &args("/bin/ed"));
        assert_eq!(commands(&done.changes[0]), ["update-alternatives --set editor /bin/ed"]);
        let done = desk.run("alternatives", &args("/bin/vim"));
        assert_eq!(
            commands(&done.changes[0]),
            [
                "update-alternatives --install /usr/bin/editor editor /bin/vim 50",
                "update-alternatives --set editor /bin/vim"
            ]
        );
        let java = [("name", "java".into()), ("path", "/bin/vim".into())];
        desk.fails(
            "alternatives",
            &java,
            "`link` must be given: there are no alternatives of the name `java` yet",
        );
        desk.fails("alternatives", &args("/bin/no"), "there is no file `/bin/no`");
        desk.answerer.expected.package_pending("openjdk");
        assert!(matches!(desk.ask("alternatives", &java), Reply::Unknown(_)));
    }

    #[test]
    fn what_is_so_already_is_left() {
        let mut desk = desk();
        let args = |state: &str| {
            [("name", "editor".into()), ("path", "/bin/nano".into()), ("state", state.into())]
        };
        assert!(!desk.run("alternatives", &args("auto")).changed);
        assert!(!desk.run("alternatives", &args("present")).changed);
        let done = desk.run("alternatives", &args("absent"));
        assert_eq!(commands(&done.changes[0]), ["update-alternatives --remove editor /bin/nano"]);
    }
}
