//! Values from and to JSON.

use std::sync::Arc;

use num_bigint::BigInt;
use serde_json::Number as JsonNumber;

use crate::value::{Live, Map, Stop, Value};

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Bool(truth),
            serde_json::Value::Number(number) => from_number(&number),
            serde_json::Value::String(text) => Self::from(text),
            serde_json::Value::Array(items) => items.into_iter().map(Self::from).collect(),
            serde_json::Value::Object(entries) => {
                let map: Map =
                    entries.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
                map.into()
            }
        }
    }
}

impl Value {
    /// The value as JSON. Keys become text as Python's `json.dumps` makes them; numbers that JSON has no form for, bytes
    /// and what is not data become text.
    pub fn to_json(&self) -> Result<serde_json::Value, Stop> {
        Ok(match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(truth) => (*truth).into(),
            Self::Int(number) => (*number).into(),
            Self::BigInt(number) => number.to_string().parse().map_or_else(
                |_| serde_json::Value::String(number.to_string()),
                |number: f64| {
                    JsonNumber::from_f64(number)
                        .map_or(serde_json::Value::Null, serde_json::Value::Number)
                },
            ),
            Self::Float(number) => match JsonNumber::from_f64(*number) {
                Some(number) => serde_json::Value::Number(number),
                None => serde_json::Value::String(crate::value::float_text(*number)),
            },
            Self::Str(text) => serde_json::Value::String(text.to_string()),
            Self::Bytes(bytes) => {
                serde_json::Value::String(String::from_utf8_lossy(bytes).into_owned())
            }
            Self::List(items) => list_to_json(items)?,
            Self::Map(map) => {
                let entries: Result<serde_json::Map<_, _>, Stop> = map
                    .iter()
                    .map(|(key, value)| Ok((json_key(&key.to_value()), value.to_json()?)))
                    .collect();
                serde_json::Value::Object(entries?)
            }
            Self::Omit => serde_json::Value::String("<<Omit>>".to_owned()),
            Self::Unknown(unknown) => return Err(Stop::Unknown(unknown.clone())),
            Self::Live(Live::Undefined(undefined)) => {
                return Err(Stop::Undefined(Arc::clone(undefined)));
            }
            Self::Live(Live::List(list)) => list_to_json(&list.items()?)?,
            Self::Live(Live::Tuple(items)) => list_to_json(items)?,
            Self::Live(Live::Map(map)) => {
                let map: Map = map.entries()?.into_iter().collect();
                Self::from(map).to_json()?
            }
            Self::Live(Live::Mapping(mapping)) => {
                let map: Map = mapping.entries()?.into_iter().collect();
                Self::from(map).to_json()?
            }
            Self::Live(Live::Lazy(lazy)) => lazy.force()?.to_json()?,
            Self::Live(Live::Object(object)) => {
                return Err(Stop::value(format!("a {} is not data", object.type_name())));
            }
        })
    }
}

fn list_to_json(items: &[Value]) -> Result<serde_json::Value, Stop> {
    let items: Result<Vec<_>, Stop> = items.iter().map(Value::to_json).collect();
    Ok(serde_json::Value::Array(items?))
}

fn json_key(key: &Value) -> String {
    match key {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        other => other.to_string(),
    }
}

fn from_number(number: &JsonNumber) -> Value {
    if let Some(whole) = number.as_i64() {
        return Value::Int(whole);
    }
    if let Some(whole) = number.as_u64() {
        return Value::from(BigInt::from(whole));
    }
    Value::Float(number.as_f64().unwrap_or(f64::NAN))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::value::{Key, Value};

    #[test]
    fn json_keeps_types_and_order() {
        let source = r#"{"b":[1,-2.5,null,true,"x"],"a":{"n":18446744073709551615}}"#;
        let value = Value::from(serde_json::from_str::<serde_json::Value>(source).unwrap());
        assert_eq!(
            value.to_string(),
            "{'b': [1, -2.5, None, True, 'x'], 'a': {'n': 18446744073709551615}}"
        );
    }

    #[test]
    fn keys_become_text() {
        let value = Value::map([
            (Key::Int(1), Value::Null),
            (Key::Bool(false), Value::Int(2)),
            (Key::Null, Value::Int(3)),
        ]);
        assert_eq!(value.to_json().unwrap().to_string(), r#"{"1":null,"false":2,"null":3}"#);
    }

    #[test]
    fn what_is_not_known_has_no_json() {
        assert!(Value::list([Value::unknown("x")]).to_json().is_err());
    }
}
