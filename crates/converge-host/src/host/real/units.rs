//! What systemd says of a unit.

use crate::data::{Data, Map};
use crate::host::real::Real;
use crate::host::{Command, Existence, Host, Scope, Unit};
use crate::stop::{Result, Stop};

/// A unit with all its properties.
pub(crate) fn unit(real: &Real, name: &str, scope: Scope) -> Result<Unit> {
    let mut argv = vec!["systemctl", "show", "--no-pager"];
    match scope {
        Scope::System => {}
        Scope::User => argv.push("--user"),
        Scope::Global => argv.push("--global"),
    }
    argv.extend(["--", name]);
    let output = real.probe(&Command::new(argv))?;
    if !output.ok() {
        let told = output.error_text();
        return Err(Stop::failed(format!("can't ask systemd about `{name}`: {}", told.trim())));
    }
    Ok(read(name, &output.text()))
}

fn read(name: &str, text: &str) -> Unit {
    let properties: Map = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), Data::from(value)))
        .collect();
    let of = |key: &str| properties.get(key).and_then(Data::as_str).unwrap_or_default();
    Unit {
        name: name.to_owned(),
        exists: if of("LoadState") == "not-found" { Existence::No } else { Existence::Yes },
        active: matches!(of("ActiveState"), "active" | "reloading" | "activating"),
        file_state: of("UnitFileState").to_owned(),
        needs_reload: of("NeedDaemonReload") == "yes",
        properties,
    }
}
