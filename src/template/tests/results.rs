//! Tests of what tasks registered: `changed`, `failed`, `skipped`, …

use crate::template::args::Given;
use crate::template::eval::access::{get_str, is_mapping, items};
use crate::template::eval::{Truth, truth_of};
use crate::template::registry::TestFn;
use crate::value::{Stop, Value};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    ("changed", TestFn::new(|_, given| changed(given))),
    ("change", TestFn::new(|_, given| changed(given))),
    ("failed", TestFn::new(|_, given| has(given, "failed", true))),
    ("failure", TestFn::new(|_, given| has(given, "failed", true))),
    ("succeeded", TestFn::new(|_, given| has(given, "failed", false))),
    ("success", TestFn::new(|_, given| has(given, "failed", false))),
    ("successful", TestFn::new(|_, given| has(given, "failed", false))),
    ("skipped", TestFn::new(|_, given| has(given, "skipped", true))),
    ("skip", TestFn::new(|_, given| has(given, "skipped", true))),
    ("unreachable", TestFn::new(|_, given| has(given, "unreachable", true))),
    ("reachable", TestFn::new(|_, given| has(given, "unreachable", false))),
    ("started", TestFn::new(|_, given| flag(given, "started"))),
    ("finished", TestFn::new(|_, given| flag(given, "finished"))),
    ("timedout", TestFn::new(|_, given| timedout(given))),
];

fn result(given: &mut Given) -> Result<Value, Stop> {
    let value = given.value("result")?;
    if is_mapping(&value) {
        return Ok(value);
    }
    Err(Stop::value(format!("a registered result is expected, not a {}", value.type_name())))
}

/// Whether a key of a result is true; false where it is missing.
fn holds(result: &Value, key: &str) -> Result<bool, Stop> {
    let Some(value) = get_str(result, key).transpose()? else { return Ok(false) };
    match truth_of(&value)? {
        Truth::Unknown(unknown) => Err(Stop::Unknown(unknown)),
        truth => Ok(truth == Truth::Yes),
    }
}

fn has(mut given: Given, key: &str, wanted: bool) -> Result<bool, Stop> {
    let result = result(&mut given)?;
    given.finish()?;
    Ok(holds(&result, key)? == wanted)
}

/// A loop's result without a word of its own has changed something if any of its items has.
fn changed(mut given: Given) -> Result<bool, Stop> {
    let result = result(&mut given)?;
    given.finish()?;
    if get_str(&result, "changed").is_some() {
        return holds(&result, "changed");
    }
    let Some(results) = get_str(&result, "results").transpose()? else { return Ok(false) };
    for item in items(&results)? {
        if holds(&item, "changed")? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Jobs in the background say 0 or 1.
fn flag(mut given: Given, key: &str) -> Result<bool, Stop> {
    let result = result(&mut given)?;
    given.finish()?;
    // What is no job is finished, and was started.
    if get_str(&result, key).is_none() {
        return Ok(true);
    }
    holds(&result, key)
}

fn timedout(mut given: Given) -> Result<bool, Stop> {
    let result = result(&mut given)?;
    given.finish()?;
    match get_str(&result, "timedout").transpose()? {
        Some(details) if is_mapping(&details) => holds(&details, "period"),
        _ => Ok(false),
    }
}
