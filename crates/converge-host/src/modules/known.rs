//! Values of the host that have names, and commands that tell them.

use crate::host::{Command, Host, Output};
use crate::stop::{Failure, Result, Stop};

/// The value of a name: as something planned makes it, else as it is read.
pub(crate) fn value(
    host: &dyn Host,
    name: &str,
    read: impl FnOnce() -> Result<Option<String>>,
) -> Result<Option<String>> {
    match host.planned(name)? {
        Some(value) => Ok(value),
        None => read(),
    }
}

/// Stops where it can't be told whether one of some packages is installed then.
pub(crate) fn sure(host: &dyn Host, packages: &[String]) -> Result<()> {
    let name = |package: &String| package.split('=').next().unwrap_or_default().trim().to_owned();
    let doubt = packages.iter().find_map(|one| host.doubted(&format!("package {}", name(one))));
    doubt.map_or(Ok(()), |why| Err(Stop::Unknown(why)))
}

/// What a command that changes nothing prints. One that fails may succeed once everything is there that is planned.
pub(crate) fn ask(host: &dyn Host, command: &Command) -> Result<Output> {
    let output = host.probe(command)?;
    if output.ok() {
        return Ok(output);
    }
    Err(host.unsettled().map_or_else(|| refused(command, &output), Stop::Unknown))
}

/// The failure of a command.
pub(crate) fn refused(command: &Command, output: &Output) -> Stop {
    let (stdout, stderr) = (output.text(), output.error_text());
    let told = if stderr.trim().is_empty() { stdout.trim() } else { stderr.trim() };
    let separator = if told.is_empty() { "" } else { ": " };
    let mut failure = Failure {
        msg: format!("`{}` exited with {}{separator}{told}", command.shown(), output.rc),
        ..Failure::default()
    };
    failure.results.insert("rc".into(), i64::from(output.rc).into());
    failure.results.insert("stdout".into(), stdout.into());
    failure.results.insert("stderr".into(), stderr.into());
    Stop::Failed(failure)
}

/// Fails where a program is missing that nothing planned may bring.
pub(crate) fn need(host: &dyn Host, name: &str, of: &str) -> Result<()> {
    match host.program(name)? {
        Some(_) => Ok(()),
        None => Err(Stop::failed(format!(
            "this host has no `{name}`, which {of} needs; install the package that brings it"
        ))),
    }
}
