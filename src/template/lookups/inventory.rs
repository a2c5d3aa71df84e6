//! `lookup('inventory_hostnames', 'web:!web1')`

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::registry::LookupFn;
use crate::value::{Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("inventory_hostnames", LookupFn { run })];

/// The names of the hosts that a pattern names.
fn run(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let patterns: Vec<String> = given.rest().iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    let hosts = machine.context.lookups.hosts(&patterns.join(":")).map_err(Stop::value)?;
    Ok(hosts.into_iter().map(Value::Str).collect())
}
