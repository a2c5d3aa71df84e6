//! Attributes, items, and the contents of containers.

use std::ops::Range;
use std::sync::Arc;

use crate::template::eval::Machine;
use crate::template::eval::objects::{self, Method};
use crate::template::methods;
use crate::value::{Key, Live, Map, Missing, Number, Stop, Undefined, Value};

impl Machine {
    /// `value.name`: a method, an item of that name, or undefined.
    pub(crate) fn attribute(
        &mut self,
        value: &Value,
        name: &Arc<str>,
        at: &Range<usize>,
    ) -> Result<Value, Stop> {
        if let Some(through) = passes_through(value) {
            return Ok(through);
        }
        if methods::has(value, name) {
            return Ok(Method::bind(value.clone(), Arc::clone(name)));
        }
        if let Value::Live(Live::Object(object)) = value
            && let Some(attribute) = objects::attribute(self, &**object, name)?
        {
            return Ok(attribute);
        }
        if let (Value::Live(Live::Tuple(items)), "grouper" | "list") = (value, &**name)
            && let [grouper, list] = &**items
        {
            // What `groupby` gives are pairs with names.
            return Ok(if &**name == "list" { list.clone() } else { grouper.clone() });
        }
        match get_str(value, name) {
            Some(item) => item,
            None => Ok(undefined(value, Value::Str(Arc::clone(name)), Some(at))),
        }
    }

    /// `value[key]`: an item, a method of that name, or undefined.
    pub(crate) fn item(
        &mut self,
        value: &Value,
        key: &Value,
        at: &Range<usize>,
    ) -> Result<Value, Stop> {
        for part in [value, key] {
            if let Some(through) = passes_through(part) {
                return Ok(through);
            }
        }
        if let Some(item) = get(value, key)? {
            return Ok(item);
        }
        match key {
            Value::Str(name) if methods::has(value, name) => {
                Ok(Method::bind(value.clone(), Arc::clone(name)))
            }
            Value::Str(name) if matches!(value, Value::Live(Live::Object(_))) => {
                self.attribute(value, name, at)
            }
            _ => Ok(undefined(value, key.clone(), Some(at))),
        }
    }
}

/// What stands for an operation on an undefined or unknown value: that value.
pub(crate) fn passes_through(value: &Value) -> Option<Value> {
    matches!(value, Value::Unknown(_) | Value::Live(Live::Undefined(_))).then(|| value.clone())
}

/// The undefined value that a missing attribute or item is.
pub(crate) fn undefined(owner: &Value, name: Value, at: Option<&Range<usize>>) -> Value {
    let present = match owner {
        Value::Map(map) => map.keys().filter_map(text_key).collect(),
        Value::Live(Live::Map(map)) => map.keys().iter().filter_map(text_key).collect(),
        Value::Live(Live::Mapping(mapping)) => mapping.keys(),
        _ => Vec::new(),
    };
    let missing = Missing::Attribute { owner: owner.type_name(), name, present };
    Value::Live(Live::Undefined(Arc::new(Undefined::new(missing, at.cloned()))))
}

fn text_key(key: &Key) -> Option<Arc<str>> {
    match key {
        Key::Str(text) => Some(Arc::clone(text)),
        _ => None,
    }
}

/// The item of a text key.
pub(crate) fn get_str(value: &Value, key: &str) -> Option<Result<Value, Stop>> {
    match value {
        Value::Map(map) => map.get(key).cloned().map(Ok),
        Value::Live(Live::Map(map)) => map.get(key),
        Value::Live(Live::Mapping(mapping)) => mapping.get(key),
        _ => None,
    }
}

/// The item of any key, if it is there. Of what is unknown, that can't be told.
pub(crate) fn get(value: &Value, key: &Value) -> Result<Option<Value>, Stop> {
    if let Value::Unknown(unknown) = value {
        return Err(Stop::Unknown(unknown.clone()));
    }
    if let Value::Str(key) = key {
        return get_str(value, key).transpose();
    }
    match value {
        Value::Map(map) => Ok(map.get_key(&to_key(key)?).cloned()),
        Value::Live(Live::Map(map)) => map.get_key(&to_key(key)?).transpose(),
        Value::List(items) => Ok(index(key, items.len()).and_then(|at| items.get(at).cloned())),
        Value::Live(Live::Tuple(items)) => {
            Ok(index(key, items.len()).and_then(|at| items.get(at).cloned()))
        }
        Value::Live(Live::List(list)) => {
            index(key, list.len()).and_then(|at| list.get(at)).transpose()
        }
        Value::Str(text) if text.is_ascii() => {
            Ok(index(key, text.len()).and_then(|at| Some(text.get(at..=at)?.into())))
        }
        Value::Str(text) => Ok(index(key, text.chars().count())
            .and_then(|at| text.chars().nth(at))
            .map(|character| Value::from(character.to_string()))),
        Value::Bytes(bytes) => {
            Ok(index(key, bytes.len()).and_then(|at| Some(Value::Int(i64::from(*bytes.get(at)?)))))
        }
        _ => Ok(None),
    }
}

/// A position in a sequence; negative ones count from its end.
fn index(key: &Value, length: usize) -> Option<usize> {
    let Some(Number::Int(number)) = Number::of(key).filter(|_| !matches!(key, Value::Float(_)))
    else {
        return None;
    };
    let number = if number < 0 { number + i64::try_from(length).ok()? } else { number };
    usize::try_from(number).ok().filter(|at| *at < length)
}

