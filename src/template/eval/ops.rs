//! Operators, as Python has them.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::template::ast::{Binary, Compare};
use crate::template::datetime;
use crate::template::eval::access::{entries, is_sequence, items, length, plain, sequence, to_key};
use crate::template::printf;
use crate::value::{Live, LiveList, Number, Stop, Value};

/// No string or list made by `*` gets larger than this.
const MAX_REPEATED: usize = 50_000_000;

/// Arithmetic and its like on text and lists.
pub(crate) fn binary(operator: Binary, left: &Value, right: &Value) -> Result<Value, Stop> {
    if let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) {
        return match operator {
            Binary::Add => Ok(a.add(&b)),
            Binary::Subtract => Ok(a.subtract(&b)),
            Binary::Multiply => Ok(a.multiply(&b)),
            Binary::Divide => a.divide(&b),
            Binary::FloorDivide => a.floor_divide(&b),
            Binary::Modulo => a.modulo(&b),
            Binary::Power => a.power(&b),
        };
    }
    let done = match (operator, left, right) {
        (Binary::Add, Value::Str(a), Value::Str(b)) => Some(Value::from([&**a, &**b].concat())),
        (Binary::Add, Value::Bytes(a), Value::Bytes(b)) => {
            Some(Value::Bytes([&**a, &**b].concat().into()))
        }
        (Binary::Add, Value::Live(Live::Tuple(a)), Value::Live(Live::Tuple(b))) => {
            Some(Value::tuple(a.iter().chain(b.iter()).cloned()))
        }
        (Binary::Add, Value::Live(Live::Tuple(_)), _)
        | (Binary::Add, _, Value::Live(Live::Tuple(_))) => None,
        (Binary::Add, a, b) if is_sequence(a) && is_sequence(b) => {
            let mut items = items(a)?;
            items.extend(self::items(b)?);
            Some(Value::Live(Live::List(LiveList::new(items))))
        }
        (Binary::Multiply, Value::Int(_) | Value::Bool(_), other) => repeat(other, left)?,
        (Binary::Multiply, other, Value::Int(_) | Value::Bool(_)) => repeat(other, right)?,
        (Binary::Modulo, Value::Str(format), arguments) => {
            Some(Value::from(printf::format(format, arguments)?))
        }
        _ => datetime::binary(operator, left, right).transpose()?,
    };
    done.ok_or_else(|| {
        let fault = Stop::value(format!(
            "`{}` cannot join {} and {}",
            operator.symbol(),
            left.type_name(),
            right.type_name()
        ));
        let text = |value: &Value| matches!(value, Value::Str(_));
        match operator {
            Binary::Add if text(left) || text(right) => {
                fault.help("`~` joins anything as text; `| int` makes a number of text")
            }
            _ => fault,
        }
    })
}

fn repeat(value: &Value, count: &Value) -> Result<Option<Value>, Stop> {
    let Some(Number::Int(count)) = Number::of(count) else { return Ok(None) };
    let count = usize::try_from(count).unwrap_or(0);
    let Some(size) = length(value) else { return Ok(None) };
    if size.checked_mul(count).is_none_or(|size| size > MAX_REPEATED) {
        return Err(Stop::value("the repeated value is too large"));
    }
    Ok(match value {
        Value::Str(text) => Some(Value::from(text.repeat(count))),
        Value::Live(Live::Tuple(items)) => Some(Value::tuple(repeated(items, count))),
        list => sequence(list)?
            .map(|items| Value::Live(Live::List(LiveList::new(repeated(&items, count))))),
    })
}

fn repeated(items: &[Value], count: usize) -> Vec<Value> {
    std::iter::repeat_n(items, count).flatten().cloned().collect()
}

/// `-value`
pub(crate) fn negate(value: &Value) -> Result<Value, Stop> {
    Number::of(value)
        .map(|number| number.negate())
        .ok_or_else(|| Stop::value(format!("`-` needs a number, not {}", value.type_name())))
}

/// `+value`
pub(crate) fn plus(value: &Value) -> Result<Value, Stop> {
    Number::of(value)
        .map(Number::into_value)
        .ok_or_else(|| Stop::value(format!("`+` needs a number, not {}", value.type_name())))
}

