//! `lookup('pipe', …)`, `lookup('lines', …)`: what a program on the controller prints; `lookup('url', …)`: what a server sends.

use std::process::{Command, Stdio};

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::entries;
use crate::template::methods::lines as split_lines;
use crate::template::registry::LookupFn;
use crate::value::{FaultKind, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[
    ("pipe", LookupFn { run: pipe }),
    ("lines", LookupFn { run: lines }),
    ("url", LookupFn { run: url }),
];

/// What commands print, without the newlines at its end.
fn pipe(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let commands = given.rest();
    given.finish()?;
    commands
        .iter()
        .map(|command| Ok(Value::from(shell(machine, &text(command)?)?.trim_end())))
        .collect()
}

/// The lines that commands print.
fn lines(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let commands = given.rest();
    given.finish()?;
    let mut found = Vec::new();
    for command in &commands {
        let output = shell(machine, &text(command)?)?;
        found.extend(split_lines(&output, false).into_iter().map(Value::from));
    }
    Ok(found)
}

/// Runs a command in the shell, in the folder of the playbook: the text is meant to be a line of shell.
fn shell(machine: &Machine, command: &str) -> Result<String, Stop> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    run(shell.current_dir(machine.context.lookups.base()), command)
}

fn run(command: &mut Command, shown: &str) -> Result<String, Stop> {
    let failed = |why: String| Stop::fault(FaultKind::Access, format!("`{shown}` failed: {why}"));
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let told = told.trim();
        return Err(failed(if told.is_empty() {
            output.status.to_string()
        } else {
            format!("{}: {told}", output.status)
        }));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What servers send, in lines unless `split_lines` is false. `curl` fetches it.
fn url(_: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let split = given.by_name("split_lines").is_none_or(|split| split.is_true());
    let verify = given.by_name("validate_certs").is_none_or(|verify| verify.is_true());
    let headers =
        given.by_name("headers").map_or(Ok(None), |headers| entries(&headers))?.unwrap_or_default();
    let user = given.by_name("username").as_ref().map(text).transpose()?;
    let password = given.by_name("password").as_ref().map(text).transpose()?;
    let timeout =
        given.by_name("timeout").as_ref().map(text).transpose()?.unwrap_or_else(|| "10".to_owned());
    for ignored in [
        "use_proxy",
        "http_agent",
        "force",
        "follow_redirects",
        "use_gssapi",
        "force_basic_auth",
        "use_netrc",
    ] {
        given.by_name(ignored);
    }
    let addresses = given.rest();
    given.finish()?;
    let mut found = Vec::new();
    for address in &addresses {
        let address = text(address)?;
        let mut curl = Command::new("curl");
        curl.args(["--fail", "--silent", "--show-error", "--location", "--max-time", &timeout]);
        if !verify {
            curl.arg("--insecure");
        }
        for (name, value) in &headers {
            curl.arg("--header").arg(format!("{name}: {}", text(value)?));
        }
        if let Some(user) = &user {
            curl.arg("--user").arg(format!("{user}:{}", password.as_deref().unwrap_or("")));
        }
        curl.arg("--").arg(&address);
        let body = run(&mut curl, &address)?;
        if split {
            found.extend(split_lines(&body, false).into_iter().map(Value::from));
        } else {
            found.push(body.into());
        }
    }
    Ok(found)
}
