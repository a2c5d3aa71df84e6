//! Planning and applying walk the same way; they differ in what they ask of hosts.

use converge_host::change::Change;
use converge_host::wire::Ask;

use crate::run::reviewed::Reviewed;

/// What a walk is for.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Nothing is changed: every task is planned over what the tasks before it would change.
    Plan,
    /// Changes are performed.
    Apply {
        /// What was shown and approved; none where nobody was asked.
        reviewed: Option<Reviewed>,
    },
}

impl Mode {
    /// Whether nothing is changed.
    pub(crate) fn plans(&self) -> bool {
        matches!(self, Self::Plan)
    }

    /// What applying is held to.
    pub(crate) fn reviewed(&self) -> Option<&Reviewed> {
        match self {
            Self::Plan => None,
            Self::Apply { reviewed } => reviewed.as_ref(),
        }
    }
}

/// How a task is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// As the mode says.
    Normal,
    /// It changes nothing (`changed_when: false`, `check_mode: false`): planning may run it.
    ReadOnly,
    /// It is never performed (`check_mode: true`).
    PreviewOnly,
}

/// What a host is asked.
pub(crate) fn ask(mode: &Mode, nature: Nature, gate: bool, reviewed: Option<Vec<Change>>) -> Ask {
    match (mode, nature) {
        (Mode::Plan, Nature::Normal) => Ask::Plan,
        (Mode::Plan, Nature::ReadOnly) => Ask::Probe,
        (_, Nature::PreviewOnly) => Ask::Preview,
        (Mode::Apply { .. }, _) => Ask::Perform { gate, reviewed },
    }
}
