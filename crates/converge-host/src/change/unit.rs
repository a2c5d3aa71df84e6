//! systemd units started, stopped, enabled.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Scope};
use crate::stop::{Result, Why};

/// What happens to a systemd unit, or to systemd itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

impl Effect for UnitChange {
    fn describe(&self) -> Description {
        let words: Vec<_> = self.actions.iter().map(|action| action.verb()).collect();
        let name = self.name.as_deref().unwrap_or("systemd");
        Description::new(Sign::Act, format!("{} {name}", words.join(" and ")))
            .unknown(self.unknown.clone())
    }

    fn expect(&self, expected: &mut Expected) {
        let Some(name) = &self.name else { return };
        let unit = expected.units.entry((self.scope, name.clone())).or_default();
        unit.exists = true;
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
        if unit.active == Some(true) {
            expected.service_pending(name);
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        let commands: Vec<_> = self.actions.iter().map(|action| self.command(*action)).collect();
        real.run_all(&commands)?;
        Ok(Map::new())
    }

    fn invert(&self) -> Option<Change> {
        None
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
}

impl UnitChange {
    fn command(&self, action: UnitAction) -> Command {
        let mut argv = vec!["systemctl", action.verb()];
        match self.scope {
            Scope::System => {}
            Scope::User => argv.push("--user"),
            Scope::Global => argv.push("--global"),
        }
        if let Some(name) = &self.name
            && !matches!(action, UnitAction::DaemonReload | UnitAction::DaemonReexec)
        {
            argv.extend(["--", name]);
        }
        Command::new(argv)
    }
}
