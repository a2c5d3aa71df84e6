//! Jinja2's own functions, and `undef`.

use crate::template::args::{Given, int};
use crate::template::datetime;
use crate::template::eval::Machine;
use crate::template::eval::access::{entries, items, to_key};
use crate::template::eval::call::undefined_hint;
use crate::template::eval::objects::{Cycler, Joiner, Namespace};
use crate::value::{Key, Live, LiveMap, Map, Stop, Value};

/// The longest range; Jinja2's sandbox has the same limit.
const MAX_RANGE: i64 = 100_000;

/// `range(start, stop, step)`
pub(super) fn range(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let bounds = given.rest();
    given.finish()?;
    let numbers: Result<Vec<i64>, Stop> = bounds.iter().map(|bound| int("range", bound)).collect();
    let (start, stop, step) = match numbers?.as_slice() {
        [stop] => (0, *stop, 1),
        [start, stop] => (*start, *stop, 1),
        [start, stop, step] => (*start, *stop, *step),
        other => {
            return Err(Stop::argument(format!(
                "one to three numbers are expected, not {}",
                other.len()
            )));
        }
    };
    if step == 0 {
        return Err(Stop::argument("the step cannot be 0"));
    }
    let span = if step > 0 { stop.saturating_sub(start) } else { start.saturating_sub(stop) };
    if span / step.abs().max(1) > MAX_RANGE {
        return Err(Stop::argument(format!("the range is longer than {MAX_RANGE}")));
    }
    let mut numbers = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        numbers.push(Value::Int(at));
        at += step;
    }
    Ok(numbers.into())
}

/// `dict(a=1, **b)`
pub(super) fn dict(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let mut map = Map::new();
    if let Some(first) = given.optional("mapping")? {
        match entries(&first)? {
            Some(entries) => map.extend(entries),
            None => {
                for pair in items(&first)? {
                    match items(&pair)?.as_slice() {
                        [key, value] => map.insert(to_key(key)?, value.clone()),
                        other => {
                            return Err(Stop::value(format!(
                                "pairs are expected, not {} values",
                                other.len()
                            )));
                        }
                    };
                }
            }
        }
    }
    map.extend(given.named_rest().into_iter().map(|(name, value)| (Key::Str(name), value)));
    given.finish()?;
    Ok(Value::Live(Live::Map(LiveMap::new(map))))
}

/// `namespace(a=1)`
pub(super) fn namespace(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let mut attributes = Vec::new();
    if let Some(first) = given.optional("mapping")? {
        for (key, value) in entries(&first)?.unwrap_or_default() {
            attributes.push((key.to_string().into(), value));
        }
    }
    attributes.extend(given.named_rest());
    given.finish()?;
    Ok(Namespace::object(attributes))
}

/// `cycler(a, b)`
pub(super) fn cycler(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let values = given.rest();
    given.finish()?;
    if values.is_empty() {
        return Err(Stop::argument("at least one value is expected"));
    }
    Ok(Cycler::object(values))
}

/// `joiner(', ')`
pub(super) fn joiner(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let separator = given.optional("sep")?.unwrap_or_else(|| Value::from(", "));
    given.finish()?;
    Ok(Joiner::object(separator))
}

/// `undef(hint='…')`
pub(super) fn undef(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let hint = given.optional_text("hint")?;
    given.finish()?;
    Ok(undefined_hint(hint.as_deref().unwrap_or("the value is declared undefined")))
}

/// `now(utc, fmt)`
pub(super) fn now(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let utc = given.flag("utc", false)?;
    let format = given.optional_text("fmt")?;
    given.finish()?;
    match format {
        None => Ok(datetime::now(utc)),
        Some(format) => datetime::format_second(&format, None, utc).map(Value::from),
    }
}
