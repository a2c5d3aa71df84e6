//! Tests that compare: `eq`, `lt`, `in`, `sameas`, `even`, `divisibleby`, `upper`, …

use std::cmp::Ordering;
use std::sync::Arc;

use crate::template::args::Given;
use crate::template::ast::Compare;
use crate::template::eval::Machine;
use crate::template::eval::ops;
use crate::template::registry::{self, TestFn};
use crate::value::{Live, Number, Stop, Value, text};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    ("eq", TestFn::new(|_, given| compare(given, Compare::Equal))),
    ("==", TestFn::new(|_, given| compare(given, Compare::Equal))),
    ("equalto", TestFn::new(|_, given| compare(given, Compare::Equal))),
    ("ne", TestFn::new(|_, given| compare(given, Compare::NotEqual))),
    ("!=", TestFn::new(|_, given| compare(given, Compare::NotEqual))),
    ("lt", TestFn::new(|_, given| compare(given, Compare::Less))),
    ("<", TestFn::new(|_, given| compare(given, Compare::Less))),
    ("lessthan", TestFn::new(|_, given| compare(given, Compare::Less))),
    ("le", TestFn::new(|_, given| compare(given, Compare::LessOrEqual))),
    ("<=", TestFn::new(|_, given| compare(given, Compare::LessOrEqual))),
    ("gt", TestFn::new(|_, given| compare(given, Compare::Greater))),
    (">", TestFn::new(|_, given| compare(given, Compare::Greater))),
    ("greaterthan", TestFn::new(|_, given| compare(given, Compare::Greater))),
    ("ge", TestFn::new(|_, given| compare(given, Compare::GreaterOrEqual))),
    (">=", TestFn::new(|_, given| compare(given, Compare::GreaterOrEqual))),
    ("in", TestFn::new(|_, given| compare(given, Compare::In))),
    ("sameas", TestFn::new(sameas)),
    ("even", TestFn::new(|_, given| remainder(given, 0))),
    ("odd", TestFn::new(|_, given| remainder(given, 1))),
    ("divisibleby", TestFn::new(divisibleby)),
    ("lower", TestFn::new(|_, given| cased(given, char::is_lowercase, char::is_uppercase))),
    ("upper", TestFn::new(|_, given| cased(given, char::is_uppercase, char::is_lowercase))),
    ("nan", TestFn::new(is_nan)),
    ("isnan", TestFn::new(is_nan)),
    ("filter", TestFn::new(|_, given| known(given, |name| registry::filter(name).is_some()))),
    ("test", TestFn::new(|_, given| known(given, |name| registry::test(name).is_some()))),
];

fn compare(mut given: Given, operator: Compare) -> Result<bool, Stop> {
    let value = given.value("value")?;
    let other = given.value("other")?;
    given.finish()?;
    ops::compare(operator, &value, &other)
}

/// Python's `is`: the same object, which for small values means the same type and value.
fn sameas(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.value("value")?;
    let other = given.value("other")?;
    given.finish()?;
    Ok(match (&value, &other) {
        (Value::Null, Value::Null) | (Value::Omit, Value::Omit) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
        (Value::Map(a), Value::Map(b)) => Arc::ptr_eq(a, b),
        (Value::Live(Live::List(_) | Live::Map(_) | Live::Object(_)), Value::Live(_)) => {
            value == other
        }
        _ => false,
    })
}

fn whole(value: &Value) -> Result<Number, Stop> {
    match Number::of(value) {
        Some(number) => Ok(number),
        None => Err(Stop::value(format!("a number is expected, not a {}", value.type_name()))),
    }
}

fn remainder(mut given: Given, wanted: i64) -> Result<bool, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(whole(&value)?.modulo(&Number::Int(2))? == Value::Int(wanted))
}

fn divisibleby(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = whole(&given.value("value")?)?;
    let divisor = whole(&given.value("num")?)?;
    given.finish()?;
    Ok(value.modulo(&divisor)? == Value::Int(0))
}

fn cased(mut given: Given, some: fn(char) -> bool, none: fn(char) -> bool) -> Result<bool, Stop> {
    let text = given.text("value")?;
    given.finish()?;
    Ok(text.chars().any(some) && !text.chars().any(none))
}

fn is_nan(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    let number = whole(&value)?;
    Ok(number.order(&number) != Some(Ordering::Equal))
}

fn known(mut given: Given, known: fn(&str) -> bool) -> Result<bool, Stop> {
    let name = text(&given.value("value")?)?;
    given.finish()?;
    Ok(known(&name))
}
