//! `npm`: packages of Node.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look};
use crate::json;
use crate::modules::Module;
use crate::modules::known::{need, value};
use crate::stop::{Result, Stop, Why};
use crate::words;

/// Manages packages of Node, of the host or of a project.
#[derive(Args, Debug)]
#[module(name = "npm", collection = "community.general")]
pub(crate) struct Npm {
    /// The package; those of the project's `package.json` where none is given.
    name: Option<String>,
    /// The folder of the project.
    #[arg(path)]
    path: Option<String>,
    /// The version.
    version: Option<String>,
    /// Install for the whole host.
    #[arg(default = "no")]
    global: bool,
    /// Which npm.
    #[arg(path)]
    executable: Option<String>,
    /// Run no scripts of packages.
    #[arg(default = "no")]
    ignore_scripts: bool,
    /// Let scripts of packages run as root.
    #[arg(default = "no")]
    unsafe_perm: bool,
    /// Install exactly what the project's lock names.
    #[arg(default = "no")]
    ci: bool,
    /// Leave out what is needed for development only.
    #[arg(default = "no")]
    production: bool,
    /// Where packages come from.
    registry: Option<String>,
    /// What shall be of the packages.
    #[arg(default = "present")]
    state: State,
    /// Leave out what is optional.
    #[arg(default = "no")]
    no_optional: bool,
    /// Make no links to programs.
    #[arg(default = "no")]
    no_bin_links: bool,
    /// Take packages that do not fit each other.
    #[arg(default = "no")]
    force: bool,
}

/// What shall be of packages.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They are not there.
    Absent,
    /// They are there in the newest version.
    Latest,
    /// They are there.
    Present,
}

impl Module for Npm {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if !self.global && self.path.is_none() {
            return Err(Stop::failed("`path` must be given where the packages are not `global`"));
        }
        if self.name.is_none() && self.state == State::Absent {
            return Err(Stop::failed("`name` must be given for a package that shall not be there"));
        }
        if self.executable.is_none() {
            need(host, "npm", "`npm`")?;
        }
        match &self.name {
            Some(name) => self.package(name, host, changes),
            None => self.project(host, changes),
        }
    }
}

impl Npm {
    fn npm(&self, verb: &[&str]) -> Result<Command> {
        let executable = self.executable.as_deref().unwrap_or("npm");
        let mut argv = words::split(executable).map_err(Stop::failed)?;
        argv.extend(verb.iter().map(ToString::to_string));
        for (on, flag) in [
            (self.global, "--global"),
            (
                self.production && (verb == ["install"] || verb == ["ci"] || verb == ["update"]),
                "--production",
            ),
            (self.ignore_scripts, "--ignore-scripts"),
            (self.unsafe_perm, "--unsafe-perm"),
            (self.no_optional, "--no-optional"),
            (self.no_bin_links, "--no-bin-links"),
            (self.force, "--force"),
        ] {
            argv.extend(on.then(|| flag.to_owned()));
        }
        if let Some(registry) = &self.registry {
            argv.extend(["--registry".into(), registry.clone()]);
        }
        let cwd = self.path.as_ref().map(PathBuf::from);
        Ok(Command { cwd, ..Command::new(argv) })
    }

    /// What is installed, by name: versions, and whether it only should be.
    fn listed(&self, host: &dyn Host) -> Result<Map> {
        if let Some(path) = &self.path
            && !matches!(host.resolve(Path::new(path))?.1, Look::Is(_))
        {
            return Ok(Map::new());
        }
        let mut command = self.npm(&["list", "--json", "--depth=0"])?;
        command.argv.retain(|word| word != "--force");
        // It exits with 1 where anything is missing.
        let output = host.observe(&command)?;
        let Some(Data::Map(told)) = json::parse(&output.text()) else {
            return Err(host
                .unsettled()
                .map_or_else(|| crate::modules::known::refused(&command, &output), Stop::Unknown));
        };
        Ok(match told.get("dependencies") {
            Some(Data::Map(packages)) => packages.clone(),
            _ => Map::new(),
        })
    }

    fn label(&self, name: &str) -> String {
        let place = if self.global { "-" } else { self.path.as_deref().unwrap_or("-") };
        format!("npm {place} {name}")
    }

