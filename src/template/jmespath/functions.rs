//! The functions of the language.

use std::cmp::Ordering;

use crate::template::filters::float_from_text;
use crate::template::jmespath::Expr;
use crate::template::jmespath::eval::eval;
use crate::template::jsontext::{Layout, write};
use crate::value::{Map, Number, Stop, Value, int_from_text};

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Expr], value: &Value) -> Result<Value, Stop> {
    let count = match name {
        "not_null" | "merge" => arguments.len().max(1),
        "contains" | "ends_with" | "join" | "map" | "max_by" | "min_by" | "sort_by"
        | "starts_with" => 2,
        "abs" | "avg" | "ceil" | "floor" | "keys" | "length" | "max" | "min" | "reverse"
        | "sort" | "sum" | "to_array" | "to_number" | "to_string" | "type" | "values" => 1,
        _ => return Err(Stop::value(format!("there is no function `{name}` in queries"))),
    };
    if arguments.len() != count {
        return Err(Stop::value(format!(
            "`{name}` takes {count} arguments, not {}",
            arguments.len()
        )));
    }
    if name == "map" {
        let [Expr::Reference(expr), list] = arguments else {
            return Err(wrong(name, "an expression and a list"));
        };
        let Value::List(items) = eval(list, value)? else {
            return Err(wrong(name, "an expression and a list"));
        };
        return Ok(items
            .iter()
            .map(|item| eval(expr, item))
            .collect::<Result<Vec<_>, _>>()?
            .into());
    }
    if name.ends_with("_by") {
        let [list, Expr::Reference(expr)] = arguments else {
            return Err(wrong(name, "a list and an expression"));
        };
        let Value::List(items) = eval(list, value)? else {
            return Err(wrong(name, "a list and an expression"));
        };
        return by(name, &items, expr);
    }
    let values: Vec<Value> =
        arguments.iter().map(|argument| eval(argument, value)).collect::<Result<_, _>>()?;
    plain(name, &values)
}

fn wrong(name: &str, wanted: &str) -> Stop {
    Stop::value(format!("`{name}` takes {wanted}"))
}

fn plain(name: &str, values: &[Value]) -> Result<Value, Stop> {
    let number = |value: &Value| match value {
        Value::Bool(_) => Err(wrong(name, "a number")),
        other => Number::of(other).ok_or_else(|| wrong(name, "a number")),
    };
    Ok(match (name, values) {
        ("abs", [value]) => {
            let number = number(value)?;
            let negative = number.order(&Number::Int(0)) == Some(Ordering::Less);
            if negative { number.negate() } else { number.into_value() }
        }
        ("ceil" | "floor", [value]) => match number(value)? {
            Number::Float(number) => {
                Number::Float(if name == "ceil" { number.ceil() } else { number.floor() })
                    .truncate()?
            }
            whole => whole.into_value(),
        },
        ("sum", [Value::List(items)]) => {
            let mut total = Value::Int(0);
            for item in items.iter() {
                total = number(&total)?.add(&number(item)?);
            }
            total
        }
        ("avg", [Value::List(items)]) if items.is_empty() => Value::Null,
        ("avg", [Value::List(items)]) => {
            let mut total = 0.0;
            for item in items.iter() {
                total += number(item)?.to_f64();
            }
            Value::Float(total / items.len() as f64)
        }
        ("contains", [Value::Str(text), Value::Str(part)]) => Value::Bool(text.contains(&**part)),
        ("contains", [Value::List(items), item]) => Value::Bool(items.contains(item)),
        ("contains", [Value::Str(_), _]) => Value::Bool(false),
        ("starts_with", [Value::Str(text), Value::Str(part)]) => {
            Value::Bool(text.starts_with(&**part))
        }
        ("ends_with", [Value::Str(text), Value::Str(part)]) => Value::Bool(text.ends_with(&**part)),
        ("join", [Value::Str(between), Value::List(items)]) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.ok_or_else(|| wrong(name, "a text and a list of texts"))?.join(between).into()
        }
        ("keys", [Value::Map(map)]) => Value::list(map.keys().map(crate::value::Key::to_value)),
        ("values", [Value::Map(map)]) => Value::list(map.values().cloned()),
        ("length", [Value::Str(text)]) => Value::from(text.chars().count()),
        ("length", [Value::List(items)]) => Value::from(items.len()),
        ("length", [Value::Map(map)]) => Value::from(map.len()),
        ("reverse", [Value::Str(text)]) => text.chars().rev().collect::<String>().into(),
        ("reverse", [Value::List(items)]) => Value::list(items.iter().rev().cloned()),
        ("sort" | "max" | "min", [Value::List(items)]) => {
            let mut sorted = items.to_vec();
            sort(name, &mut sorted, |item| Ok(item.clone()))?;
            chosen(name, sorted)
        }
        ("merge", maps) => {
            let mut merged = Map::new();
            for map in maps {
                let Value::Map(map) = map else { return Err(wrong(name, "mappings")) };
                merged.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            merged.into()
        }
        ("not_null", values) => {
            values.iter().find(|value| !value.is_null()).cloned().unwrap_or_default()
        }
        ("to_array", [Value::List(items)]) => Value::List(items.clone()),
        ("to_array", [other]) => Value::list([other.clone()]),
        ("to_number", [Value::Str(text)]) => int_from_text(text, 10)
            .or_else(|| float_from_text(text).map(Value::Float))
            .unwrap_or_default(),
        ("to_number", [value]) => match value {
            Value::Int(_) | Value::BigInt(_) | Value::Float(_) => value.clone(),
            _ => Value::Null,
        },
        ("to_string", [Value::Str(text)]) => Value::Str(text.clone()),
        ("to_string", [other]) => {
            let layout = Layout {
                item: ",".to_owned(),
                key: ":".to_owned(),
                ascii: false,
                ..Layout::default()
            };
            write(other, &layout)?.into()
        }
        ("type", [value]) => match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Str(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
            _ => "number",
        }
        .into(),
        _ => return Err(wrong(name, "arguments of another type")),
    })
}

fn by(name: &str, items: &[Value], expr: &Expr) -> Result<Value, Stop> {
    let mut sorted = items.to_vec();
    sort(name, &mut sorted, |item| eval(expr, item))?;
    Ok(chosen(name, sorted))
}

/// The whole list, or its smallest or largest item.
fn chosen(name: &str, mut sorted: Vec<Value>) -> Value {
    match name {
        "sort" | "sort_by" => sorted.into(),
        "min" | "min_by" => sorted.into_iter().next().unwrap_or_default(),
        _ => sorted.pop().unwrap_or_default(),
    }
}

/// Sorts by keys that are all numbers or all text.
fn sort(
    name: &str,
    items: &mut Vec<Value>,
    key: impl Fn(&Value) -> Result<Value, Stop>,
) -> Result<(), Stop> {
    let mut keyed = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        keyed.push((key(&item)?, item));
    }
    let all = |is: fn(&Value) -> bool| keyed.iter().all(|(key, _)| is(key));
    let fits = all(|key| matches!(key, Value::Str(_)))
        || all(|key| matches!(key, Value::Int(_) | Value::BigInt(_) | Value::Float(_)));
    if !fits {
        return Err(wrong(name, "a list of numbers or of texts"));
    }
    keyed.sort_by(|(a, _), (b, _)| a.order(b, "<").ok().flatten().unwrap_or(Ordering::Equal));
    items.extend(keyed.into_iter().map(|(_, item)| item));
    Ok(())
}
