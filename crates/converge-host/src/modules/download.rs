//! What is at a URL, fetched by a program of the host.

use crate::host::{Command, Host};
use crate::stop::{Result, Stop};

/// How many seconds a download may take.
const SECONDS: &str = "60";

/// The bytes at a URL. `curl` or `wget` must be there; where something planned may bring one, nothing can be told.
pub(crate) fn fetch(host: &dyn Host, url: &str, validate_certs: bool) -> Result<Vec<u8>> {
    let curl = ["curl", "-fsSL", "--max-time", SECONDS];
    let wget = ["wget", "-q", "-T", SECONDS, "-O", "-"];
    let mut command = None;
    let mut unknown = None;
    for (words, careless) in [(&curl[..], "-k"), (&wget[..], "--no-check-certificate")] {
        match host.program(words[0]) {
            Ok(Some(_)) => {
                let careless = (!validate_certs).then_some(careless);
                let words = words.iter().copied().chain(careless).chain(["--", url]);
                command = Some(Command::new(words));
                break;
            }
            Ok(None) => {}
            Err(stop) => unknown = Some(stop),
        }
    }
    let Some(command) = command else {
        return Err(unknown.unwrap_or_else(|| {
            Stop::failed(format!("can't fetch `{url}`: this host has neither `curl` nor `wget`"))
        }));
    };
    let output = host.probe(&command)?;
    if output.ok() {
        return Ok(output.stdout);
    }
    let told = output.error_text();
    Err(host.unsettled().map_or_else(
        || {
            let told = told.trim();
            let separator = if told.is_empty() { "" } else { ": " };
            Stop::failed(format!(
                "can't fetch `{url}`: `{}` exited with {}{separator}{told}",
                command.argv[0], output.rc
            ))
        },
        Stop::Unknown,
    ))
}

/// Whether it is a URL that can be fetched.
pub(crate) fn is_url(text: &str) -> bool {
    ["http://", "https://", "ftp://"].iter().any(|scheme| text.starts_with(scheme))
}
