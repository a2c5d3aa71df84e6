//! `gem`: packages of Ruby.

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::{need, value};
use crate::stop::{Result, Stop, Why};
use crate::words;

/// Manages packages of Ruby.
#[derive(Args, Debug)]
#[module(name = "gem", collection = "community.general")]
pub(crate) struct Gem {
    /// The package.
    name: String,
    /// What shall be of it.
    #[arg(default = "present")]
    state: State,
    /// A file of the host that it is installed from.
    #[arg(path)]
    gem_source: Option<String>,
    /// Install what it needs too.
    #[arg(default = "yes")]
    include_dependencies: bool,
    /// Where packages come from.
    #[arg(alias = "source")]
    repository: Option<String>,
    /// Install for the user only.
    #[arg(default = "yes")]
    user_install: bool,
    /// Which gem.
    #[arg(path)]
    executable: Option<String>,
    /// The folder that it is installed in.
    #[arg(path)]
    install_dir: Option<String>,
    /// The folder of its programs.
    #[arg(path)]
    bindir: Option<String>,
    /// Take no configuration of the user.
    #[arg(default = "yes")]
    norc: bool,
    /// Let programs find their Ruby by `env`.
    #[arg(default = "no")]
    env_shebang: bool,
    /// The version.
    version: Option<String>,
    /// Take versions that are not final.
    #[arg(default = "no")]
    pre_release: bool,
    /// Install documentation too.
    #[arg(default = "no")]
    include_doc: bool,
    /// Words for the compiler of what is built.
    build_flags: Option<String>,
    /// Install, or remove, against all advice.
    #[arg(default = "no")]
    force: bool,
}

/// What shall be of a package.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It is there in the newest version.
    Latest,
}

impl Module for Gem {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if self.version.is_some() && self.state == State::Latest {
            return Err(Stop::failed("`version` can't be given with `state: latest`"));
        }
        if self.install_dir.is_some() && self.user_install && self.bindir.is_none() {
            changes
                .warn("`install_dir` and `user_install` exclude each other: the folder is taken");
        }
        if self.executable.is_none() {
            need(host, "gem", "`gem`")?;
        }
        changes.set("name", self.name.as_str());
        changes.set("state", format!("{:?}", self.state).to_lowercase());
        changes.set("version", self.version.clone().map_or(Data::Null, Data::from));
        let label = format!("gem {} {}", self.install_dir.as_deref().unwrap_or("-"), self.name);
        let now = value(host, &label, || self.installed(host))?;
        let has = |wanted: &str| {
            now.as_deref().is_some_and(|now| now.split(' ').any(|version| version == wanted))
        };
        let title = format!("Ruby package {}", self.name);
        if self.state == State::Absent {
            let there = self.version.as_deref().map_or(now.is_some(), has);
            if there {
                let mut command = self.gem("uninstall")?;
                match &self.version {
                    Some(version) => command.argv.extend(["--version".into(), version.clone()]),
                    None => command.argv.extend(["--all".into(), "--executables".into()]),
                }
                command.argv.push("--ignore-dependencies".into());
                command.argv.push(self.name.clone());
                let act = ActChange::new(Sign::Remove, title).sets(label, now, None).does(command);
                changes.push(Change::Act(act));
            }
            return Ok(());
        }
        let planned = host.planned(&label)?.is_some();
        // A version with an operator is compared by gem itself; whatever is there will do.
        let exact = self.version.as_deref().filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
        let met = match (exact, self.state) {
            (Some(version), _) => has(version),
            (None, State::Latest) => planned && now.is_some(),
            (None, _) => now.is_some(),
        };
        if met {
            return Ok(());
        }
        let sign = if now.is_some() { Sign::Modify } else { Sign::Create };
        let mut act = ActChange::new(sign, title).does(self.install()?);
        if let Some(version) = exact {
            act = act.fact(version);
        }
        if self.state == State::Latest && now.is_some() {
            act.telltale = Some("^Successfully installed ".into());
            act.unknown = Some(Why("only gem can tell whether it is the newest version".into()));
        }
        let after = match (exact, &now) {
            (Some(version), Some(now)) => format!("{now} {version}"),
            (Some(version), None) => version.to_owned(),
            (None, now) => now.clone().unwrap_or_default(),
        };
        let act = act.sets(label, now, Some(after));
        changes.push(Change::Act(ActChange { tells: true, ..act }));
        Ok(())
    }
}