    fn package(&self, name: &str, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let label = self.label(name);
        let now = value(host, &label, || {
            let packages = self.listed(host)?;
            let entry = packages.get(name).and_then(Data::as_map);
            let missing =
                entry.is_some_and(|entry| entry.get("missing") == Some(&Data::Bool(true)));
            let version = entry.and_then(|entry| entry.get("version")).and_then(Data::as_str);
            Ok(entry.filter(|_| !missing).map(|_| version.unwrap_or_default().to_owned()))
        })?;
        let place = match (&self.path, self.global) {
            (Some(path), false) => format!(" in {path}"),
            _ => String::new(),
        };
        let title = format!("Node package {name}{place}");
        if self.state == State::Absent {
            if now.is_some() {
                let mut command = self.npm(&["uninstall"])?;
                command.argv.extend(["--".into(), name.to_owned()]);
                let act = ActChange::new(Sign::Remove, title).sets(label, now, None).does(command);
                changes.push(Change::Act(ActChange { tells: true, ..act }));
            }
            return Ok(());
        }
        let exact = self
            .version
            .as_deref()
            .filter(|version| version.starts_with(|letter: char| letter.is_ascii_digit()));
        let met = match (&now, exact) {
            (None, _) => false,
            (Some(now), Some(wanted)) => now == wanted || now.is_empty(),
            (Some(_), None) => self.state == State::Present || host.planned(&label)?.is_some(),
        };
        if met {
            return Ok(());
        }
        let wanted = match (&self.version, self.state) {
            (Some(version), _) => format!("{name}@{version}"),
            (None, State::Latest) => format!("{name}@latest"),
            (None, _) => name.to_owned(),
        };
        let mut command = self.npm(&["install"])?;
        command.argv.extend(["--".into(), wanted]);
        let sign = if now.is_some() { Sign::Modify } else { Sign::Create };
        let mut act = ActChange::new(sign, title).does(command);
        match (&now, exact) {
            (Some(now), Some(wanted)) => act = act.fact(format!("{now} → {wanted}")),
            (None, Some(wanted)) => act = act.fact(wanted),
            (Some(now), None) => {
                act = act.fact(format!("{now} now"));
                act.telltale = Some(r"^(added|changed|updated) [1-9]|^\+ ".into());
                act.unknown =
                    Some(Why("only npm can tell whether it is the newest version".into()));
            }
            (None, None) => {}
        }
        let after = exact.map(ToOwned::to_owned).unwrap_or_default();
        let act = act.sets(label, now, Some(after));
        changes.push(Change::Act(ActChange { tells: true, ..act }));
        Ok(())
    }

    /// Everything that the project needs.
    fn project(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = self.path.as_deref().unwrap_or_default();
        let label = self.label("(all)");
        if host.planned(&label)?.flatten().is_some() {
            return Ok(());
        }
        let verb = match (self.ci, self.state) {
            (true, _) => "ci",
            (false, State::Latest) => "update",
            (false, _) => "install",
        };
        if verb == "install" {
            let packages = self.listed(host)?;
            let lacks = |entry: &Data| {
                let flag = |key: &str| {
                    entry.as_map().and_then(|entry| entry.get(key)) == Some(&Data::Bool(true))
                };
                flag("missing") || flag("invalid")
            };
            // Without any package of what it names nothing is installed yet.
            if !packages.is_empty() && !packages.values().any(lacks) {
                return Ok(());
            }
        }
        let act = ActChange::new(Sign::Act, format!("install the Node packages of {path}"))
            .sets(label, None, Some("installed".into()))
            .does(self.npm(&[verb])?);
        let telltale = (verb == "update").then(|| "^(added|changed|removed) [1-9]".to_owned());
        let unknown = telltale
            .as_ref()
            .map(|_| Why("only npm can tell whether these are the newest versions".into()));
        let paths = vec![(Path::new(path).join("node_modules"), true)];
        changes.push(Change::Act(ActChange { tells: true, telltale, unknown, paths, ..act }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn packages_are_installed_where_they_are_missing() {
        let told =
            r#"{"dependencies": {"yarn": {"version": "1.22.19"}, "lost": {"missing": true}}}"#;
        let memory = Memory::new()
            .with_output("npm", 0, "")
            .with_dir("/srv/app", 0o755, "root")
            .with_output(
                "npm list --json --depth=0",
                1,
                r#"{"dependencies": {"a": {"missing": true}}}"#,
            )
            .with_output("npm list --json --depth=0 --global", 0, told);
        let mut desk = Desk::new(memory);
        let args = |name: &str| [("name", name.into()), ("global", true.into())];
        assert!(!desk.run("npm", &args("yarn")).changed);
        let done = desk.run("npm", &args("lost"));
        assert_eq!(commands(&done.changes[0]), ["npm install --global -- lost"]);
        let exact = [args("yarn").to_vec(), vec![("version", "1.22.20".into())]].concat();
        let done = desk.run("npm", &exact);
        assert_eq!(commands(&done.changes[0]), ["npm install --global -- yarn@1.22.20"]);
        let done = desk.run("npm", &[("path", "/srv/app".into()), ("production", true.into())]);
        assert_eq!(commands(&done.changes[0]), ["npm install --production"]);
        desk.fails(
            "npm",
            &[("name", "x".into())],
            "`path` must be given where the packages are not `global`",
        );
    }
}
