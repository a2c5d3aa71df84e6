//! Filters that decide: `default`, `ternary`, `bool`, `mandatory`, `type_debug`.

use std::cmp::Ordering;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::passes_through;
use crate::template::registry::FilterFn;
use crate::value::{Fault, FaultKind, Live, Missing, Number, Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("default", FilterFn::taking_missing(default)),
    ("d", FilterFn::taking_missing(default)),
    ("mandatory", FilterFn::taking_missing(mandatory)),
    ("ternary", FilterFn::taking_missing(ternary)),
    ("bool", FilterFn::new(bool)),
    ("type_debug", FilterFn::taking_missing(type_debug)),
];

/// `value | default(other, boolean)`: the other one if the value is undefined, or with `boolean` if it is empty or false.
fn default(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let other = given.optional("default_value")?.unwrap_or_else(|| Value::from(""));
    let boolean = given.optional("boolean")?;
    given.finish()?;
    match value {
        Value::Live(Live::Undefined(_)) => Ok(other),
        Value::Unknown(_) => Ok(value),
        _ if boolean.is_some_and(|boolean| boolean.is_true()) && !value.is_true() => Ok(other),
        _ => Ok(value),
    }
}

/// `value | mandatory(msg)`: stops if the value is undefined, whatever `default` follows.
fn mandatory(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let message = given.optional_text("msg")?;
    given.finish()?;
    let Value::Live(Live::Undefined(undefined)) = &value else { return Ok(value) };
    let message = message.unwrap_or_else(|| match &undefined.missing {
        Missing::Variable(name) => format!("the mandatory variable `{name}` is not defined"),
        _ => format!("a mandatory value is not defined: {undefined}"),
    });
    let mut fault = Fault::new(FaultKind::Value, message);
    fault.at.clone_from(&undefined.at);
    fault.labels.clone_from(&undefined.labels);
    Err(fault.into())
}

/// `value | ternary(yes, no, none)`
fn ternary(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let yes = given.value("true_val")?;
    let no = given.value("false_val")?;
    let none = given.optional("none_val")?;
    given.finish()?;
    // Only the one that is taken need be there.
    if let Some(through) = passes_through(&value) {
        return Ok(through);
    }
    Ok(match none {
        Some(none) if value.is_null() && !none.is_null() => none,
        _ if value.is_true() => yes,
        _ => no,
    })
}

/// `value | bool`: `yes`, `on`, `1` and `true` in any case are true.
fn bool(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(Value::Bool(match &value {
        Value::Bool(truth) => *truth,
        Value::Str(text) => matches!(text.to_lowercase().as_str(), "yes" | "on" | "1" | "true"),
        other => Number::of(other)
            .is_some_and(|number| number.order(&Number::Int(1)) == Some(Ordering::Equal)),
    }))
}

/// `value | type_debug`: the name of its type.
fn type_debug(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(match value {
        Value::Live(Live::Undefined(_)) => "UndefinedMarker".into(),
        Value::Unknown(_) => value,
        other => other.type_name().into(),
    })
}
