//! `shell`: a line that a shell reads.

use crate::args::Args;
use crate::change::Changes;
use crate::host::Host;
use crate::modules::Module;
use crate::modules::commands::Circumstances;
use crate::stop::Result;

/// Runs a line in a shell, with pipes, redirections and whatever else the shell knows.
///
/// What it does can't be told before it runs, unless the task says `changed_when: false`.
#[derive(Args)]
#[module(name = "shell", free_form = "cmd")]
pub(crate) struct Shell {
    /// The line.
    #[arg(alias = "_raw_params")]
    cmd: String,
    /// The shell.
    #[arg(path, default = "/bin/sh")]
    executable: String,
    /// Where and when it runs.
    #[arg(shared)]
    circumstances: Circumstances,
}

impl Module for Shell {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let argv = vec![self.executable.clone(), "-c".into(), self.cmd.clone()];
        self.circumstances.run(argv, self.cmd.as_str().into(), self.cmd.clone(), host, changes)
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::modules::scenario::{Scenario, done};
    use crate::wire::{Ask, Reply};

    fn run(args: &[(&str, Data)]) -> Reply {
        let call = Scenario::new(&[]).call("shell", args);
        let perform = Ask::Perform { gate: false, reviewed: None };
        Answerer::new(Real::new()).answer(&perform, &call).unwrap()
    }

    #[test]
    fn a_shell_reads_the_line() {
        let results = done(run(&[("cmd", "echo a | tr a b; echo $0 >&2".into())])).results;
        assert_eq!(results["stdout"], Data::from("b"));
        assert_eq!(results["stderr"], Data::from("/bin/sh"));
        assert_eq!(results["cmd"], Data::from("echo a | tr a b; echo $0 >&2"));
        let bash = [("_raw_params", "echo ${BASH##*/}".into()), ("executable", "/bin/bash".into())];
        assert_eq!(done(run(&bash)).results["stdout"], Data::from("bash"));
    }

    #[test]
    fn failures_are_told() {
        match run(&[("cmd", "kill -9 $$".into())]) {
            Reply::Failed(failure, _) => {
                assert_eq!(failure.results["rc"], Data::Int(-9));
                assert_eq!(failure.results["cmd"], Data::from("kill -9 $$"));
            }
            other => panic!("{other:?}"),
        }
        match run(&[("cmd", "true".into()), ("executable", "/no/such".into())]) {
            Reply::Failed(failure, done) => {
                assert_eq!(failure.msg, "can't run `/no/such`: there is no such program");
                assert!(done.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
}
