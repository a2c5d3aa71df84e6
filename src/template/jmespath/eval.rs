//! What an expression finds.

use std::cmp::Ordering;

use crate::template::eval::ops;
use crate::template::evaluate::finished;
use crate::template::jmespath::{Expr, functions};
use crate::value::{Map, Number, Stop, Value};

/// Evaluates an expression on a value of data.
pub(super) fn eval(expr: &Expr, value: &Value) -> Result<Value, Stop> {
    Ok(match expr {
        Expr::Current => value.clone(),
        Expr::Literal(literal) => literal.clone(),
        Expr::Field(name) => value.get(name).cloned().unwrap_or_default(),
        Expr::Index(index) => at(value, *index),
        Expr::Slice([start, stop, step]) => match value {
            Value::List(_) => {
                finished(&ops::slice(value, *start, *stop, *step)?)?.unwrap_or_default()
            }
            _ => Value::Null,
        },
        Expr::Sub(left, right) => eval(right, &eval(left, value)?)?,
        Expr::Flatten(inner) => match eval(inner, value)? {
            Value::List(items) => flattened(&items),
            _ => Value::Null,
        },
        Expr::Project(left, right) => match eval(left, value)? {
            Value::List(items) => project(items.iter(), right)?,
            _ => Value::Null,
        },
        Expr::ProjectValues(left, right) => match eval(left, value)? {
            Value::Map(map) => project(map.values(), right)?,
            _ => Value::Null,
        },
        Expr::Filter(left, condition, right) => match eval(left, value)? {
            Value::List(items) => {
                let mut kept = Vec::new();
                for item in items.iter() {
                    if holds(&eval(condition, item)?) {
                        kept.push(item.clone());
                    }
                }
                project(kept.iter(), right)?
            }
            _ => Value::Null,
        },
        Expr::List(_) | Expr::Map(_) if value.is_null() => Value::Null,
        Expr::List(items) => {
            let items: Result<Vec<Value>, Stop> =
                items.iter().map(|item| eval(item, value)).collect();
            items?.into()
        }
        Expr::Map(entries) => {
            let entries: Result<Map, Stop> = entries
                .iter()
                .map(|(name, item)| Ok((name.as_str().into(), eval(item, value)?)))
                .collect();
            entries?.into()
        }
        Expr::Or(left, right) => match eval(left, value)? {
            found if holds(&found) => found,
            _ => eval(right, value)?,
        },
        Expr::And(left, right) => match eval(left, value)? {
            found if !holds(&found) => found,
            _ => eval(right, value)?,
        },
        Expr::Not(inner) => Value::Bool(!holds(&eval(inner, value)?)),
        Expr::Compare(operator, left, right) => {
            compare(operator, &eval(left, value)?, &eval(right, value)?)
        }
        Expr::Call(name, arguments) => functions::call(name, arguments, value)?,
        Expr::Reference(_) => {
            return Err(Stop::value("`&` stands only before an argument of a function"));
        }
    })
}

/// Empty and missing values, and false, do not hold; zero does.
pub(super) fn holds(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Str(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => true,
    }
}

fn at(value: &Value, index: i64) -> Value {
    let Value::List(items) = value else { return Value::Null };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let index = usize::try_from(if index < 0 { index + length } else { index });
    index.ok().and_then(|index| items.get(index)).cloned().unwrap_or_default()
}

fn project<'a>(items: impl Iterator<Item = &'a Value>, right: &Expr) -> Result<Value, Stop> {
    let mut found = Vec::new();
    for item in items {
        let one = eval(right, item)?;
        if !one.is_null() {
            found.push(one);
        }
    }
    Ok(found.into())
}

fn flattened(items: &[Value]) -> Value {
    let mut flat = Vec::new();
    for item in items {
        match item {
            Value::List(inner) => flat.extend(inner.iter().cloned()),
            other => flat.push(other.clone()),
        }
    }
    flat.into()
}

/// Equality looks at types: `1` is not `true`. Only numbers have an order here, and text where both sides are text.
fn compare(operator: &str, left: &Value, right: &Value) -> Value {
    let same_kind = matches!(left, Value::Bool(_)) == matches!(right, Value::Bool(_));
    match operator {
        "==" => return Value::Bool(same_kind && left == right),
        "!=" => return Value::Bool(!(same_kind && left == right)),
        _ => {}
    }
    let order = match (left, right) {
        (Value::Bool(_), _) | (_, Value::Bool(_)) => None,
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        (a, b) => match (Number::of(a), Number::of(b)) {
            (Some(a), Some(b)) => a.order(&b),
            _ => None,
        },
    };
    let Some(order) = order else { return Value::Null };
    Value::Bool(match operator {
        "<" => order == Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}
