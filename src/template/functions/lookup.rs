//! `lookup`, `query` and `q`.

use crate::diagnostic::Diagnostic;
use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::call::missing_argument;
use crate::template::registry;
use crate::value::{Fault, FaultKind, Live, Stop, Value, text};

/// What becomes of a lookup that fails.
#[derive(Clone, Copy, PartialEq)]
enum Errors {
    Strict,
    Warn,
    Ignore,
}

/// `lookup('name', terms…, options…)`: the results joined with commas, or as they are if there is one; a list with
/// `wantlist=true`.
pub(super) fn lookup(machine: &mut Machine, given: Given) -> Result<Value, Stop> {
    run(machine, given, false)
}

/// `query('name', …)` and `q('name', …)`: the results as a list.
pub(super) fn query(machine: &mut Machine, given: Given) -> Result<Value, Stop> {
    run(machine, given, true)
}

/// Runs a lookup by name, as `with_…` does.
pub(crate) fn run_lookup(
    machine: &mut Machine,
    name: &str,
    given: Given,
) -> Result<Vec<Value>, Stop> {
    let Some(lookup) = registry::lookup(name) else {
        let mut fault = Fault::new(FaultKind::NotFound, format!("there is no lookup `{name}`"));
        if let Some(near) = registry::near_lookups(name).first() {
            fault.help.push(format!("did you mean `{near}`?"));
        }
        return Err(fault.into());
    };
    (lookup.run)(machine, given).map_err(|mut stop| {
        if let Stop::Fault(fault) = &mut stop
            && fault.labels.is_empty()
            && fault.notes.is_empty()
        {
            fault.notes.push(format!("found by the lookup `{name}`"));
        }
        stop
    })
}

fn run(machine: &mut Machine, mut given: Given, list_by_default: bool) -> Result<Value, Stop> {
    let name = given.text("name")?;
    let want_list = given.by_name("wantlist").map_or(list_by_default, |want| want.is_true());
    let errors = match given.by_name("errors").as_ref().map(text).transpose()?.as_deref() {
        None | Some("strict") => Errors::Strict,
        Some("warn") => Errors::Warn,
        Some("ignore") => Errors::Ignore,
        Some(other) => {
            return Err(Stop::argument(format!(
                "`errors` is strict, warn or ignore, not `{other}`"
            )));
        }
    };
    // What is asked about by something undefined is undefined, so that `default` can stand for it.
    if let Some(undefined @ Value::Live(Live::Undefined(_))) = missing_argument(&given) {
        return Ok(undefined);
    }
    let results = match run_lookup(machine, &name, given) {
        Ok(results) => results,
        Err(Stop::Fault(fault))
            if errors != Errors::Strict && fault.kind != FaultKind::NotFound =>
        {
            if errors == Errors::Warn {
                machine.context.warn(Diagnostic::warning(format!(
                    "the lookup `{name}` failed: {}",
                    fault.message
                )));
            }
            return Ok(if want_list { Value::list([]) } else { Value::Null });
        }
        Err(stop) => return Err(stop),
    };
    if want_list {
        return Ok(results.into());
    }
    let mut results = results;
    match results.len() {
        0 => Ok(results.into()),
        1 => Ok(results.remove(0)),
        _ if results.iter().all(|result| matches!(result, Value::Str(_))) => {
            let joined: Vec<&str> = results.iter().filter_map(Value::as_str).collect();
            Ok(joined.join(",").into())
        }
        _ => Ok(results.into()),
    }
}
