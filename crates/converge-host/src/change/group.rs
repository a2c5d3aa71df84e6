//! Groups made, changed, removed.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Group};
use crate::stop::Result;

/// A change of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupChange {
    /// The group now; none where there is none.
    pub before: Option<Group>,
    /// The group then; none removes it.
    pub after: Option<Group>,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
}

impl Effect for GroupChange {
    fn describe(&self) -> Description {
        let sign = match (&self.before, &self.after) {
            (None, _) => Sign::Create,
            (Some(_), None) => Sign::Remove,
            (Some(_), Some(_)) => Sign::Modify,
        };
        let name = self.after.as_ref().or(self.before.as_ref()).map_or("", |group| &group.name);
        Description::new(sign, format!("group {name}"))
    }

    fn expect(&self, expected: &mut Expected) {
        if let Some(group) = self.after.as_ref().or(self.before.as_ref()) {
            expected.groups.insert(group.name.clone(), self.after.clone());
        }
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        real.run_all(&self.commands)?;
        Ok(Map::new())
    }

    fn invert(&self) -> Option<Change> {
        None
    }
}
