//! `lookup('vars', 'name')` and `lookup('varnames', 'regex')`

use converge_host::python_re::Flags;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::regexes::{compile, failed};
use crate::template::registry::LookupFn;
use crate::value::{Live, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] =
    &[("vars", LookupFn { run: vars }), ("varnames", LookupFn { run: varnames })];

/// Variables by name; those that are not defined stop it, or are `default`.
fn vars(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let default = given.by_name("default");
    let names = given.rest();
    given.finish()?;
    names
        .iter()
        .map(|name| {
            let Value::Str(name) = name else {
                return Err(Stop::argument(format!(
                    "names of variables are expected, not {}",
                    name.type_name()
                )));
            };
            match (machine.variable(name, None)?, &default) {
                (Value::Live(Live::Undefined(_)), Some(default)) => Ok(default.clone()),
                (Value::Live(Live::Undefined(undefined)), None) => Err(Stop::Undefined(undefined)),
                (value, _) => Ok(value),
            }
        })
        .collect()
}

/// The names of variables that regular expressions find.
fn varnames(machine: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let patterns: Vec<String> = given.rest().iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    let names = machine.context.scope.names();
    let mut found = Vec::new();
    for pattern in &patterns {
        let regex = compile(pattern, Flags::default())?;
        for name in &names {
            if regex.is_match(name).map_err(failed)? {
                found.push(Value::Str(name.clone()));
            }
        }
    }
    Ok(found)
}
