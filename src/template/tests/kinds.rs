//! Tests of what a value is.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{is_mapping, iterate, length};
use crate::template::registry::TestFn;
use crate::value::{Live, Stop, Value};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    ("defined", TestFn::taking_missing(defined)),
    ("undefined", TestFn::taking_missing(undefined)),
    ("none", TestFn::new(|_, given| is(given, Value::is_null))),
    ("string", TestFn::new(|_, given| is(given, |value| matches!(value, Value::Str(_))))),
    ("number", TestFn::new(|_, given| is(given, is_number))),
    (
        "integer",
        TestFn::new(|_, given| {
            is(given, |value| matches!(value, Value::Int(_) | Value::BigInt(_)))
        }),
    ),
    ("float", TestFn::new(|_, given| is(given, |value| matches!(value, Value::Float(_))))),
    ("boolean", TestFn::new(|_, given| is(given, |value| matches!(value, Value::Bool(_))))),
    ("true", TestFn::new(|_, given| is(given, |value| matches!(value, Value::Bool(true))))),
    ("false", TestFn::new(|_, given| is(given, |value| matches!(value, Value::Bool(false))))),
    ("mapping", TestFn::new(|_, given| is(given, is_mapping))),
    ("sequence", TestFn::new(|_, given| is(given, |value| length(value).is_some()))),
    ("iterable", TestFn::new(iterable)),
    (
        "callable",
        TestFn::new(|_, given| is(given, |value| matches!(value, Value::Live(Live::Object(_))))),
    ),
    ("escaped", TestFn::new(|_, given| is(given, |_| false))),
];

/// `value is defined`: an unknown value is, since something will be there.
fn defined(machine: &mut Machine, given: Given) -> Result<bool, Stop> {
    undefined(machine, given).map(|undefined| !undefined)
}

fn undefined(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(matches!(value, Value::Live(Live::Undefined(_))))
}

fn is(mut given: Given, holds: fn(&Value) -> bool) -> Result<bool, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(holds(&value))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::BigInt(_) | Value::Float(_) | Value::Bool(_))
}

fn iterable(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(iterate(&value)?.is_some())
}
