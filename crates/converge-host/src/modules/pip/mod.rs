//! The module `pip`.

mod requirement;

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::known::value;
use crate::modules::pip::requirement::{Requirement, normal};
use crate::stop::{Result, Stop, Why};
use crate::words;

/// Manages packages of Python, of the host or in an environment of their own.
#[derive(Args, Debug)]
#[module(
    name = "pip",
    one_of("name", "requirements"),
    exclusive("name", "requirements"),
    exclusive("executable", "virtualenv")
)]
pub(crate) struct Pip {
    /// The packages, with the versions that will do: `django>=4,<5`. URLs and paths are taken as pip takes them.
    name: Option<Vec<String>>,
    /// The version of a single package.
    version: Option<String>,
    /// A file of the host that names packages.
    #[arg(path)]
    requirements: Option<String>,
    /// The environment; it is made where it is missing.
    #[arg(path)]
    virtualenv: Option<String>,
    /// Whether packages of the host are seen in a new environment.
    #[arg(default = "no")]
    virtualenv_site_packages: bool,
    /// The command that makes an environment.
    #[arg(default = "virtualenv", path)]
    virtualenv_command: String,
    /// The Python of a new environment.
    virtualenv_python: Option<String>,
    /// What shall be of the packages.
    #[arg(default = "present")]
    state: State,
    /// Further words for pip.
    extra_args: Option<String>,
    /// Install from a folder that can be edited.
    #[arg(default = "no")]
    editable: bool,
    /// Where pip runs.
    #[arg(path)]
    chdir: Option<String>,
    /// Which pip.
    #[arg(path)]
    executable: Option<String>,
    /// The file creation mask of what is installed.
    umask: Option<String>,
    /// Install beside packages of the distribution where it forbids that.
    #[arg(default = "no")]
    break_system_packages: bool,
}

/// What shall be of packages.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// They are not there.
    Absent,
    /// They are installed anew.
    #[choice("forcereinstall")]
    ForceReinstall,
    /// They are there in the newest version.
    Latest,
    /// They are there.
    Present,
}

impl Module for Pip {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let names = self.names()?;
        for (key, value) in [
            ("version", &self.version),
            ("requirements", &self.requirements),
            ("virtualenv", &self.virtualenv),
        ] {
            changes.set(key, value.as_deref());
        }
        changes.set("name", self.name.clone().map_or(Data::Null, Data::from));
        changes.set("state", format!("{:?}", self.state).to_lowercase());
        let (pip, missing) = self.pip(host)?;
        let installed = match &missing {
            None => self.installed(&pip, host)?,
            Some(_) => Vec::new(),
        };
        let listed = self.listed(&names, host)?;
        let plain: Vec<Option<Requirement>> =
            listed.iter().map(|text| Requirement::read(text)).collect();
        let mut values = Vec::new();
        let mut needed = Vec::new();
        for (text, requirement) in listed.iter().zip(&plain) {
            let Some(requirement) = requirement else {
                needed.push(text.as_str());
                continue;
            };
            let label = self.label(&requirement.name);
            let known = installed.iter().find(|(name, _)| *name == requirement.name);
            let now = value(host, &label, || Ok(known.map(|(_, version)| version.clone())))?;
            let met = match (self.state, &now) {
                (State::Absent, now) => now.is_none(),
                (State::ForceReinstall | State::Latest, _) | (_, None) => false,
                // What is planned has a version that nobody knows, and it is the one that was asked for.
                (State::Present, Some(version)) => {
                    version.is_empty() || requirement.allows(version)
                }
            };
            if !met {
                needed.push(text.as_str());
                let after = (self.state != State::Absent).then(String::new);
                values.push((label, now, after));
            }
        }
        let makes =
            missing.as_ref().filter(|_| self.virtualenv.is_some() && self.state != State::Absent);
        if needed.is_empty() && makes.is_none() {
            changes.set("cmd", Data::Null);
            return Ok(());
        }
        let sign = match self.state {
            State::Absent => Sign::Remove,
            State::Present => Sign::Create,
            _ => Sign::Modify,
        };
        let shown: Vec<&str> = match &self.requirements {
            Some(file) => vec![file],
            None => needed.clone(),
        };
        let what = match &self.virtualenv {
            Some(folder) => format!("Python packages {} in {folder}", shown.join(", ")),
            None => format!("Python packages {}", shown.join(", ")),
        };
        let mut act = ActChange::new(sign, what);
        if let (Some(_), Some(folder)) = (makes, &self.virtualenv) {
            act = act.fact("a new environment").does(self.environment(folder)?).sets(
                format!("virtualenv {folder}"),
                None,
                Some("made".into()),
            );
            act.paths.push((PathBuf::from(folder).join("bin/pip"), true));
            act.paths.push((PathBuf::from(folder), true));
        }
        for (label, now, after) in values {
            if let Some(now) = &now {
                act =
                    act.fact(format!("{} {now} now", label.rsplit(' ').next().unwrap_or_default()));
            }
            act = act.sets(label, now, after);
        }
        let open = plain.iter().any(Option::is_none) || matches!(self.state, State::Latest);
        let command = self.command(&pip, &needed)?;
        changes.set("cmd", Data::from(command.argv.clone()));
        act.tells = true;
        if open && makes.is_none() {
            // Only pip can tell whether what is there is the newest, or that of a URL.
            act.telltale = Some("Successfully (installed|uninstalled)".into());
            act.unknown =
                Some(Why("only pip can tell whether it is there in the newest version".into()));
        }
        changes.push(Change::Act(act.does(command)));
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let mut performed = performed.clone();
        performed.shift_remove("rc");
        results.extend(performed);
        Ok(())
    }
}