/// The key that a value can be.
pub(crate) fn to_key(value: &Value) -> Result<Key, Stop> {
    Ok(match value {
        Value::Null => Key::Null,
        Value::Bool(truth) => Key::Bool(*truth),
        Value::Int(number) => Key::Int(*number),
        Value::BigInt(number) => Key::BigInt(Arc::clone(number)),
        Value::Float(number) => Key::Float(*number),
        Value::Str(text) => Key::Str(Arc::clone(text)),
        Value::Bytes(bytes) => Key::Bytes(Arc::clone(bytes)),
        Value::Live(Live::Tuple(items)) => {
            Key::Tuple(items.iter().map(to_key).collect::<Result<_, _>>()?)
        }
        Value::Live(Live::Undefined(undefined)) => {
            return Err(Stop::Undefined(Arc::clone(undefined)));
        }
        Value::Unknown(unknown) => return Err(Stop::Unknown(unknown.clone())),
        other => {
            return Err(Stop::value(format!(
                "a {} cannot be a key of a mapping",
                other.type_name()
            )));
        }
    })
}

/// What iterating gives: the items of a list, the keys of a mapping, the characters of text. Nothing for what cannot be
/// iterated. Items that are undefined or unknown come as they are.
pub(crate) fn iterate(value: &Value) -> Result<Option<Vec<Value>>, Stop> {
    Ok(Some(match value {
        Value::List(items) => items.to_vec(),
        Value::Live(Live::List(list)) => list.items()?,
        Value::Live(Live::Tuple(items)) => items.to_vec(),
        Value::Map(map) => map.keys().map(Key::to_value).collect(),
        Value::Live(Live::Map(map)) => map.keys().iter().map(Key::to_value).collect(),
        Value::Live(Live::Mapping(mapping)) => mapping.keys().into_iter().map(Value::Str).collect(),
        Value::Str(text) => {
            text.chars().map(|character| Value::from(character.to_string())).collect()
        }
        Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect(),
        Value::Live(Live::Undefined(undefined)) => {
            return Err(Stop::Undefined(Arc::clone(undefined)));
        }
        Value::Unknown(unknown) => return Err(Stop::Unknown(unknown.clone())),
        _ => return Ok(None),
    }))
}

/// What iterating gives; a mistake for what cannot be iterated.
pub(crate) fn items(value: &Value) -> Result<Vec<Value>, Stop> {
    iterate(value)?
        .ok_or_else(|| Stop::value(format!("a {} cannot be iterated", value.type_name())))
}

/// The items of a list or tuple; nothing for anything else.
pub(crate) fn sequence(value: &Value) -> Result<Option<Vec<Value>>, Stop> {
    match value {
        Value::List(_) | Value::Live(Live::List(_) | Live::Tuple(_)) => iterate(value),
        _ => Ok(None),
    }
}

/// The entries of a mapping; nothing for anything else.
pub(crate) fn entries(value: &Value) -> Result<Option<Vec<(Key, Value)>>, Stop> {
    match value {
        Value::Map(map) => {
            Ok(Some(map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()))
        }
        Value::Live(Live::Map(map)) => map.entries().map(Some),
        Value::Live(Live::Mapping(mapping)) => mapping.entries().map(Some),
        _ => Ok(None),
    }
}

/// Whether it is a mapping.
pub(crate) fn is_mapping(value: &Value) -> bool {
    matches!(value, Value::Map(_) | Value::Live(Live::Map(_) | Live::Mapping(_)))
}

/// Whether it is a list or tuple.
pub(crate) fn is_sequence(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Live(Live::List(_) | Live::Tuple(_)))
}

/// How many items, entries or characters it has; nothing for what has no length.
pub(crate) fn length(value: &Value) -> Option<usize> {
    match value {
        Value::List(items) => Some(items.len()),
        Value::Map(map) => Some(map.len()),
        Value::Str(text) => Some(if text.is_ascii() { text.len() } else { text.chars().count() }),
        Value::Bytes(bytes) => Some(bytes.len()),
        Value::Live(Live::List(list)) => Some(list.len()),
        Value::Live(Live::Map(map)) => Some(map.len()),
        Value::Live(Live::Tuple(items)) => Some(items.len()),
        Value::Live(Live::Mapping(mapping)) => Some(mapping.keys().len()),
        _ => None,
    }
}

/// The value as data without live parts, tuples aside. What is undefined or unknown inside stops it.
pub(crate) fn plain(value: &Value) -> Result<Value, Stop> {
    Ok(match value {
        Value::List(items) if items.iter().all(is_plain) => value.clone(),
        Value::List(items) => Value::List(items.iter().map(plain).collect::<Result<_, _>>()?),
        Value::Map(map) if map.values().all(is_plain) => value.clone(),
        Value::Map(map) => {
            let entries: Result<Map, Stop> =
                map.iter().map(|(key, value)| Ok((key.clone(), plain(value)?))).collect();
            entries?.into()
        }
        Value::Live(Live::List(list)) => {
            Value::List(list.items()?.iter().map(plain).collect::<Result<_, _>>()?)
        }
        Value::Live(Live::Tuple(items)) => {
            Value::Live(Live::Tuple(items.iter().map(plain).collect::<Result<_, _>>()?))
        }
        Value::Live(Live::Map(_) | Live::Mapping(_)) => {
            let entries: Result<Map, Stop> = entries(value)?
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| Ok((key, plain(&value)?)))
                .collect();
            entries?.into()
        }
        Value::Live(Live::Lazy(lazy)) => plain(&lazy.force()?)?,
        Value::Live(Live::Undefined(undefined)) => {
            return Err(Stop::Undefined(Arc::clone(undefined)));
        }
        Value::Unknown(unknown) => return Err(Stop::Unknown(unknown.clone())),
        other => other.clone(),
    })
}

/// Whether nothing in it is live or unknown.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Live(_) | Value::Unknown(_) => false,
        Value::List(items) => items.iter().all(is_plain),
        Value::Map(map) => map.values().all(is_plain),
        _ => true,
    }
}
