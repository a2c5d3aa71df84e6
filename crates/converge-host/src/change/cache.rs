//! The package manager's lists refreshed.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Manager};
use crate::stop::Result;

/// A refresh of what a package manager knows of its repositories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CacheChange {
    /// Whose lists.
    pub manager: Manager,
    /// The command that does it.
    pub command: Command,
    /// Whether it alone makes the task "changed".
    pub counts: bool,
}

impl Effect for CacheChange {
    fn describe(&self) -> Description {
        let what = match self.manager {
            Manager::Apt => "refresh the package lists of apt",
            Manager::Rpm => "refresh the package lists of dnf",
        };
        Description::new(Sign::Act, what)
    }

    fn counts(&self) -> bool {
        self.counts
    }

    fn expect(&self, _expected: &mut Expected) {}

    fn perform(&self, real: &Real) -> Result<Map> {
        real.run_all(std::slice::from_ref(&self.command))?;
        Ok(Map::new())
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}