impl Pip {
    /// The packages; commas separate them as well as versions of one.
    fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for part in self.name.iter().flatten().map(|part| part.trim()) {
            match names.last_mut() {
                // `a>=1` and `<2` belong together.
                Some(last) if part.starts_with(['<', '>', '=', '!', '~']) => {
                    last.push(',');
                    last.push_str(part);
                }
                _ if part.is_empty() => {}
                _ => names.push(part.to_owned()),
            }
        }
        if let Some(version) = &self.version {
            if self.state == State::Latest {
                return Err(Stop::failed("`version` can't be given with `state: latest`"));
            }
            let [name] = &mut names[..] else {
                return Err(Stop::failed(
                    "`version` is for a single package; write versions behind the names",
                ));
            };
            if name.contains(['=', '<', '>', '~']) {
                return Err(Stop::failed("`version` is given twice, the other time in `name`"));
            }
            *name = match version.starts_with(['<', '>', '=', '!', '~']) {
                true => format!("{name}{version}"),
                false => format!("{name}=={version}"),
            };
        }
        Ok(names)
    }

    /// The packages, of the file too.
    fn listed(&self, names: &[String], host: &dyn Host) -> Result<Vec<String>> {
        let Some(file) = &self.requirements else { return Ok(names.to_vec()) };
        let folder = self.chdir.as_deref().unwrap_or(&host.identity().home);
        let path = PathBuf::from(folder).join(file);
        if !host.exists(&path)? {
            return Err(Stop::failed(format!("there is no file `{}`", path.display())));
        }
        let blob = host.content(&path)?;
        let text = blob.text().unwrap_or_default().replace("\\\n", " ");
        let line = |line: &str| {
            let bare = line.trim();
            let option = bare.starts_with("--") || bare.starts_with("-i ");
            (!bare.is_empty() && !bare.starts_with('#') && !option)
                .then(|| bare.split(" --hash").next().unwrap_or(bare).to_owned())
        };
        Ok(text.lines().filter_map(line).collect())
    }

    /// The words that run pip, and why it can't be asked yet.
    fn pip(&self, host: &dyn Host) -> Result<(Vec<String>, Option<Why>)> {
        if let Some(folder) = &self.virtualenv {
            let path = PathBuf::from(folder).join("bin/pip");
            let pip = vec![path.display().to_string()];
            let why = || Some(Why(format!("environment {folder} being made")));
            if host.planned(&format!("virtualenv {folder}"))?.flatten().is_some() {
                return Ok((pip, None));
            }
            let there = match host.resolve(&PathBuf::from(folder).join("bin/activate"))?.1 {
                Look::Is(_) => matches!(host.resolve(&path)?.1, Look::Is(_)),
                Look::Absent => false,
                Look::Unknown(why) => return Err(Stop::Unknown(why)),
            };
            return Ok((pip, if there { None } else { why() }));
        }
        let names: Vec<&str> = match &self.executable {
            Some(pip) => vec![pip],
            None => vec!["pip3", "pip"],
        };
        for name in &names {
            if host.program(name)?.is_some() {
                return Ok((vec![(*name).to_owned()], None));
            }
        }
        Err(Stop::failed(format!(
            "this host has no `{}`; install the package that brings it (`python3-pip`)",
            names[0]
        )))
    }

    fn installed(&self, pip: &[String], host: &dyn Host) -> Result<Vec<(String, String)>> {
        if let Some(folder) = &self.virtualenv
            && host.planned(&format!("virtualenv {folder}"))?.flatten().is_some()
        {
            return Ok(Vec::new());
        }
        let words = ["list", "--format=freeze", "--disable-pip-version-check"];
        let mut command = Command::new(pip.iter().cloned().chain(words.map(ToOwned::to_owned)));
        command.cwd = self.chdir.as_ref().map(PathBuf::from);
        let output = host.observe(&command)?;
        if !output.ok() {
            return Err(host
                .unsettled()
                .map_or_else(|| crate::modules::known::refused(&command, &output), Stop::Unknown));
        }
        let entry = |line: &str| {
            let (name, version) = line.split_once("==")?;
            Some((normal(name), version.trim().to_owned()))
        };
        Ok(output.text().lines().filter_map(entry).collect())
    }

    fn label(&self, name: &str) -> String {
        let place = self.virtualenv.as_ref().or(self.executable.as_ref());
        format!("pip {} {name}", place.map_or("-", String::as_str))
    }

    fn environment(&self, folder: &str) -> Result<Command> {
        let mut argv = words::split(&self.virtualenv_command).map_err(Stop::failed)?;
        let module = argv.iter().any(|word| word == "venv" || word.ends_with("pyvenv"));
        if self.virtualenv_site_packages {
            argv.push("--system-site-packages".into());
        }
        if let Some(python) = &self.virtualenv_python {
            if module {
                return Err(Stop::failed(
                    "`virtualenv_python` can't be given with the module `venv`: its Python is the one that runs it",
                ));
            }
            argv.push(format!("-p{python}"));
        }
        argv.push(folder.to_owned());
        self.finished(argv)
    }

    fn command(&self, pip: &[String], needed: &[&str]) -> Result<Command> {
        let mut argv = pip.to_vec();
        argv.extend(match self.state {
            State::Absent => vec!["uninstall".to_owned(), "-y".into()],
            State::Present => vec!["install".into()],
            State::Latest => vec!["install".into(), "-U".into()],
            State::ForceReinstall => {
                vec!["install".into(), "-U".into(), "--force-reinstall".into()]
            }
        });
        argv.extend(
            words::split(self.extra_args.as_deref().unwrap_or_default()).map_err(Stop::failed)?,
        );
        if self.break_system_packages {
            argv.push("--break-system-packages".into());
        }
        match &self.requirements {
            Some(file) => argv.extend(["-r".to_owned(), file.clone()]),
            None => {
                if self.editable {
                    argv.push("-e".into());
                }
                // `-e` takes the word behind it.
                argv.extend((!self.editable).then(|| "--".to_owned()));
                argv.extend(needed.iter().map(ToString::to_string));
            }
        }
        self.finished(argv)
    }

    fn finished(&self, argv: Vec<String>) -> Result<Command> {
        let umask = match &self.umask {
            Some(umask) => Some(
                u32::from_str_radix(umask, 8)
                    .map_err(|_| Stop::failed(format!("`{umask}` is no mask in octal digits")))?,
            ),
            None => None,
        };
        let cwd = self.chdir.as_ref().map(PathBuf::from);
        Ok(Command { cwd, umask, ..Command::new(argv) })
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands, words};

    fn desk() -> Desk {
        let memory = Memory::new()
            .with_output("pip3", 0, "")
            .with_file("/srv/app/req.txt", "# own\nDjango>=4\nflask\n", 0o644, "root")
            .with_output(
                "pip3 list --format=freeze --disable-pip-version-check",
                0,
                "Django==4.2\n",
            );
        Desk::new(memory)
    }

    #[test]
    fn only_what_is_missing_is_installed() {
        let mut desk = desk();
        assert!(!desk.run("pip", &[("name", "django>=4,<5".into())]).changed);
        let done = desk.run("pip", &[("name", vec!["django", "requests==2.31"].into())]);
        assert_eq!(commands(&done.changes[0]), ["pip3 install -- requests==2.31"]);
        let done = desk.run("pip", &[("requirements", "/srv/app/req.txt".into())]);
        assert_eq!(commands(&done.changes[0]), ["pip3 install -r /srv/app/req.txt"]);
        let done = desk.run("pip", &[("name", "django".into()), ("state", "absent".into())]);
        assert_eq!(commands(&done.changes[0]), ["pip3 uninstall -y -- django"]);
        desk.fails(
            "pip",
            &[("name", "x".into()), ("executable", "pip9".into())],
            "this host has no `pip9`; install the package that brings it (`python3-pip`)",
        );
    }

    #[test]
    fn an_environment_is_made_first() {
        let mut desk = desk();
        let args = [
            ("name", "flask".into()),
            ("virtualenv", "/srv/venv".into()),
            ("virtualenv_command", "python3 -m venv".into()),
        ];
        let done = crate::modules::scenario::done(desk.ask("pip", &args));
        assert_eq!(words(&done.changes), ["Python packages flask in /srv/venv; a new environment"]);
        assert_eq!(
            commands(&done.changes[0]),
            ["python3 -m venv /srv/venv", "/srv/venv/bin/pip install -- flask"]
        );
        let again = crate::modules::scenario::done(desk.ask("pip", &args));
        assert_eq!(again.changes, []);
    }
}
