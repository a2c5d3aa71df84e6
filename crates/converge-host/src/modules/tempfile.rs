//! `tempfile`: a file or folder under a name that nobody has.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{Change, Changes, Sign, ToolChange};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::files::{absolute, file_results};
use crate::stop::{Result, Stop, Why};

/// Makes a file or a folder for temporary use.
///
/// Its name can't be known before it is made.
#[derive(Args)]
#[module(name = "tempfile")]
pub(crate) struct TempFile {
    /// A file or a folder.
    #[arg(default = "file")]
    state: State,
    /// Where; the host's folder for temporary files where none is given.
    #[arg(path)]
    path: Option<PathBuf>,
    /// How its name begins.
    #[arg(default = "ansible.")]
    prefix: String,
    /// How its name ends.
    #[arg(default = "")]
    suffix: String,
}

#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    File,
    Directory,
}

impl Module for TempFile {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let given = || host.variable("TMPDIR").filter(|path| !path.is_empty()).map(PathBuf::from);
        let folder = self.path.as_ref().map(|path| absolute(path, host)).or_else(given);
        let folder = folder.unwrap_or_else(|| "/tmp".into());
        match host.resolve(&folder)?.1 {
            Look::Is(Node { kind: NodeKind::Dir, .. }) | Look::Unknown(_) => {}
            _ => {
                return Err(Stop::failed(format!("there is no directory `{}`", folder.display())));
            }
        }
        for (name, value) in [("prefix", &self.prefix), ("suffix", &self.suffix)] {
            if value.contains('/') {
                return Err(Stop::failed(format!(
                    "`{name}` is part of a name, and `{value}` is not"
                )));
            }
        }
        let template = folder.join(format!("{}XXXXXXXX", self.prefix)).display().to_string();
        let mut argv = vec!["mktemp".to_owned()];
        if self.state == State::Directory {
            argv.push("-d".into());
        }
        if !self.suffix.is_empty() {
            argv.push(format!("--suffix={}", self.suffix));
        }
        argv.extend(["--".into(), template]);
        let what = match self.state {
            State::File => "make a temporary file",
            State::Directory => "make a temporary directory",
        };
        let mut tool = ToolChange::new(Sign::Create, what, vec![Command::new(argv)]);
        tool.facts.push(format!("in {}", folder.display()));
        tool.unknown = Some(Why("the name of a temporary file".into()));
        tool.tells = true;
        changes.push(Change::Tool(tool));
        Ok(())
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        match performed.get("stdout").and_then(Data::as_str) {
            Some(path) => file_results("path", path.trim_end().as_ref(), host, results),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::modules::scenario::Scenario;

    #[test]
    fn a_name_is_found() {
        let scenario = Scenario::new(&[]).never_done();
        let args = |state: &str, suffix: &str| {
            scenario.call(
                "tempfile",
                &[("path", "$T".into()), ("state", state.into()), ("suffix", suffix.into())],
            )
        };
        for (state, suffix) in [("file", ".x"), ("directory", "")] {
            let perform = crate::wire::Ask::Perform { gate: false, reviewed: None };
            let mut answerer = crate::answer::Answerer::new(crate::host::real::Real::new());
            let reply = answerer.answer(&perform, &args(state, suffix)).unwrap();
            let told = crate::modules::scenario::done(reply);
            let path = told.results["path"].as_str().unwrap();
            assert!(path.contains("/ansible.") && path.ends_with(suffix), "{path}");
            assert_eq!(told.results["state"], state.into());
            let mode = if state == "file" { "0600" } else { "0700" };
            assert_eq!(told.results["mode"], mode.into());
            assert!(told.changed);
        }
        scenario.fails("tempfile", &[("path", "$T/no".into())], "there is no directory `$T/no`");
    }
}
