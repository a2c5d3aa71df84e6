//! systemd units started, stopped, enabled.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::manager;
use crate::change::{Change, Description, Sign, Touch};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::{Real, units};
use crate::host::{Command, Output, Scope};
use crate::stop::{Failure, Result, Stop, Why};

/// What happens to a systemd unit, or to systemd itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitChange {
    /// With its suffix; none for a mere reload of systemd's configuration.
    pub name: Option<String>,
    /// Whose systemd.
    pub scope: Scope,
    /// What is done, in order.
    pub actions: Vec<UnitAction>,
    /// Whether it ran before; none where that can't be told.
    pub was_active: Option<bool>,
    /// Whether it was enabled before; none where that can't be told.
    pub was_enabled: Option<bool>,
    /// Why the state before can't be told.
    pub unknown: Option<Why>,
    /// Don't wait until the unit has started or stopped.
    pub no_block: bool,
    /// Replace links that stand in the way of enabling.
    pub force: bool,
}

/// One thing done to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnitAction {
    /// `systemctl daemon-reload`.
    DaemonReload,
    /// `systemctl daemon-reexec`.
    DaemonReexec,
    /// `systemctl unmask`.
    Unmask,
    /// `systemctl mask`.
    Mask,
    /// `systemctl enable`.
    Enable,
    /// `systemctl disable`.
    Disable,
    /// `systemctl start`.
    Start,
    /// `systemctl stop`.
    Stop,
    /// `systemctl restart`.
    Restart,
    /// `systemctl reload`.
    Reload,
}

/// How many lines of the journal a failure repeats.
const JOURNAL: &str = "10";

impl Effect for UnitChange {
    fn describe(&self) -> Description {
        let mut description =
            Description::new(Sign::Act, self.words()).unknown(self.unknown.clone());
        description.facts = self.states();
        description
    }

    fn touches(&self) -> Vec<Touch> {
        let Some(name) = &self.name else { return Touch::of(&self.describe()) };
        let any = |does: &[UnitAction]| self.actions.iter().any(|action| does.contains(action));
        let [active, enabled] = self.becomes();
        let mut touches = Vec::new();
        if active.is_some() || any(&[UnitAction::Start, UnitAction::Stop]) {
            touches.push(Touch::new(name, "active", active));
        }
        if any(&[UnitAction::Enable, UnitAction::Disable]) {
            touches.push(Touch::new(name, "enabled", enabled));
        }
        if any(&[UnitAction::Mask, UnitAction::Unmask]) {
            touches.push(Touch::new(name, "masked", None));
        }
        if touches.is_empty() {
            touches.push(Touch::new(name, Touch::STATE, None));
        }
        touches
    }

    fn counts(&self) -> bool {
        // As with Ansible, systemd reading its files again changes nothing that was asked for.
        self.actions.iter().any(|action| !action.is_of_systemd())
    }

