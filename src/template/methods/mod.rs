//! Python's methods of text, lists, mappings and numbers.

mod containers;
mod numbers;
mod strings;
mod words;

use crate::template::args::Given;
use crate::template::eval::objects;
use crate::value::{Live, Stop, Value};

pub(crate) use containers::sort_values;
pub(crate) use strings::{lines, parts, replaced};
pub(crate) use words::capitalized;

/// A method: the receiver and the arguments.
type MethodFn = fn(&Value, Given) -> Result<Value, Stop>;

/// Whether a value has a method of a name.
pub(crate) fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::Live(Live::Object(object)) => objects::has_method(&**object, name),
        _ => find(value, name).is_some(),
    }
}

/// Whether a method of a name changes its receiver.
pub(crate) fn changes(name: &str) -> bool {
    matches!(
        name,
        "append"
            | "extend"
            | "insert"
            | "pop"
            | "remove"
            | "clear"
            | "sort"
            | "reverse"
            | "update"
            | "setdefault"
            | "popitem"
            | "__setitem__"
            | "__delitem__"
    )
}

/// Calls a method.
pub(crate) fn call(value: &Value, name: &str, given: Given) -> Result<Value, Stop> {
    if let Value::Live(Live::Object(object)) = value {
        return objects::call_method(&**object, name, given);
    }
    match find(value, name) {
        Some(method) => method(value, given),
        None => Err(Stop::value(format!("a {} has no method `{name}`", value.type_name()))),
    }
}

fn find(value: &Value, name: &str) -> Option<MethodFn> {
    match value {
        Value::Str(_) => strings::find(name).or_else(|| words::find(name)),
        Value::List(_) | Value::Live(Live::List(_)) => containers::list(name),
        Value::Live(Live::Tuple(_)) => containers::tuple(name),
        Value::Map(_) | Value::Live(Live::Map(_) | Live::Mapping(_)) => containers::map(name),
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) | Value::Float(_) => numbers::find(name),
        Value::Bytes(_) => numbers::bytes(name),
        _ => None,
    }
}
