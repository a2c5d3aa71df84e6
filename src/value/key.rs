//! Keys of mappings.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::Equivalent;

use crate::value::{BigInt, Value};

/// A key of a mapping. As in Python, `1`, `1.0` and `true` are the same key, and `1` and `'1'` are not.
#[derive(Clone)]
pub enum Key {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that does not fit 64 bits.
    BigInt(Arc<BigInt>),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A tuple.
    Tuple(Arc<[Self]>),
}

impl Key {
    /// The text of a string key.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The key as a value.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Int(number) => Value::Int(*number),
            Self::BigInt(number) => Value::BigInt(Arc::clone(number)),
            Self::Float(number) => Value::Float(*number),
            Self::Str(text) => Value::Str(Arc::clone(text)),
            Self::Bytes(bytes) => Value::Bytes(Arc::clone(bytes)),
            Self::Tuple(items) => Value::tuple(items.iter().map(Self::to_value)),
        }
    }

    /// The number that whole-valued keys share, whatever type they are written as.
    fn integral(&self) -> Option<i64> {
        match self {
            Self::Bool(truth) => Some(i64::from(*truth)),
            Self::Int(number) => Some(*number),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 9.0e18 => {
                Some(*number as i64)
            }
            _ => None,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Null, Self::Null) => true,
            (Self::BigInt(a), Self::BigInt(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits() || a == b,
            _ => matches!((self.integral(), other.integral()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(number) = self.integral() {
            1_u8.hash(state);
            return number.hash(state);
        }
        match self {
            Self::Str(text) => text.as_ref().hash(state),
            Self::BigInt(number) => number.hash(state),
            Self::Float(number) => number.to_bits().hash(state),
            Self::Bytes(bytes) => bytes.hash(state),
            Self::Tuple(items) => items.hash(state),
            Self::Null | Self::Bool(_) | Self::Int(_) => 0_u8.hash(state),
        }
    }
}

/// Lets a mapping be asked for text without making a key of it.
pub(super) struct StrKey<'a>(pub(super) &'a str);

impl Hash for StrKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl Equivalent<Key> for StrKey<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        key.as_str() == Some(self.0)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<Arc<str>> for Key {
    fn from(text: Arc<str>) -> Self {
        Self::Str(text)
    }
}

impl From<i64> for Key {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_value(), formatter)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_value(), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::value::{Map, Value};

    #[test]
    fn keys_compare_as_python_compares_them() {
        let mut map = Map::new();
        map.insert(Key::Int(1), Value::from("one"));
        map.insert(Key::Bool(true), Value::from("true"));
        map.insert(Key::Float(1.0), Value::from("float"));
        map.insert("1".into(), Value::from("text"));
        assert_eq!(map.len(), 2);
        assert_eq!(map.get_key(&Key::Int(1)).and_then(Value::as_str), Some("float"));
        assert_eq!(map.get("1").and_then(Value::as_str), Some("text"));
        assert_eq!(
            map.keys().next().map(ToString::to_string).as_deref(),
            Some("1"),
            "the first key stays"
        );
    }
}
