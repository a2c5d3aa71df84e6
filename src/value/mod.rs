//! The values that variables, facts, results and templates have while converge runs.
//!
//! A [`Value`] behaves as Python's would, since templates were written against Python: maps keep their order, `1 == true`
//! as a key, integers have no bound, text prints as `str()` prints it. It is data: no value can become a template again,
//! which is why what a host or a lookup says is never run. What a plan cannot know is [`Value::Unknown`].

mod compare;
mod data;
mod json;
mod key;
mod live;
mod map;
mod number;
mod print;
mod stop;
mod unknown;

use std::sync::Arc;

pub use key::Key;
pub use live::{Lazy, Live, LiveList, LiveMap, Mapping, Object};
pub use map::Map;
pub use num_bigint::BigInt;
pub use number::{Number, int_from_text};
pub use print::{float_text, quoted, repr, text};
pub use stop::{Fault, FaultKind, Missing, Stop, Undefined};
pub use unknown::{Unknown, Why};

/// A value. Cheap to clone.
#[derive(Clone, Default)]
pub enum Value {
    /// `None`, YAML's `null`.
    #[default]
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that does not fit [`Value::Int`].
    BigInt(Arc<BigInt>),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes that need not be text.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Arc<[Self]>),
    /// A mapping in insertion order.
    Map(Arc<Map>),
    /// `omit`: the argument it is given to is as if it was not written.
    Omit,
    /// A value that only applying can tell.
    Unknown(Unknown),
    /// A form that exists only while a template is evaluated; results of the template engine hold none.
    Live(Live),
}

impl Value {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    /// A list of values.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// A mapping.
    pub fn map<K: Into<Key>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// A value that only applying can tell, and why.
    pub fn unknown(why: impl Into<Arc<str>>) -> Self {
        Self::Unknown(Unknown::new(why))
    }

    /// A mapping whose values are made when they are asked for.
    pub fn mapping(mapping: Arc<dyn Mapping>) -> Self {
        Self::Live(Live::Mapping(mapping))
    }

    /// A tuple, which is a list in every result.
    pub fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Live(Live::Tuple(items.into_iter().collect()))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value of a boolean; nothing for any other kind.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// A whole number that fits; booleans are none.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// Whether it is `None`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is `omit`.
    pub fn is_omit(&self) -> bool {
        matches!(self, Self::Omit)
    }

    /// Whether it is not known, itself or anywhere inside; all reasons.
    pub fn unknowns(&self) -> Vec<Why> {
        let mut found = Vec::new();
        self.collect_unknowns(&mut found);
        found
    }

    fn collect_unknowns(&self, found: &mut Vec<Why>) {
        match self {
            Self::Unknown(unknown) => {
                for why in unknown.reasons() {
                    if !found.contains(why) {
                        found.push(why.clone());
                    }
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.collect_unknowns(found)),
            Self::Map(map) => map.values().for_each(|value| value.collect_unknowns(found)),
            Self::Live(Live::Tuple(items)) => {
                items.iter().for_each(|item| item.collect_unknowns(found));
            }
            _ => {}
        }
    }

    /// The truth value Python gives it. An unknown or undefined value has none and counts as false: ask the template
    /// engine where these can occur.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null | Self::Unknown(_) => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::BigInt(_) | Self::Omit => true,
            Self::Float(number) => *number != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Live(live) => live.is_true(),
        }
    }

    /// The name of its type as Python has it: `str`, `int`, `dict`, `NoneType`, …
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "dict",
            Self::Omit => "_OmitType",
            Self::Unknown(_) => "unknown",
            Self::Live(live) => live.type_name(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| Self::BigInt(Arc::new(number.into())), Self::Int)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl From<BigInt> for Value {
    fn from(number: BigInt) -> Self {
        i64::try_from(&number).map_or_else(|_| Self::BigInt(Arc::new(number)), Self::Int)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{BigInt, Value};

    #[test]
    fn big_numbers_shrink_to_ordinary_ones() {
        assert!(matches!(Value::from(BigInt::from(7)), Value::Int(7)));
        assert!(matches!(Value::from(u64::MAX), Value::BigInt(_)));
    }

    #[test]
    fn unknowns_are_found_at_any_depth() {
        let value = Value::list([
            Value::Int(1),
            Value::map([("a", Value::unknown("the output of a command"))]),
        ]);
        assert_eq!(value.unknowns().len(), 1);
        assert_eq!(value.unknowns()[0].reason(), "the output of a command");
        assert!(Value::Int(1).unknowns().is_empty());
    }

    #[test]
    fn a_value_stays_small() {
        assert!(size_of::<Value>() <= 24);
    }
}
