//! Accounts made, changed, removed.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, User};
use crate::stop::Result;

/// A change of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserChange {
    /// The account now; none where there is none.
    pub before: Option<User>,
    /// The account then; none removes it.
    pub after: Option<User>,
    /// The supplementary groups that it is in afterwards, where they change.
    pub groups: Option<Vec<String>>,
    /// Further facts for a person, never a password: `password set`, `expires 2027-01-01`.
    pub facts: Vec<String>,
    /// Whether the home directory is made, moved or removed with it.
    pub home: bool,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
}

impl Effect for UserChange {
    fn describe(&self) -> Description {
        let sign = match (&self.before, &self.after) {
            (None, _) => Sign::Create,
            (Some(_), None) => Sign::Remove,
            (Some(_), Some(_)) => Sign::Modify,
        };
        let name = self.after.as_ref().or(self.before.as_ref()).map_or("", |user| &user.name);
        let mut description = Description::new(sign, format!("user {name}"));
        description.facts.extend(self.facts.iter().cloned());
        description
    }

    fn expect(&self, expected: &mut Expected) {
        let Some(user) = self.after.as_ref().or(self.before.as_ref()) else { return };
        expected.users.insert(user.name.clone(), self.after.clone());
        if let Some(groups) = &self.groups {
            expected.memberships.insert(user.name.clone(), groups.clone());
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
