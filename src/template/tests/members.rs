//! Tests of members and truth: `contains`, `subset`, `any`, `truthy`, …

use crate::template::args::Given;
use crate::template::eval::access::{items, plain};
use crate::template::eval::{Machine, Truth, ops, truth_of};
use crate::template::registry::TestFn;
use crate::value::{Stop, Value};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    ("contains", TestFn::new(contains)),
    ("subset", TestFn::new(|_, given| subset(given, false))),
    ("issubset", TestFn::new(|_, given| subset(given, false))),
    ("superset", TestFn::new(|_, given| subset(given, true))),
    ("issuperset", TestFn::new(|_, given| subset(given, true))),
    ("any", TestFn::new(|_, given| some(given, true))),
    ("all", TestFn::new(|_, given| some(given, false))),
    ("truthy", TestFn::new(|_, given| truthy(given, true))),
    ("falsy", TestFn::new(|_, given| truthy(given, false))),
    ("vault_encrypted", TestFn::new(vault_encrypted)),
];

fn contains(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let container = given.value("seq")?;
    let item = given.value("value")?;
    given.finish()?;
    ops::contains(&container, &item)
}

fn subset(mut given: Given, turned: bool) -> Result<bool, Stop> {
    let a = items(&given.value("a")?)?;
    let b = items(&given.value("b")?)?;
    given.finish()?;
    let (small, large) = if turned { (b, a) } else { (a, b) };
    let large: Vec<Value> = large.iter().map(plain).collect::<Result<_, _>>()?;
    for item in &small {
        if !large.contains(&plain(item)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether any item is true, or all are.
fn some(mut given: Given, any: bool) -> Result<bool, Stop> {
    let all = items(&given.value("value")?)?;
    given.finish()?;
    let mut unknown = None;
    for item in &all {
        match truth_of(item)? {
            Truth::Unknown(why) => unknown = Some(why),
            truth if (truth == Truth::Yes) == any => return Ok(any),
            _ => {}
        }
    }
    unknown.map_or(Ok(!any), |why| Err(Stop::Unknown(why)))
}

/// `value is truthy(convert_bool=true)`: also `yes`, `no` and their like as words.
fn truthy(mut given: Given, wanted: bool) -> Result<bool, Stop> {
    let value = given.value("value")?;
    let convert = given.flag("convert_bool", false)?;
    given.finish()?;
    let truth = match &value {
        Value::Str(text) if convert => match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => true,
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => false,
            other => !other.is_empty(),
        },
        other => other.is_true(),
    };
    Ok(truth == wanted)
}

fn vault_encrypted(_: &mut Machine, mut given: Given) -> Result<bool, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(value.as_str().is_some_and(|text| text.starts_with("$ANSIBLE_VAULT;")))
}
