//! `raw`: a line that the user's shell reads, with nothing around it.

use crate::args::Args;
use crate::change::{Change, Changes, RunChange};
use crate::data::Map;
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::commands::runnable;
use crate::stop::{Result, Stop};

/// Runs a line in a shell, and returns what it printed as it is.
#[derive(Args)]
#[module(name = "raw", free_form = "cmd")]
pub(crate) struct Raw {
    /// The line.
    #[arg(alias = "_raw_params", alias = "free_form")]
    cmd: String,
    /// The shell; the user's own where none is given.
    #[arg(path)]
    executable: Option<String>,
}

impl Module for Raw {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if self.cmd.trim().is_empty() {
            return Err(Stop::failed("no command given"));
        }
        let own = &host.identity().shell;
        let shell = match &self.executable {
            Some(shell) => shell.clone(),
            None if own.is_empty() => "/bin/sh".into(),
            None => own.clone(),
        };
        let argv = vec![shell, "-c".into(), self.cmd.clone()];
        runnable(&argv, host)?;
        changes.push(Change::Run(RunChange {
            command: Command::new(argv),
            shown: self.cmd.clone(),
            creates: None,
            removes: None,
            script: None,
            strip: false,
        }));
        Ok(())
    }

    fn report(&self, _host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        let told = ["rc", "stdout", "stdout_lines", "stderr", "stderr_lines"];
        let kept = performed.iter().filter(|(key, _)| told.contains(&key.as_str()));
        results.extend(kept.map(|(key, value)| (key.clone(), value.clone())));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::modules::scenario::{Scenario, done};
    use crate::wire::Ask;

    #[test]
    fn what_is_printed_comes_back_as_it_is() {
        let args = [("cmd", "echo out; echo err >&2".into()), ("executable", "/bin/sh".into())];
        let call = Scenario::new(&[]).call("raw", &args);
        let perform = Ask::Perform { gate: false, reviewed: None };
        let results = done(Answerer::new(Real::new()).answer(&perform, &call).unwrap()).results;
        let mut keys: Vec<_> = results.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys.join(" "), "rc stderr stderr_lines stdout stdout_lines");
        assert_eq!(results["stdout"], Data::from("out\n"));
        assert_eq!(results["stderr_lines"], vec!["err"].into());
    }
}
