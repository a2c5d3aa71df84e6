//! Groups made, changed, removed.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Group, Host};
use crate::stop::{Result, Stop, Why};

/// A change of a group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupChange {
    /// The group now; none where there is none.
    pub before: Option<Group>,
    /// The group then; none removes it.
    pub after: Option<Group>,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
    /// Why it can't be told whether the group exists.
    pub unknown: Option<Why>,
}

impl Effect for GroupChange {
    fn describe(&self) -> Description {
        let number = |group: &Option<Group>| group.as_ref().and_then(|group| group.gid);
        let (sign, fact) = match (&self.before, &self.after) {
            (None, _) => (Sign::Create, number(&self.after).map(|gid| format!("gid {gid}"))),
            (Some(_), None) => (Sign::Remove, None),
            (Some(_), Some(_)) => (
                Sign::Modify,
                number(&self.before)
                    .zip(number(&self.after))
                    .map(|(from, to)| format!("gid {from} → {to}")),
            ),
        };
        let mut description =
            Description::new(sign, format!("group {}", self.name())).unknown(self.unknown.clone());
        description.facts.extend(fact);
        description
    }

    fn expect(&self, expected: &mut Expected) {
        expected.groups.insert(self.name().to_owned(), self.after.clone());
    }

    fn tells(&self) -> Option<Why> {
        let open = self.after.as_ref().is_some_and(|after| after.gid.is_none());
        open.then(|| Why(format!("group {} being made", self.name())))
    }

    fn perform(&self, real: &Real) -> Result<Map> {
        let now = real.group(self.name())?;
        let number = |group: &Option<Group>| group.as_ref().map(|group| group.gid);
        if number(&now) != number(&self.before) {
            return Err(Stop::failed(format!(
                "group `{}` has been changed since this was planned; plan again",
                self.name()
            )));
        }
        real.run_all(&self.commands)?;
        Ok(Map::new())
    }

    fn invert(&self) -> Option<Change> {
        let name = self.name();
        let command = match (&self.before, &self.after) {
            (None, Some(_)) => Command::new(["groupdel", "--", name]),
            (Some(Group { gid: Some(gid), .. }), Some(_)) => {
                Command::new(["groupmod", "-g", &gid.to_string(), "--", name])
            }
            (Some(Group { gid: Some(gid), .. }), None) => {
                Command::new(["groupadd", "-g", &gid.to_string(), "--", name])
            }
            _ => return None,
        };
        Some(Change::Group(Self {
            before: self.after.clone(),
            after: self.before.clone(),
            commands: vec![command],
            unknown: None,
        }))
    }
}

impl GroupChange {
    pub(crate) fn name(&self) -> &str {
        self.after.as_ref().or(self.before.as_ref()).map_or("", |group| &group.name)
    }
}