impl Gem {
    fn gem(&self, verb: &str) -> Result<Command> {
        let executable = self.executable.as_deref().unwrap_or("gem");
        let mut argv = words::split(executable).map_err(Stop::failed)?;
        argv.push(verb.to_owned());
        argv.extend(self.norc.then(|| "--norc".to_owned()));
        if let Some(folder) = self.install_dir.as_ref().filter(|_| verb == "uninstall") {
            argv.extend(["--install-dir".into(), folder.clone()]);
        }
        Ok(Command::new(argv))
    }

    /// The versions that are installed, with blanks between.
    fn installed(&self, host: &dyn Host) -> Result<Option<String>> {
        let mut command = self.gem("list")?;
        command.argv.extend(["--local".into(), "--exact".into(), self.name.clone()]);
        if let Some(folder) = &self.install_dir {
            command = command.env("GEM_HOME", folder).env("GEM_PATH", folder);
        }
        let output = host.observe(&command)?;
        if !output.ok() {
            return Err(host
                .unsettled()
                .map_or_else(|| crate::modules::known::refused(&command, &output), Stop::Unknown));
        }
        let versions = |line: &str| {
            let (name, versions) = line.split_once(" (")?;
            let each = versions.trim_end_matches(')').split(',');
            let plain = each.map(|v| v.trim().trim_start_matches("default: "));
            let words = plain.map(|v| v.split(' ').next().unwrap_or_default()).collect::<Vec<_>>();
            (name == self.name).then(|| words.join(" "))
        };
        Ok(output.text().lines().find_map(versions))
    }

    fn install(&self) -> Result<Command> {
        let mut command = self.gem("install")?;
        let argv = &mut command.argv;
        let mut flag = |on: bool, flag: &str| argv.extend(on.then(|| flag.to_owned()));
        flag(!self.include_dependencies, "--ignore-dependencies");
        flag(self.user_install && self.install_dir.is_none(), "--user-install");
        flag(!self.user_install && self.install_dir.is_none(), "--no-user-install");
        flag(!self.include_doc, "--no-document");
        flag(self.pre_release, "--pre");
        flag(self.env_shebang, "--env-shebang");
        flag(self.force, "--force");
        for (word, value) in [
            ("--version", &self.version),
            ("--source", &self.repository),
            ("--install-dir", &self.install_dir),
            ("--bindir", &self.bindir),
        ] {
            if let Some(value) = value {
                argv.extend([word.to_owned(), value.clone()]);
            }
        }
        argv.push(self.gem_source.clone().unwrap_or_else(|| self.name.clone()));
        if let Some(flags) = &self.build_flags {
            argv.push("--".into());
            argv.extend(words::split(flags).map_err(Stop::failed)?);
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn packages_are_installed_where_they_are_missing() {
        let memory = Memory::new()
            .with_output("gem", 0, "")
            .with_output(
                "gem list --norc --local --exact bundler",
                0,
                "bundler (2.4.1, default: 2.3.15)\n",
            )
            .with_output("gem list --norc --local --exact rake", 0, "\n");
        let mut desk = Desk::new(memory);
        assert!(!desk.run("gem", &[("name", "bundler".into())]).changed);
        assert!(
            !desk.run("gem", &[("name", "bundler".into()), ("version", "2.3.15".into())]).changed
        );
        let done = desk.run("gem", &[("name", "rake".into()), ("user_install", false.into())]);
        assert_eq!(
            commands(&done.changes[0]),
            ["gem install --norc --no-user-install --no-document rake"]
        );
        let done = desk.run("gem", &[("name", "bundler".into()), ("version", "2.5.0".into())]);
        assert_eq!(
            commands(&done.changes[0]),
            ["gem install --norc --user-install --no-document --version 2.5.0 bundler"]
        );
        let done = desk.run("gem", &[("name", "bundler".into()), ("state", "absent".into())]);
        assert_eq!(
            commands(&done.changes[0]),
            ["gem uninstall --norc --all --executables --ignore-dependencies bundler"]
        );
    }
}
