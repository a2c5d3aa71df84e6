//! Packages installed, upgraded, removed.

use serde::{Deserialize, Serialize};

use crate::change::effect::Effect;
use crate::change::{Change, Description, Sign};
use crate::data::Map;
use crate::host::expected::Expected;
use crate::host::real::Real;
use crate::host::{Command, Manager};
use crate::stop::Result;

/// One transaction of a package manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackagesChange {
    /// Whose packages.
    pub manager: Manager,
    /// What happens to which package.
    pub actions: Vec<PackageAction>,
    /// The commands that do it, in order.
    pub commands: Vec<Command>,
}

/// What happens to one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageAction {
    /// Its name, without version.
    pub name: String,
    /// The version now; none where it is not installed.
    pub from: Option<String>,
    /// The version then; none where it is removed, empty where the manager can't tell it yet.
    pub to: Option<String>,
}

impl Effect for PackagesChange {
    fn describe(&self) -> Description {
        let sign = if self.actions.iter().all(|action| action.to.is_none()) {
            Sign::Remove
        } else if self.actions.iter().any(|action| action.from.is_none()) {
            Sign::Create
        } else {
            Sign::Modify
        };
        let names: Vec<_> = self.actions.iter().map(|action| action.name.as_str()).collect();
        let mut description = Description::new(sign, format!("package {}", names.join(", ")));
        description.facts.extend(self.actions.iter().filter_map(|action| {
            let (from, to) = (action.from.as_deref()?, action.to.as_deref()?);
            Some(format!("{} {from} → {to}", action.name))
        }));
        description
    }

    fn expect(&self, expected: &mut Expected) {
        for action in &self.actions {
            expected.packages.insert((self.manager, action.name.clone()), action.to.clone());
            if action.to.is_some() {
                expected.package_pending(&action.name);
            }
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
