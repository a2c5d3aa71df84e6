//! What is wanted of a systemd unit, for the modules `service` and `systemd_service`.

use std::path::Path;

use crate::args::Choice;
use crate::change::{Change, Changes, UnitAction, UnitChange};
use crate::data::Data;
use crate::host::{Existence, Host, Look, Scope, Unit};
use crate::stop::{Result, Stop};

/// What a unit shall do.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Read its configuration again; start where it doesn't run.
    Reloaded,
    /// Stop and start; start where it doesn't run.
    Restarted,
    /// Run.
    Started,
    /// Not run.
    Stopped,
}

/// Everything that can be wanted of a unit.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) state: Option<State>,
    pub(crate) enabled: Option<bool>,
    pub(crate) masked: Option<bool>,
    pub(crate) daemon_reload: bool,
    pub(crate) daemon_reexec: bool,
    pub(crate) scope: Scope,
    pub(crate) no_block: bool,
    pub(crate) force: bool,
}

/// The types of units; a name that ends otherwise is a service, see systemctl(1).
const SUFFIXES: &[&str] = &[
    "service",
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
    "slice",
    "scope",
    "snapshot",
];

/// Asks for what makes a unit as it is wanted.
pub(crate) fn plan(wanted: &Wanted<'_>, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let mut actions = Vec::new();
    if wanted.daemon_reload {
        actions.push(UnitAction::DaemonReload);
    }
    if wanted.daemon_reexec {
        actions.push(UnitAction::DaemonReexec);
    }
    changes.set("name", wanted.name);
    if let Some(enabled) = wanted.enabled {
        changes.set("enabled", enabled);
    }
    if let Some(state) = wanted.state {
        changes.set("state", if state == State::Stopped { "stopped" } else { "started" });
    }
    let Some(name) = wanted.name else {
        changes.set("status", Data::Map(Default::default()));
        push(wanted, actions, None, changes);
        return Ok(());
    };
    if let Some(sign) = name.chars().find(|c| "*?[".contains(*c)) {
        return Err(Stop::failed(format!(
            "`{name}` is a pattern (`{sign}`), but a unit must be named in full"
        )));
    }
    let unit = host.unit(&full_name(name), wanted.scope)?;
    changes.set("status", Data::Map(unit.properties.clone()));
    let missing = unit.exists == Existence::No;
    let asks = wanted.state.is_some() || wanted.enabled.is_some();
    if missing && (asks || wanted.masked.is_none()) {
        return Err(Stop::failed(format!("Could not find the requested service {name}: host")));
    }
    actions.extend(of_mask(wanted, &unit));
    actions.extend(of_enabled(wanted, &unit, name)?);
    actions.extend(of_state(wanted, &unit, name, host, changes)?);
    push(wanted, actions, Some(&unit), changes);
    Ok(())
}

/// The name with its suffix.
pub(crate) fn full_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((_, suffix)) if SUFFIXES.contains(&suffix) => name.to_owned(),
        _ => format!("{name}.service"),
    }
}

fn push(wanted: &Wanted<'_>, actions: Vec<UnitAction>, unit: Option<&Unit>, changes: &mut Changes) {
    if actions.is_empty() {
        return;
    }
    let unknown = unit.and_then(|unit| match &unit.exists {
        Existence::Unknown(why) => Some(why.clone()),
        _ => None,
    });
    let known = unit.filter(|_| unknown.is_none());
    changes.push(Change::Unit(UnitChange {
        name: unit.map(|unit| unit.name.clone()),
        scope: wanted.scope,
        actions,
        was_active: known
            .filter(|unit| unit.property("ActiveState") != "unknown")
            .map(|unit| unit.active),
        was_enabled: known.filter(|unit| !unit.masked()).map(Unit::enabled),
        unknown,
        no_block: wanted.no_block,
        force: wanted.force,
    }));
}

fn of_mask(wanted: &Wanted<'_>, unit: &Unit) -> Option<UnitAction> {
    match (wanted.masked?, unit.masked()) {
        (true, false) => Some(UnitAction::Mask),
        (false, true) => Some(UnitAction::Unmask),
        _ => None,
    }
}

fn of_enabled(wanted: &Wanted<'_>, unit: &Unit, name: &str) -> Result<Option<UnitAction>> {
    let Some(enabled) = wanted.enabled else { return Ok(None) };
    let action = if enabled { UnitAction::Enable } else { UnitAction::Disable };
    if matches!(unit.exists, Existence::Unknown(_)) {
        return Ok(Some(action));
    }
    if unit.masked() {
        return match (enabled, wanted.masked) {
            // The mask hides whether it was enabled before it was masked.
            (_, Some(false)) => Ok(Some(action)),
            (false, _) => Ok(None),
            (true, _) => Err(masked("enable", name)),
        };
    }
    // What can't be disabled, since nothing enables it, need not be.
    let fixed = matches!(unit.file_state.as_str(), "static" | "indirect" | "alias" | "transient");
    Ok((unit.enabled() != enabled && (enabled || !fixed)).then_some(action))
}

