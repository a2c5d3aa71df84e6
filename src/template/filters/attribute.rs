//! Attributes of items, named by a path: `user.name`, `0.x`.

use crate::template::eval::access::{get, undefined};
use crate::value::{Live, Stop, Value};

/// A path of names and indices.
pub(super) struct Path {
    parts: Vec<Value>,
    default: Option<Value>,
}

impl Path {
    /// The path that an argument names: text with dots, or an index.
    pub(super) fn new(attribute: &Value, default: Option<Value>) -> Self {
        let parts = match attribute {
            Value::Str(text) => text
                .split('.')
                .map(|part| {
                    part.parse::<i64>()
                        .ok()
                        .filter(|_| !part.starts_with(['-', '+']))
                        .map_or_else(|| part.into(), Value::Int)
                })
                .collect(),
            Value::Null => Vec::new(),
            other => vec![other.clone()],
        };
        Self { parts, default }
    }

    /// Several paths with commas between.
    pub(super) fn several(attribute: &Value) -> Vec<Self> {
        match attribute {
            Value::Str(text) => {
                text.split(',').map(|part| Self::new(&Value::from(part), None)).collect()
            }
            other => vec![Self::new(other, None)],
        }
    }

    /// What the path leads to; undefined, or the default, if it leads nowhere.
    pub(super) fn of(&self, item: &Value) -> Result<Value, Stop> {
        let mut value = item.clone();
        for part in &self.parts {
            let next = match (get(&value, part)?, part) {
                (Some(next), _) => next,
                // The path of a mapping may have a number for a name.
                (None, Value::Int(number)) => {
                    let name = Value::from(number.to_string());
                    get(&value, &name)?.unwrap_or_else(|| undefined(&value, name, None))
                }
                (None, part) => match value {
                    Value::Live(Live::Undefined(_)) | Value::Unknown(_) => return Ok(value),
                    _ => undefined(&value, part.clone(), None),
                },
            };
            value = match (&next, &self.default) {
                (Value::Live(Live::Undefined(_)), Some(default)) => default.clone(),
                _ => next,
            };
        }
        Ok(value)
    }
}