    fn expect(&self, expected: &mut Expected) {
        let Some(name) = &self.name else { return };
        let unit = expected.units.entry((self.scope, name.clone())).or_default();
        unit.doubt = None;
        for action in &self.actions {
            match action {
                UnitAction::DaemonReload | UnitAction::DaemonReexec | UnitAction::Reload => {}
                UnitAction::Unmask => unit.masked = Some(false),
                UnitAction::Mask => unit.masked = Some(true),
                UnitAction::Enable => unit.enabled = Some(true),
                UnitAction::Disable => unit.enabled = Some(false),
                UnitAction::Start | UnitAction::Restart => unit.active = Some(true),
                UnitAction::Stop => unit.active = Some(false),
            }
        }
        unit.exists |= self.actions.iter().any(|action| !action.is_of_systemd());
        if unit.active == Some(true) {
            expected.service_pending(name);
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        for action in &self.actions {
            let command = self.command(*action, real);
            let since = SystemTime::now();
            let output = real.run(&command)?;
            if !output.ok() {
                return Err(self.failed(*action, &command, &output, since, real));
            }
        }
        Ok(Map::new())
    }

    fn invert(&self) -> Option<Change> {
        let mut actions = Vec::new();
        for action in self.actions.iter().rev() {
            match action {
                UnitAction::Enable if self.was_enabled == Some(false) => {
                    actions.push(UnitAction::Disable);
                }
                UnitAction::Disable if self.was_enabled == Some(true) => {
                    actions.push(UnitAction::Enable);
                }
                UnitAction::Start if self.was_active == Some(false) => {
                    actions.push(UnitAction::Stop);
                }
                UnitAction::Stop if self.was_active == Some(true) => {
                    actions.push(UnitAction::Start);
                }
                UnitAction::Mask => actions.push(UnitAction::Unmask),
                UnitAction::Unmask => actions.push(UnitAction::Mask),
                _ => {}
            }
        }
        let inverse = Self {
            actions,
            was_active: self.was_active.map(|active| !active),
            was_enabled: self.was_enabled.map(|enabled| !enabled),
            unknown: None,
            ..self.clone()
        };
        (!inverse.actions.is_empty()).then_some(Change::Unit(inverse))
    }
}

impl UnitAction {
    /// What systemctl(1) calls it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::DaemonReload => "daemon-reload",
            Self::DaemonReexec => "daemon-reexec",
            Self::Unmask => "unmask",
            Self::Mask => "mask",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reload => "reload",
        }
    }

    fn is_of_systemd(self) -> bool {
        matches!(self, Self::DaemonReload | Self::DaemonReexec)
    }

    fn is_job(self) -> bool {
        matches!(self, Self::Start | Self::Stop | Self::Restart | Self::Reload)
    }
}

impl UnitChange {
    /// What is done in words: "reload systemd, start and enable nginx.service".
    fn words(&self) -> String {
        let mut parts = Vec::new();
        if self.actions.contains(&UnitAction::DaemonReexec) {
            parts.push("restart systemd itself".to_owned());
        }
        if self.actions.contains(&UnitAction::DaemonReload) {
            parts.push("reload systemd".to_owned());
        }
        // What runs is of more interest than what will at the next boot.
        let (jobs, files): (Vec<&UnitAction>, Vec<_>) =
            self.actions.iter().filter(|action| !action.is_of_systemd()).partition(|a| a.is_job());
        let verbs: Vec<_> = jobs.into_iter().chain(files).map(|action| action.verb()).collect();
        if let (Some(name), Some((last, first))) = (&self.name, verbs.split_last()) {
            let verbs = if first.is_empty() {
                (*last).into()
            } else {
                format!("{} and {last}", first.join(", "))
            };
            let whose = match self.scope {
                Scope::System => "",
                Scope::User => " of the user",
                Scope::Global => " of all users",
            };
            parts.push(format!("{verbs} {name}{whose}"));
        }
        parts.join(", ")
    }

    /// Which states become others: "inactive → active", "disabled → enabled".
    fn states(&self) -> Vec<String> {
        self.becomes().into_iter().flatten().collect()
    }

    /// Whether it runs, and whether it is enabled: before and after, where that is known and becomes another.
    fn becomes(&self) -> [Option<String>; 2] {
        let will = |does: &[UnitAction]| self.actions.iter().any(|action| does.contains(action));
        let of = |was: Option<bool>, on: bool, off: bool, words: [&str; 2]| match was {
            Some(false) if on => Some(format!("{} → {}", words[0], words[1])),
            Some(true) if off => Some(format!("{} → {}", words[1], words[0])),
            _ => None,
        };
        let starts = will(&[UnitAction::Start, UnitAction::Restart]);
        let active = of(self.was_active, starts, will(&[UnitAction::Stop]), ["inactive", "active"]);
        let enables = will(&[UnitAction::Enable]);
        let disables = will(&[UnitAction::Disable]);
        let enabled = of(self.was_enabled, enables, disables, ["disabled", "enabled"]);
        [active, enabled]
    }

    fn command(&self, action: UnitAction, real: &Real) -> Command {
        let mut command = units::command(self.scope, real);
        command.argv.push(action.verb().into());
        if self.no_block && action.is_job() {
            command.argv.push("--no-block".into());
        }
        if self.force && action == UnitAction::Enable {
            command.argv.push("--force".into());
        }
        if let (Some(name), false) = (&self.name, action.is_of_systemd()) {
            command.argv.extend(["--".into(), name.clone()]);
        }
        command
    }

