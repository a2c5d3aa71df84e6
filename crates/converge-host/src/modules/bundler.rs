//! `bundler`: the packages of a Ruby project.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::data::Data;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::known::need;
use crate::stop::{Result, Stop, Why};
use crate::words;

/// Installs what a Gemfile names.
#[derive(Args, Debug)]
#[module(name = "bundler", collection = "community.general")]
pub(crate) struct Bundler {
    /// Which bundle.
    executable: Option<String>,
    /// Whether it is there, or there in the newest versions.
    #[arg(default = "present")]
    state: State,
    /// The folder of the project.
    #[arg(path)]
    chdir: Option<String>,
    /// Groups that are left out.
    exclude_groups: Option<Vec<String>>,
    /// Remove what is needed no more.
    #[arg(default = "no")]
    clean: bool,
    /// The Gemfile; the one in the folder where it is not given.
    #[arg(path)]
    gemfile: Option<String>,
    /// Take packages of the host only.
    #[arg(default = "no")]
    local: bool,
    /// Install exactly what the lock names, into `vendor/bundle`.
    #[arg(default = "no")]
    deployment_mode: bool,
    /// Install for the user only.
    #[arg(default = "yes")]
    user_install: bool,
    /// The folder that packages are installed in.
    #[arg(path)]
    gem_path: Option<String>,
    /// The folder of links to programs.
    #[arg(path)]
    binstub_directory: Option<String>,
    /// Further words for bundle.
    extra_args: Option<String>,
}

/// What shall be of a bundle.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is there.
    Present,
    /// It is there in the newest versions.
    Latest,
}

impl Module for Bundler {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let executable = self.executable.as_deref().unwrap_or("bundle");
        let program = words::split(executable).map_err(Stop::failed)?;
        need(host, program.first().map_or("bundle", String::as_str), "`bundler`")?;
        let folder = self.chdir.clone().unwrap_or_else(|| host.identity().home.clone());
        let label = format!("bundle {folder} {:?}", self.gemfile);
        if host.planned(&label)?.flatten().is_some() {
            return Ok(());
        }
        let cwd = Some(PathBuf::from(&folder));
        let mut check = program.clone();
        check.extend(["check".into(), "--dry-run".into()]);
        if let Some(gemfile) = &self.gemfile {
            check.extend(["--gemfile".into(), gemfile.clone()]);
        }
        if let Some(path) = &self.gem_path {
            check.extend(["--path".into(), path.clone()]);
        }
        // A folder that is only planned has nothing installed in it.
        let there = host.exists(PathBuf::from(&folder).as_ref());
        let check = Command { cwd: cwd.clone(), ..Command::new(check) };
        let satisfied =
            self.state == State::Present && matches!(there, Ok(true)) && host.probe(&check)?.ok();
        if satisfied {
            return Ok(());
        }
        if there == Ok(false) {
            return Err(Stop::failed(format!("there is no folder `{folder}`")));
        }
        let mut argv = program;
        argv.push(if self.state == State::Latest { "update" } else { "install" }.to_owned());
        if self.state == State::Present {
            if let Some(groups) = &self.exclude_groups {
                argv.extend(["--without".into(), groups.join(":")]);
            }
            let mut flag = |on: bool, flag: &str| argv.extend(on.then(|| flag.to_owned()));
            flag(self.clean, "--clean");
            flag(self.deployment_mode, "--deployment");
            if let Some(gemfile) = &self.gemfile {
                argv.extend(["--gemfile".into(), gemfile.clone()]);
            }
            if let Some(folder) = &self.binstub_directory {
                argv.extend(["--binstubs".into(), folder.clone()]);
            }
            match &self.gem_path {
                Some(path) => argv.extend(["--path".into(), path.clone()]),
                None if !self.user_install => argv.push("--system".into()),
                None => {}
            }
        }
        argv.extend(self.local.then(|| "--local".to_owned()));
        argv.extend(
            words::split(self.extra_args.as_deref().unwrap_or_default()).map_err(Stop::failed)?,
        );
        let command = Command { cwd, ..Command::new(argv) };
        changes.set("cmd", Data::from(command.argv.clone()));
        let latest = self.state == State::Latest;
        let act = ActChange::new(Sign::Act, format!("install the Ruby packages of {folder}"))
            .sets(label, None, Some("installed".into()))
            .does(command);
        let why = || Why("only bundler can tell whether these are the newest versions".into());
        changes.push(Change::Act(ActChange {
            tells: true,
            telltale: latest.then(|| "Installing ".to_owned()),
            unknown: latest.then(why),
            ..act
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::host::memory::Memory;
    use crate::modules::desk::{Desk, commands};

    #[test]
    fn a_bundle_is_installed_unless_it_is_there() {
        let memory = |rc: i32| {
            Memory::new()
                .with_dir("/srv/app", 0o755, "root")
                .with_output("bundle", 0, "")
                .with_output("bundle check --dry-run", rc, "")
        };
        let args = [
            ("chdir", "/srv/app".into()),
            ("deployment_mode", true.into()),
            ("exclude_groups", vec!["test", "development"].into()),
        ];
        assert!(!Desk::new(memory(0)).run("bundler", &args).changed);
        let done = Desk::new(memory(1)).run("bundler", &args);
        assert_eq!(
            commands(&done.changes[0]),
            ["bundle install --without test:development --deployment"]
        );
        Desk::new(memory(1)).fails(
            "bundler",
            &[("chdir", "/no".into())],
            "there is no folder `/no`",
        );
    }
}
