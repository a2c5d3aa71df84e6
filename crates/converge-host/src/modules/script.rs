//! `script`: a script of the controller, run on the host.

use crate::args::Args;
use crate::blob::{Blob, TreeKind};
use crate::change::{Change, Changes};
use crate::data::Data;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::commands::Circumstances;
use crate::stop::{Result, Stop};
use crate::words::split;

/// Runs a script of the controller on the host.
///
/// What it does can't be told before it runs, unless the task says `changed_when: false`.
#[derive(Args)]
#[module(name = "script", free_form = "cmd", one_of("cmd"))]
pub(crate) struct Script {
    /// The script and its arguments, in one line.
    #[arg(alias = "_raw_params", kind = crate::args::Kind::Script)]
    cmd: Option<Data>,
    /// A program that runs it. Without one it must begin with `#!`.
    executable: Option<String>,
    /// Decrypt a script that is encrypted with a vault. The controller sees to it.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "the controller reads it")]
    decrypt: bool,
    /// Where and when it runs.
    #[arg(shared)]
    circumstances: Circumstances,
}

impl Module for Script {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let (name, blob, arguments) = self.parts()?;
        let mut argv = match &self.executable {
            Some(program) => words(program)?,
            None => Vec::new(),
        };
        argv.push("%s".into());
        argv.extend(words(&arguments)?);
        let shown = format!("{name} {arguments}");
        let before = changes.list.len();
        let shown = shown.trim_end().to_owned();
        self.circumstances.run(argv, shown.clone().into(), shown, host, changes)?;
        changes.results.shift_remove("cmd");
        if let Some(Change::Run(run)) = changes.list.get_mut(before) {
            run.script = Some((name, blob));
        }
        Ok(())
    }
}

impl Script {
    /// The name of the script, its content, and the arguments it is given.
    fn parts(&self) -> Result<(String, Blob, String)> {
        let wrong = || Stop::failed("`cmd` takes a script of the controller");
        let Some(Data::List(parts)) = &self.cmd else { return Err(wrong()) };
        let [Data::Tree(tree), Data::Str(arguments)] = parts.as_slice() else {
            return Err(wrong());
        };
        match tree.entries.as_slice() {
            [entry] => match &entry.kind {
                TreeKind::File(blob) => Ok((tree.name.clone(), blob.clone(), arguments.clone())),
                _ => Err(wrong()),
            },
            _ => Err(Stop::failed(format!("`{}` is a directory and no script", tree.name))),
        }
    }
}

fn words(text: &str) -> Result<Vec<String>> {
    split(text).map_err(|why| Stop::failed(format!("can't read the command `{text}`: {why}")))
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::blob::{Blob, Tree, TreeEntry, TreeKind};
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::modules::scenario::{Scenario, done};
    use crate::wire::{Ask, Done};

    fn run(scenario: &Scenario, text: &str, arguments: &str, more: &[(&str, Data)]) -> Done {
        let kind = TreeKind::File(Blob::new(text.as_bytes()));
        let entries = vec![TreeEntry { path: "".into(), mode: 0o644, kind, stamp: None }];
        let tree = Tree { name: "it.sh".into(), contents_only: false, entries };
        let cmd = Data::List(vec![Data::Tree(tree), arguments.into()]);
        let mut args = vec![("cmd", cmd)];
        args.extend(more.iter().map(|(key, value)| (*key, value.clone())));
        let call = scenario.call("script", &args);
        let perform = Ask::Perform { gate: false, reviewed: None };
        done(Answerer::new(Real::new()).answer(&perform, &call).unwrap())
    }

    #[test]
    fn a_script_runs_with_its_arguments() {
        let scenario = Scenario::new(&["there="]);
        let text = "#!/bin/sh\necho \"$(basename $0) $1-$2 $PWD\"; echo e >&2\n";
        let told = run(&scenario, text, "a 'b c'", &[("chdir", "$T".into())]);
        let stdout = format!("it.sh a-b c {}", scenario.path().display());
        assert_eq!(told.results["stdout"], stdout.into());
        assert_eq!(told.results["stderr"], "e".into());
        assert_eq!(told.results["rc"], 0_i64.into());
        assert!(told.changed);
        let told = run(&scenario, "echo $1", "x", &[("executable", "/bin/sh -e".into())]);
        assert_eq!(told.results["stdout"], "x".into());
        let told = run(&scenario, text, "", &[("creates", "$T/there".into())]);
        assert!(!told.changed);
    }
}