/// A comparison.
pub(crate) fn compare(operator: Compare, left: &Value, right: &Value) -> Result<bool, Stop> {
    match operator {
        Compare::Equal => equal(left, right),
        Compare::NotEqual => Ok(!equal(left, right)?),
        Compare::In => contains(right, left),
        Compare::NotIn => Ok(!contains(right, left)?),
        Compare::Less => ordered(operator, left, right, Ordering::is_lt),
        Compare::LessOrEqual => ordered(operator, left, right, Ordering::is_le),
        Compare::Greater => ordered(operator, left, right, Ordering::is_gt),
        Compare::GreaterOrEqual => ordered(operator, left, right, Ordering::is_ge),
    }
}

fn ordered(
    operator: Compare,
    left: &Value,
    right: &Value,
    holds: fn(Ordering) -> bool,
) -> Result<bool, Stop> {
    if let Some(order) = datetime::order(left, right) {
        return Ok(holds(order));
    }
    Ok(plain(left)?.order(&plain(right)?, operator.symbol())?.is_some_and(holds))
}

/// `==`
pub(crate) fn equal(left: &Value, right: &Value) -> Result<bool, Stop> {
    if let (Value::Str(a), Value::Str(b)) = (left, right) {
        return Ok(a == b);
    }
    Ok(plain(left)? == plain(right)?)
}

/// `item in container`
pub(crate) fn contains(container: &Value, item: &Value) -> Result<bool, Stop> {
    match container {
        Value::Str(text) => match item {
            Value::Str(part) => Ok(text.contains(&**part)),
            Value::Live(Live::Undefined(undefined)) => Err(Stop::Undefined(Arc::clone(undefined))),
            other => {
                Err(Stop::value(format!("`in` finds text in text, not {}", other.type_name())))
            }
        },
        Value::Map(map) => Ok(map.get_key(&to_key(item)?).is_some()),
        Value::Live(Live::Map(map)) => Ok(map.contains(&to_key(item)?)),
        Value::Live(Live::Mapping(mapping)) => {
            Ok(item.as_str().is_some_and(|key| mapping.keys().iter().any(|other| &**other == key)))
        }
        _ => {
            let item = plain(item)?;
            for other in items(container)? {
                if plain(&other)? == item {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// `value[start:stop:step]`
pub(crate) fn slice(
    value: &Value,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> Result<Value, Stop> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Stop::value("the step of a slice cannot be 0"));
    }
    let pick = |length: usize| indices(length, start, stop, step);
    Ok(match value {
        Value::Str(text) => {
            let characters: Vec<char> = text.chars().collect();
            Value::from(
                pick(characters.len()).into_iter().map(|at| characters[at]).collect::<String>(),
            )
        }
        Value::Bytes(bytes) => {
            Value::Bytes(pick(bytes.len()).into_iter().map(|at| bytes[at]).collect())
        }
        Value::Live(Live::Tuple(items)) => {
            Value::tuple(pick(items.len()).into_iter().map(|at| items[at].clone()))
        }
        _ => match sequence(value)? {
            Some(items) => {
                let picked = pick(items.len()).into_iter().map(|at| items[at].clone()).collect();
                Value::Live(Live::List(LiveList::new(picked)))
            }
            None if entries(value)?.is_some() => return Err(Stop::value("a dict has no slices")),
            None => return Err(Stop::value(format!("a {} has no slices", value.type_name()))),
        },
    })
}

/// The positions that a slice picks, by Python's rules.
fn indices(length: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> Vec<usize> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place = |at: i64| if at < 0 { (at + length).max(lowest) } else { at.min(highest) };
    let mut at = start.map_or(if step > 0 { lowest } else { highest }, place);
    let stop = stop.map_or(if step > 0 { highest } else { lowest }, place);
    let mut picked = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        picked.extend(usize::try_from(at).ok());
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    picked
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::slice;
    use crate::value::Value;

    #[test]
    fn slices_are_pythons() {
        for (start, stop, step, want) in [
            (None, None, None, "abcde"),
            (Some(1), None, None, "bcde"),
            (None, Some(-1), None, "abcd"),
            (Some(-2), None, None, "de"),
            (None, None, Some(-1), "edcba"),
            (Some(3), Some(0), Some(-2), "db"),
            (Some(10), Some(-10), Some(-1), "edcba"),
            (Some(4), Some(2), None, ""),
            (None, None, Some(2), "ace"),
        ] {
            assert_eq!(slice(&Value::from("abcde"), start, stop, step).unwrap(), Value::from(want));
        }
    }
}
