//! The types of options, with Ansible's coercions.

use crate::plan::eval::Eval;
use crate::value::{Key, Map, Value};

/// The types that there are.
pub(super) const KINDS: [&str; 11] =
    ["str", "int", "float", "bool", "list", "dict", "path", "raw", "json", "jsonarg", "bytes"];

/// The value as an option of type `kind` takes it; none where it is not of that type.
pub(super) fn coerce(eval: &Eval, value: &Value, kind: &str) -> Option<Value> {
    match kind {
        "int" => integer(value),
        "float" => float(value),
        "bool" => eval.boolean(value).ok().map(Value::Bool),
        "list" => list(eval, value),
        "dict" => dict(value),
        "bytes" => bytes(value),
        "path" => (!matches!(value, Value::List(_) | Value::Map(_))).then(|| value.clone()),
        // Anything can be made text.
        _ => Some(value.clone()),
    }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) => Some(value.clone()),
        Value::Float(number) if number.fract() == 0.0 => Some(Value::Int(*number as i64)),
        Value::Str(text) => text.trim().parse().ok().map(Value::Int),
        _ => None,
    }
}

fn float(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::BigInt(_) | Value::Bool(_) | Value::Float(_) => Some(value.clone()),
        Value::Str(text) => text.trim().parse().ok().map(Value::Float),
        _ => None,
    }
}

/// Text between commas is a list, and so is a number by itself.
fn list(eval: &Eval, value: &Value) -> Option<Value> {
    match value {
        Value::List(_) => Some(value.clone()),
        Value::Str(text) => Some(Value::list(text.split(',').map(|item| item.trim().into()))),
        Value::Int(_) | Value::Float(_) | Value::BigInt(_) => {
            Some(Value::list([Value::text(eval.shown(value).ok()?)]))
        }
        _ => None,
    }
}

/// JSON, or words `name=value`, are a mapping too.
fn dict(value: &Value) -> Option<Value> {
    let Value::Str(text) = value else {
        return value.as_map().is_some().then(|| value.clone());
    };
    let text = text.trim();
    if text.starts_with('{') {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        return json.is_object().then(|| json.into());
    }
    let words = shlex::split(&text.replace(',', " "))?;
    let mut map = Map::new();
    for word in &words {
        let (name, value) = word.split_once('=')?;
        map.insert(Key::from(name), value.into());
    }
    (!map.is_empty()).then(|| map.into())
}

/// `10MB` and the like.
fn bytes(value: &Value) -> Option<Value> {
    let Value::Str(text) = value else { return integer(value) };
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text[number.len()..].trim();
    let known = unit.is_empty() || "YZEPTGMKB".contains(unit.chars().next()?.to_ascii_uppercase());
    number.trim().parse::<f64>().ok().filter(|_| known).map(|_| value.clone())
}