    /// What systemctl said, and what the unit itself wrote last, which mostly is the true reason.
    fn failed(
        &self,
        action: UnitAction,
        command: &Command,
        output: &Output,
        since: SystemTime,
        real: &Real,
    ) -> Stop {
        let mut results = manager::gather(Map::new(), output);
        results.insert("cmd".into(), command.shown().into());
        let told = output.error_text();
        let Some(name) = self.name.as_ref().filter(|_| !action.is_of_systemd()) else {
            let msg = format!("failure {} during {}: {}", output.rc, action.verb(), told.trim());
            return Stop::Failed(Failure { msg, results });
        };
        let mut msg = format!("Unable to {} service {name}: {}", action.verb(), told.trim());
        if matches!(action, UnitAction::Start | UnitAction::Restart) {
            let ask = |words: &[&str], program: Command| {
                let mut command = program;
                command.argv.extend(words.iter().map(ToString::to_string));
                real.run(&command).map(|output| output.text()).unwrap_or_default()
            };
            let whose = units::command(self.scope, real);
            let status = ask(&["status", "--no-pager", "--full", "--lines=0", "--", name], whose);
            let unit = if self.scope == Scope::User { "--user-unit" } else { "--unit" };
            let since = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let since = format!("--since=@{since}");
            let journal = ask(
                &[&since, unit, name, "--no-pager", "--lines", JOURNAL, "--output=cat"],
                Command::new(["journalctl", "--quiet"]),
            );
            if !journal.trim().is_empty() {
                msg = format!("{msg}\n{}", journal.trim_end());
            }
            results.insert("unit_status".into(), status.into());
            results.insert("journal".into(), journal.into());
        }
        Stop::Failed(Failure { msg, results })
    }
}

#[cfg(test)]
mod tests {
    use super::{UnitAction, UnitChange};
    use crate::change::{Change, Effect};

    fn change(actions: &[UnitAction]) -> UnitChange {
        UnitChange {
            name: Some("nginx.service".into()),
            actions: actions.to_vec(),
            was_active: Some(false),
            was_enabled: Some(false),
            ..UnitChange::default()
        }
    }

    #[test]
    fn a_person_reads_what_is_done() {
        use UnitAction::{DaemonReload, Enable, Restart, Start, Unmask};
        let words = |actions: &[UnitAction]| change(actions).describe().what;
        assert_eq!(words(&[Enable, Start]), "start and enable nginx.service");
        assert_eq!(words(&[Restart]), "restart nginx.service");
        assert_eq!(words(&[DaemonReload]), "reload systemd");
        assert_eq!(
            words(&[DaemonReload, Unmask, Enable, Start]),
            "reload systemd, start, unmask and enable nginx.service"
        );
    }

    #[test]
    fn a_person_reads_which_states_become_others() {
        use UnitAction::{Disable, Enable, Reload, Restart, Start, Stop};
        let facts = |actions: &[UnitAction], active, enabled| {
            let change = UnitChange { was_active: active, was_enabled: enabled, ..change(actions) };
            change.describe().facts.join(", ")
        };
        let (on, off) = (Some(true), Some(false));
        assert_eq!(facts(&[Enable, Start], off, off), "inactive → active, disabled → enabled");
        assert_eq!(facts(&[Stop, Disable], on, on), "active → inactive, enabled → disabled");
        assert_eq!(facts(&[Restart], on, off), "");
        assert_eq!(facts(&[Reload, Enable], on, off), "disabled → enabled");
        assert_eq!(facts(&[Enable, Start], None, None), "", "nobody knows");
    }

    #[test]
    fn only_a_reload_of_systemd_does_not_count() {
        assert!(!change(&[UnitAction::DaemonReload]).counts());
        assert!(change(&[UnitAction::DaemonReload, UnitAction::Restart]).counts());
    }

    #[test]
    fn starting_and_enabling_are_taken_back() {
        let Some(Change::Unit(inverse)) = change(&[UnitAction::Enable, UnitAction::Start]).invert()
        else {
            panic!("no inverse");
        };
        assert_eq!(inverse.actions, [UnitAction::Stop, UnitAction::Disable]);
        assert_eq!(change(&[UnitAction::Restart]).invert(), None);
    }
}
