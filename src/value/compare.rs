//! Equality and order as Python has them.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::value::{Live, Map, Number, Stop, Value};

impl PartialEq for Value {
    /// Python's `==` on data. Unknown, undefined and omitted values are equal only to themselves.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Null, Self::Null) | (Self::Omit, Self::Omit) => true,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => Arc::ptr_eq(a, b) || maps_equal(a, b),
            (Self::Unknown(a), Self::Unknown(b)) => a == b,
            (Self::Live(Live::Tuple(a)), Self::Live(Live::Tuple(b))) => a == b,
            (Self::Live(Live::List(a)), Self::Live(Live::List(b))) => Arc::ptr_eq(a, b),
            (Self::Live(Live::Map(a)), Self::Live(Live::Map(b))) => Arc::ptr_eq(a, b),
            (Self::Live(Live::Mapping(a)), Self::Live(Live::Mapping(b))) => Arc::ptr_eq(a, b),
            (Self::Live(Live::Undefined(a)), Self::Live(Live::Undefined(b))) => Arc::ptr_eq(a, b),
            (Self::Live(Live::Object(a)), Self::Live(Live::Object(b))) => Arc::ptr_eq(a, b),
            (a, b) => match (Number::of(a), Number::of(b)) {
                (Some(a), Some(b)) => a.order(&b) == Some(Ordering::Equal),
                _ => false,
            },
        }
    }
}

impl Value {
    /// The order of two values of data, as Python's `<` finds it; a fault where Python refuses to compare.
    pub fn order(&self, other: &Self, operator: &str) -> Result<Option<Ordering>, Stop> {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => Ok(Some(a.cmp(b))),
            (Self::Bytes(a), Self::Bytes(b)) => Ok(Some(a.cmp(b))),
            (Self::List(a), Self::List(b)) => sequences(a, b, operator),
            (Self::Live(Live::Tuple(a)), Self::Live(Live::Tuple(b))) => sequences(a, b, operator),
            (a, b) => match (Number::of(a), Number::of(b)) {
                (Some(a), Some(b)) => Ok(a.order(&b)),
                _ => Err(Stop::value(format!(
                    "`{operator}` cannot compare {} with {}",
                    a.type_name(),
                    b.type_name()
                ))),
            },
        }
    }
}

fn maps_equal(a: &Map, b: &Map) -> bool {
    a.len() == b.len() && a.iter().all(|(key, value)| b.get_key(key) == Some(value))
}

fn sequences(a: &[Value], b: &[Value], operator: &str) -> Result<Option<Ordering>, Stop> {
    for (x, y) in a.iter().zip(b) {
        if x != y {
            return x.order(y, operator);
        }
    }
    Ok(Some(a.len().cmp(&b.len())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cmp::Ordering;

    use crate::value::{Key, Value};

    #[test]
    fn equality_is_pythons() {
        assert_eq!(Value::Int(1), Value::Float(1.0));
        assert_eq!(Value::Int(1), Value::Bool(true));
        assert_ne!(Value::Int(1), Value::from("1"));
        assert_ne!(Value::Null, Value::Bool(false));
        assert_ne!(Value::list([Value::Int(1)]), Value::tuple([Value::Int(1)]));
        let one = Value::map([(Key::Int(1), Value::Null), ("a".into(), Value::Int(2))]);
        let other = Value::map([(Key::from("a"), Value::Int(2)), (Key::Bool(true), Value::Null)]);
        assert_eq!(one, other, "order does not matter");
        assert_ne!(Value::Float(f64::NAN), Value::Float(f64::NAN));
    }

    #[test]
    fn order_is_pythons() {
        let order = |a: Value, b: Value| a.order(&b, "<").unwrap();
        assert_eq!(order(Value::from("B"), Value::from("a")), Some(Ordering::Less));
        assert_eq!(
            order(Value::list([Value::Int(1)]), Value::list([Value::Int(1), Value::Int(0)])),
            Some(Ordering::Less)
        );
        assert_eq!(order(Value::Float(1.5), Value::Int(1)), Some(Ordering::Greater));
        assert!(Value::Int(1).order(&Value::from("a"), "<").is_err());
        assert!(Value::Null.order(&Value::Null, "<").is_err());
    }
}
