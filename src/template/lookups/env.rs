//! `lookup('env', 'HOME')`

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::registry::LookupFn;
use crate::value::{Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("env", LookupFn { run })];

/// Variables of the controller's environment; those not set are empty, or `default`.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let default = given.by_name("default");
    let names = given.rest();
    given.finish()?;
    names
        .iter()
        .map(|name| {
            let name = text(name)?;
            let value = machine.context.lookups.env(&name).map(Value::from);
            Ok(value.or_else(|| default.clone()).unwrap_or_else(|| Value::from("")))
        })
        .collect()
}