fn of_state(
    wanted: &Wanted<'_>,
    unit: &Unit,
    name: &str,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<Option<UnitAction>> {
    let Some(state) = wanted.state else { return Ok(None) };
    let unknown = matches!(unit.exists, Existence::Unknown(_));
    if unit.property("ActiveState") == "unknown" && !unknown {
        return offline(name, host, changes);
    }
    if state != State::Stopped && unit.masked() && wanted.masked != Some(false) {
        return Err(masked("start", name));
    }
    let stopping = unit.property("ActiveState") == "deactivating";
    Ok(match state {
        State::Started if unknown || !unit.active => Some(UnitAction::Start),
        State::Stopped if unknown || unit.active || stopping => Some(UnitAction::Stop),
        State::Started | State::Stopped => None,
        State::Restarted | State::Reloaded if !unit.active && !unknown => Some(UnitAction::Start),
        State::Restarted => Some(UnitAction::Restart),
        State::Reloaded => Some(UnitAction::Reload),
    })
}

/// What does not run can't be started: an error, but in the root of a machine that is only being built.
fn offline(name: &str, host: &dyn Host, changes: &mut Changes) -> Result<Option<UnitAction>> {
    if name.contains("@.") || name.ends_with('@') {
        return Err(Stop::failed(format!(
            "`{name}` is a template, which can be enabled but not run; name an instance of it"
        )));
    }
    let root = host.look(Path::new("/"))?;
    let of_init = host.look(Path::new("/proc/1/root/."))?;
    let same = match (&root, &of_init) {
        (Look::Is(own), Look::Is(init)) => (own.inode, own.device) == (init.inode, init.device),
        _ => true,
    };
    if same {
        return Err(Stop::failed(format!(
            "can't tell whether `{name}` runs: systemd is not the init of this host, and other init systems (SysV, OpenRC) are not supported"
        )));
    }
    changes.warn(format!(
        "this host is a chroot, in which systemd does not run: `{name}` is neither started nor stopped"
    ));
    Ok(None)
}

fn masked(verb: &str, name: &str) -> Stop {
    Stop::failed(format!(
        "Unable to {verb} service {name}: the unit is masked (`masked: false` unmasks it)"
    ))
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            name: None,
            state: None,
            enabled: None,
            masked: None,
            daemon_reload: false,
            daemon_reexec: false,
            scope: Scope::System,
            no_block: false,
            force: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::change::{Change, PackageAction, PackagesChange};
    use crate::host::memory::Memory;
    use crate::modules::tasks::{check, planned};

    #[test]
    fn a_unit_is_started_and_enabled_once() {
        check(
            Memory::new().with_unit("nginx.service", false, false),
            &[
                (
                    "service name=nginx state=started enabled=yes",
                    "start and enable nginx.service, inactive → active, disabled → enabled",
                ),
                ("service name=nginx.service state=started enabled=yes", ""),
                ("systemd name=nginx state=restarted", "restart nginx.service"),
                (
                    "systemd name=nginx state=stopped enabled=no",
                    "stop and disable nginx.service, active → inactive, enabled → disabled",
                ),
                ("systemd name=nginx state=reloaded", "start nginx.service, inactive → active"),
            ],
        );
    }

    #[test]
    fn a_unit_that_is_missing_is_an_error() {
        check(
            Memory::new(),
            &[
                (
                    "service name=nginx state=started",
                    "Could not find the requested service nginx: host",
                ),
                ("service name=nginx masked=yes", "mask nginx.service"),
                ("systemd daemon_reload=yes", "reload systemd"),
                (
                    "systemd name=ngin* state=started",
                    "`ngin*` is a pattern (`*`), but a unit must be named in full",
                ),
            ],
        );
    }

    #[test]
    fn a_planned_file_makes_a_unit() {
        let unit =
            "copy dest=/etc/systemd/system/app.service content=[Service]\u{b7}[Install]\u{b7}";
        let template = "copy dest=/etc/systemd/system/job@.service content=[Service]\u{b7}";
        check(
            Memory::new().with_dir("/etc/systemd/system", 0o755, "root"),
            &[
                (unit, "/etc/systemd/system/app.service, mode 0644, owner root, group root"),
                (
                    "systemd name=app state=started enabled=yes daemon_reload=yes",
                    "reload systemd, start and enable app.service, inactive → active, disabled → enabled",
                ),
                ("systemd name=app state=started enabled=yes", ""),
                (template, "/etc/systemd/system/job@.service, mode 0644, owner root, group root"),
                (
                    "systemd name=job@a state=started enabled=yes",
                    "start job@a.service, inactive → active",
                ),
            ],
        );
    }

    #[test]
    fn what_a_package_may_bring_is_a_change_of_unknown_effect() {
        let mut answerer = Answerer::new(Memory::new().with_dir("/etc/modprobe.d", 0o755, "root"));
        let actions = vec![PackageAction::asked("nginx", None, Some("1.22"))];
        let change = PackagesChange { actions, ..PackagesChange::default() };
        answerer.assume(&[Change::Packages(change)]).unwrap();
        assert_eq!(
            planned(
                answerer,
                &[
                    "service name=nginx state=started enabled=yes",
                    "service name=nginx state=started enabled=yes",
                    "user name=nginx",
                    "user name=app",
                    "group name=_nginx",
                    "group name=ops",
                    "user name=old state=absent",
                    "lineinfile path=/etc/modprobe.d/own.conf line=a create=yes",
                    "lineinfile path=/etc/modprobe.d/own.conf line=a create=yes",
                ]
            ),
            [
                "start and enable nginx.service (unknown)",
                "",
                "user nginx, home /home/nginx (unknown)",
                // No package that is planned is called like these.
                "user app, home /home/app",
                "group _nginx (unknown)",
                "group ops",
                "",
                "/etc/modprobe.d/own.conf",
                "",
            ]
        );
    }

    #[test]
    fn a_masked_unit_is_unmasked_only_where_that_is_asked_for() {
        let refused = "Unable to start service x: the unit is masked (`masked: false` unmasks it)";
        check(
            Memory::new().with_unit("x.service", false, true),
            &[
                ("systemd name=x masked=yes", "mask x.service"),
                ("systemd name=x state=started", refused),
                (
                    "systemd name=x masked=no state=started",
                    "start and unmask x.service, inactive → active",
                ),
            ],
        );
    }
}
