//! The arguments that a filter, test, lookup or function was given.

use std::sync::Arc;

use crate::value::{Number, Stop, Value, text};

/// Arguments by position and by name. They are taken one parameter after the other, in the order in which the callee
/// declares them; [`Given::finish`] then complains about what is left.
#[derive(Debug, Default)]
pub(crate) struct Given {
    positional: std::vec::IntoIter<Value>,
    named: Vec<(Arc<str>, Value)>,
}

impl Given {
    pub(crate) fn new(positional: Vec<Value>, named: Vec<(Arc<str>, Value)>) -> Self {
        Self { positional: positional.into_iter(), named }
    }

    /// The arguments by position that were not taken yet.
    pub(crate) fn positional(&self) -> &[Value] {
        self.positional.as_slice()
    }

    /// The arguments by name that were not taken yet.
    pub(crate) fn named(&self) -> &[(Arc<str>, Value)] {
        &self.named
    }

    /// The next parameter, which must be given.
    pub(crate) fn value(&mut self, name: &str) -> Result<Value, Stop> {
        self.optional(name)?
            .ok_or_else(|| Stop::argument(format!("the argument `{name}` is missing")))
    }

    /// The next parameter, which may be left out.
    pub(crate) fn optional(&mut self, name: &str) -> Result<Option<Value>, Stop> {
        let named = self.by_name(name);
        match (self.positional.next(), named) {
            (Some(_), Some(_)) => {
                Err(Stop::argument(format!("the argument `{name}` is given twice")))
            }
            (positional, named) => Ok(positional.or(named)),
        }
    }

    /// A parameter that can be given by name only.
    pub(crate) fn by_name(&mut self, name: &str) -> Option<Value> {
        let index = self.named.iter().position(|(given, _)| &**given == name)?;
        Some(self.named.remove(index).1)
    }

    /// The next parameter as `str()` prints it; it must be given.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Stop> {
        text(&self.value(name)?)
    }

    /// The next parameter as `str()` prints it.
    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Stop> {
        match self.optional(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(value) => text(&value).map(Some),
        }
    }

    /// The next parameter's truth value.
    pub(crate) fn flag(&mut self, name: &str, default: bool) -> Result<bool, Stop> {
        Ok(self.optional(name)?.map_or(default, |value| value.is_true()))
    }

    /// The next parameter as a whole number.
    pub(crate) fn optional_int(&mut self, name: &str) -> Result<Option<i64>, Stop> {
        match self.optional(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(value) => int(name, &value).map(Some),
        }
    }

    /// All arguments by position that are left.
    pub(crate) fn rest(&mut self) -> Vec<Value> {
        self.positional.by_ref().collect()
    }

    /// All arguments by name that are left.
    pub(crate) fn named_rest(&mut self) -> Vec<(Arc<str>, Value)> {
        std::mem::take(&mut self.named)
    }

    /// Refuses arguments that no parameter took.
    pub(crate) fn finish(mut self) -> Result<(), Stop> {
        if let Some((name, _)) = self.named.first() {
            return Err(Stop::argument(format!("there is no argument `{name}`")));
        }
        match self.positional.next() {
            Some(value) => {
                Err(Stop::argument(format!("there are too many arguments; {value:?} is left over")))
            }
            None => Ok(()),
        }
    }
}

/// A whole number, as Python takes an index or count.
pub(crate) fn int(name: &str, value: &Value) -> Result<i64, Stop> {
    match (value, Number::of(value)) {
        (Value::Float(_), _) | (_, None) => Err(Stop::argument(format!(
            "the argument `{name}` must be a whole number, not {value:?}"
        ))),
        (_, Some(Number::Int(number))) => Ok(number),
        (_, Some(_)) => Err(Stop::argument(format!("the argument `{name}` is too large: {value}"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Given;
    use crate::value::Value;

    #[test]
    fn parameters_are_taken_in_order_or_by_name() {
        let mut given = Given::new(
            vec![Value::Int(1)],
            vec![("c".into(), Value::from("x")), ("b".into(), Value::Int(2))],
        );
        assert_eq!(given.value("a").unwrap(), Value::Int(1));
        assert_eq!(given.optional_int("b").unwrap(), Some(2));
        assert_eq!(given.text("c").unwrap(), "x");
        assert!(given.flag("d", true).unwrap());
        given.finish().unwrap();
    }

    #[test]
    fn wrong_arguments_are_told() {
        let message = |result: Result<(), crate::value::Stop>| result.unwrap_err().to_string();
        assert_eq!(
            Given::default().value("a").unwrap_err().to_string(),
            "the argument `a` is missing"
        );
        assert_eq!(
            message(Given::new(vec![Value::Int(1)], vec![]).finish()),
            "there are too many arguments; 1 is left over"
        );
        assert_eq!(
            message(Given::new(vec![], vec![("z".into(), Value::Null)]).finish()),
            "there is no argument `z`"
        );
        let mut twice = Given::new(vec![Value::Int(1)], vec![("a".into(), Value::Null)]);
        assert!(twice.value("a").is_err());
    }
}
