//! What systemd says of a unit.

use std::path::Path;

use crate::data::{Data, Map};
use crate::host::real::Real;
use crate::host::{Command, Existence, Host, Scope, Unit};
use crate::stop::{Result, Stop};

/// What systemctl(1) says where the systemd of the machine does not run: in a chroot, or under another init.
const OFFLINE: &[&str] = &["has not been booted with systemd", "Failed to connect to bus"];

/// A unit with all its properties; where systemd does not run, what its files say.
pub(crate) fn unit(real: &Real, name: &str, scope: Scope) -> Result<Unit> {
    if real.program("systemctl")?.is_none() {
        return Err(Stop::failed(format!(
            "can't manage `{name}`: this host has no systemd (there is no `systemctl`), and other init systems are not supported"
        )));
    }
    // A template is no unit that could run, and what holds for all users runs nowhere.
    if name.contains("@.") || scope == Scope::Global {
        return from_files(real, name, scope);
    }
    let ahead = &real.ahead;
    let known = if scope == Scope::System { ahead.borrow_mut().take(name) } else { None };
    if let Some(text) = known {
        return of_text(real, name, &text);
    }
    let single = command(scope, real).arguments(&["show", "--no-pager", "--", name]);
    let beside = if scope == Scope::System { ahead.borrow_mut().beside(name) } else { None };
    if let Some(pattern) = beside {
        let output = real.probe(&single.clone().arguments(&[&pattern]))?;
        if let (true, Some(text)) = (output.ok(), ahead.borrow_mut().keep(&output.text())) {
            return of_text(real, name, &text);
        }
    }
    let output = real.probe(&single)?;
    if output.ok() {
        return of_text(real, name, &output.text());
    }
    let told = output.error_text();
    if scope == Scope::System && OFFLINE.iter().any(|words| told.contains(words)) {
        return from_files(real, name, scope);
    }
    let hint = if scope == Scope::User {
        let user = &real.identity.name;
        format!(
            "; `loginctl enable-linger {user}` keeps the systemd of `{user}` running without a login"
        )
    } else {
        String::new()
    };
    Err(Stop::failed(format!("can't ask systemd about `{name}`: {}{hint}", told.trim())))
}

/// A systemctl command of a scope. The systemd of a user is found through the user's runtime folder.
pub(crate) fn command(scope: Scope, real: &Real) -> Command {
    let command = Command::new(["systemctl"]);
    match scope {
        Scope::System => command,
        Scope::Global => command.arguments(&["--global"]),
        Scope::User => {
            let folder = format!("/run/user/{}", real.identity.uid.unwrap_or_default());
            let bus = format!("unix:path={folder}/bus");
            let command = command.arguments(&["--user"]).env("XDG_RUNTIME_DIR", &folder);
            if Path::new(&folder).join("bus").exists() {
                command.env("DBUS_SESSION_BUS_ADDRESS", &bus)
            } else {
                command
            }
        }
    }
}

fn from_files(real: &Real, name: &str, scope: Scope) -> Result<Unit> {
    let output = real.probe(&command(scope, real).arguments(&["is-enabled", "--", name]))?;
    let state = output.text().trim().to_owned();
    let exists =
        if state.is_empty() || state == "not-found" { Existence::No } else { Existence::Yes };
    Ok(Unit {
        name: name.to_owned(),
        file_state: if exists == Existence::Yes { state } else { String::new() },
        exists,
        active: false,
        needs_reload: false,
        // Files don't tell whether it runs.
        properties: Map::from_iter([("ActiveState".to_owned(), "unknown".into())]),
    })
}

/// What systemctl(1) showed of a unit.
fn of_text(real: &Real, name: &str, text: &str) -> Result<Unit> {
    let mut unit = read(name, text);
    if unit.file_state == "generated" {
        of_init_script(real, &mut unit)?;
    }
    Ok(unit)
}

/// Whether an old init script starts at boot is not in its generated unit; systemctl asks the tool that knows.
fn of_init_script(real: &Real, unit: &mut Unit) -> Result<()> {
    if unit.property("SourcePath").starts_with("/etc/init.d/")
        || unit.property("SourcePath").starts_with("/etc/rc.d/init.d/")
    {
        let command = command(Scope::System, real);
        let output =
            real.probe(&command.arguments(&["is-enabled", "--quiet", "--", &unit.name]))?;
        unit.file_state = if output.ok() { "enabled" } else { "disabled" }.into();
    }
    Ok(())
}

fn read(name: &str, text: &str) -> Unit {
    let properties = properties(text);
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

/// Properties by name. The value of an `Exec…` property may go over several lines, until its braces close.
fn properties(text: &str) -> Map {
    let mut properties = Map::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((key, value)) = line.split_once('=') else { continue };
        let mut value = value.to_owned();
        while value.starts_with("{ ") && key.starts_with("Exec") && !value.trim_end().ends_with('}')
        {
            let Some(more) = lines.next() else { break };
            value = format!("{value}\n{more}");
        }
        // Of several commands, each a line with the same key, Ansible keeps the last.
        properties.insert(key.to_owned(), value.into());
    }
    properties
}

impl Command {
    fn arguments(mut self, arguments: &[&str]) -> Self {
        self.argv.extend(arguments.iter().map(ToString::to_string));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::host::Existence;

    const SHOW: &str = include_str!("testdata/systemctl-show");

    #[test]
    fn what_systemd_shows_is_read() {
        let unit = read("ssh.service", SHOW);
        assert_eq!(unit.exists, Existence::Yes);
        assert!(unit.active && unit.enabled() && !unit.masked() && !unit.needs_reload);
        assert_eq!(unit.property("FragmentPath"), "/lib/systemd/system/ssh.service");
        assert!(
            unit.property("ExecStartPre").starts_with("{ path=/bin/true ; argv[]=/bin/true second")
        );
        assert!(unit.property("ExecStart").ends_with("status=0/0 }"));
        assert_eq!(unit.property("Description"), "OpenBSD Secure Shell server");
    }

    #[test]
    fn a_unit_that_is_not_there_is_said_so() {
        let text = "Id=nosuch.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n";
        let unit = read("nosuch.service", text);
        assert_eq!(unit.exists, Existence::No);
        assert!(!unit.active && !unit.enabled());
    }
}
