//! `git_config`: settings of git.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{ActChange, Change, Changes, Sign};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::files::absolute;
use crate::modules::known::{need, refused, value};
use crate::stop::{Result, Stop};

/// Sets or removes a setting of git, see git-config(1).
///
/// Without `scope` it is the one of `repo`, else of `file`, else of the whole system.
#[derive(Args, Debug)]
#[module(
    name = "git_config",
    collection = "community.general",
    required_if("scope", "local", "repo"),
    required_if("scope", "file", "file"),
    required_if("state", "present", "value")
)]
pub(crate) struct GitConfig {
    /// The setting: `user.name`.
    name: String,
    /// Its value.
    value: Option<String>,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Which of the files of git is meant.
    scope: Option<Scope>,
    /// The repository of `scope: local`.
    repo: Option<PathBuf>,
    /// The file of `scope: file`.
    file: Option<PathBuf>,
    /// Whether the value takes the place of all others of this name, or stands beside them.
    #[arg(default = "replace-all")]
    add_mode: AddMode,
}

/// Whether a setting shall be there.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It shall not.
    Absent,
    /// It shall.
    Present,
}

/// Which of the files of git is meant.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The one that `file` names.
    File,
    /// That of a repository.
    Local,
    /// That of the user.
    Global,
    /// That of the whole system.
    System,
}

/// What becomes of other values of the same name.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum AddMode {
    /// They stay.
    Add,
    /// They go.
    #[choice("replace-all")]
    ReplaceAll,
}

/// What git exits with where there is no such setting.
const NONE: i32 = 1;

impl Module for GitConfig {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if !self.name.contains('.') {
            return Err(Stop::failed(format!(
                "`{}` names no section; settings of git are called such as `user.name`",
                self.name
            )));
        }
        need(host, "git", "`git_config`")?;
        let label = format!("git {} {}", self.place().join(" "), self.name);
        let look = self.git(&["--get-all", &self.name]);
        let now = value(host, &label, || {
            let output = host.probe(&look)?;
            match output.rc {
                0 => Ok(Some(output.text())),
                NONE => Ok(None),
                _ => Err(host.unsettled().map_or_else(|| refused(&look, &output), Stop::Unknown)),
            }
        })?;
        let values: Vec<&str> = now.as_deref().unwrap_or_default().lines().collect();
        let wanted = self.value.as_deref().unwrap_or_default();
        let (after, command) = match (self.state, self.add_mode) {
            (State::Absent, _) if values.is_empty() => {
                changes.set("msg", "there is no such setting");
                return Ok(());
            }
            (State::Absent, _) => (Vec::new(), self.git(&["--unset-all", &self.name])),
            (State::Present, AddMode::Add) if values.contains(&wanted) => {
                changes.set("msg", "");
                return Ok(());
            }
            (State::Present, AddMode::ReplaceAll) if values == [wanted] => {
                changes.set("msg", "");
                return Ok(());
            }
            (State::Present, AddMode::Add) => {
                let after = values.iter().copied().chain([wanted]).collect();
                (after, self.git(&["--add", &self.name, wanted]))
            }
            (State::Present, AddMode::ReplaceAll) => {
                (vec![wanted], self.git(&["--replace-all", &self.name, wanted]))
            }
        };
        changes.set("msg", "the setting was changed");
        let sign = match (values.is_empty(), after.is_empty()) {
            (true, _) => Sign::Create,
            (_, true) => Sign::Remove,
            _ => Sign::Modify,
        };
        let text = |values: &[&str]| {
            (!values.is_empty()).then(|| values.iter().map(|value| format!("{value}\n")).collect())
        };
        let shown = |values: &[&str]| match values {
            [] => "not set".to_owned(),
            values => values.join(", "),
        };
        let mut act = ActChange::new(sign, format!("setting {} of git", self.name))
            .fact(format!("{} → {}", shown(&values), shown(&after)))
            .does(command)
            .sets(label, text(&values), text(&after));
        act.paths.extend(self.written(host)?.map(|path| (path, true)));
        // Several values are put back one by one.
        if !after.is_empty() {
            act = act.undone_by(self.git(&["--unset-all", &self.name]));
        }
        for value in &values {
            act = act.undone_by(self.git(&["--add", &self.name, value]));
        }
        changes.push(Change::Act(act));
        Ok(())
    }
}

impl GitConfig {
    /// Which file is meant, as options of git.
    fn place(&self) -> Vec<String> {
        let path = |path: &Option<PathBuf>| {
            path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
        };
        let scope = self.scope.unwrap_or(match (&self.repo, &self.file) {
            (Some(_), _) => Scope::Local,
            (_, Some(_)) => Scope::File,
            _ => Scope::System,
        });
        match scope {
            Scope::File => vec!["--file".into(), path(&self.file)],
            Scope::Local => vec!["--local".into()],
            Scope::Global => vec!["--global".into()],
            Scope::System => vec!["--system".into()],
        }
    }

    /// The file that git writes, where the task says which.
    fn written(&self, host: &dyn Host) -> Result<Option<PathBuf>> {
        let Some(repo) = self.repo.as_ref().filter(|_| self.place() == ["--local"]) else {
            return Ok(self.file.as_ref().map(|file| absolute(file, host)));
        };
        let (work, bare) = (repo.join(".git/config"), repo.join("config"));
        let bare_one = matches!(host.resolve(&bare)?.1, Look::Is(_));
        Ok(Some(absolute(if bare_one { &bare } else { &work }, host)))
    }

    fn git(&self, words: &[&str]) -> Command {
        let mut argv = vec!["git".to_owned(), "config".into(), "--includes".into()];
        argv.extend(self.place());
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        Command { cwd: self.repo.clone(), ..Command::new(argv) }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Data;
    use crate::modules::scenario::Scenario;

    fn with<'a>(more: &[(&'a str, &str)]) -> Vec<(&'a str, Data)> {
        let mut args = vec![("name", "alias.ci".into()), ("file", "$T/f".into())];
        args.push(("scope", "file".into()));
        args.extend(more.iter().map(|(name, value)| (*name, (*value).into())));
        args
    }

    #[test]
    fn settings_are_set_added_replaced_and_removed() {
        let scenario = Scenario::new(&["f=[user]\n\tname = A\n"]);
        let run = |more: &[(&'static str, &str)]| scenario.run("git_config", &with(more)).changed;
        assert!(run(&[("value", "x y")]));
        assert!(!run(&[("value", "x y")]));
        assert!(run(&[("value", "z"), ("add_mode", "add")]));
        assert!(!run(&[("value", "z"), ("add_mode", "add")]));
        assert_eq!(scenario.text("f"), "[user]\n\tname = A\n[alias]\n\tci = x y\n\tci = z\n");
        assert!(run(&[("value", "z")]));
        assert!(run(&[("state", "absent")]));
        assert!(!run(&[("state", "absent")]));
        assert_eq!(scenario.text("f"), "[user]\n\tname = A\n");
    }

    #[test]
    fn a_setting_without_a_section_is_a_failure() {
        let scenario = Scenario::new(&["d/"]);
        let args = [("name", "ab".into()), ("file", "$T/f".into()), ("value", "x".into())];
        scenario.fails(
            "git_config",
            &args,
            "`ab` names no section; settings of git are called such as `user.name`",
        );
    }
}
