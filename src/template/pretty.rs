//! Values over several lines, as Python's `pprint` lays them out.

use crate::template::eval::access::entries;
use crate::value::{Live, Stop, Value, repr};

/// A value in lines of a width as far as its items allow.
pub(crate) fn pretty(value: &Value, width: usize) -> Result<String, Stop> {
    let mut out = String::new();
    write(&mut out, value, 0, 0, width)?;
    Ok(out)
}

/// Writes a value that begins at a column; `after` is how much must still fit behind it.
fn write(
    out: &mut String,
    value: &Value,
    column: usize,
    after: usize,
    width: usize,
) -> Result<(), Stop> {
    let sorted = sorted(value)?;
    let line = repr(&sorted)?;
    if line.chars().count() + column + after <= width {
        out.push_str(&line);
        return Ok(());
    }
    match &sorted {
        Value::Map(_) => {
            out.push('{');
            let entries = entries(&sorted)?.unwrap_or_default();
            let last = entries.len().saturating_sub(1);
            for (index, (key, value)) in entries.iter().enumerate() {
                let key = repr(&key.to_value())?;
                out.push_str(&key);
                out.push_str(": ");
                let inner = column + key.chars().count() + 3;
                write(out, value, inner, if index == last { after + 1 } else { 1 }, width)?;
                out.push_str(&separator(index == last, column));
            }
            out.push('}');
        }
        Value::List(items) => write_items(out, items, '[', ']', column, after, width)?,
        Value::Live(Live::Tuple(items)) => write_items(out, items, '(', ')', column, after, width)?,
        _ => out.push_str(&line),
    }
    Ok(())
}

fn write_items(
    out: &mut String,
    items: &[Value],
    open: char,
    close: char,
    column: usize,
    after: usize,
    width: usize,
) -> Result<(), Stop> {
    out.push(open);
    let last = items.len().saturating_sub(1);
    for (index, item) in items.iter().enumerate() {
        write(out, item, column + 1, if index == last { after + 1 } else { 1 }, width)?;
        out.push_str(&separator(index == last, column));
    }
    out.push(close);
    Ok(())
}

fn separator(last: bool, column: usize) -> String {
    if last { String::new() } else { format!(",\n{}", " ".repeat(column + 1)) }
}

/// The value with the keys of all its mappings in order.
fn sorted(value: &Value) -> Result<Value, Stop> {
    Ok(match value {
        Value::Map(_) => {
            let mut entries = entries(value)?.unwrap_or_default();
            entries.sort_by(|(a, _), (b, _)| {
                let (a, b) = (a.to_value(), b.to_value());
                a.order(&b, "<").ok().flatten().unwrap_or_else(|| a.type_name().cmp(b.type_name()))
            });
            let entries: Result<Vec<_>, Stop> =
                entries.into_iter().map(|(key, value)| Ok((key, sorted(&value)?))).collect();
            Value::map(entries?)
        }
        Value::List(items) => Value::List(items.iter().map(sorted).collect::<Result<_, _>>()?),
        Value::Live(Live::Tuple(items)) => {
            Value::Live(Live::Tuple(items.iter().map(sorted).collect::<Result<_, _>>()?))
        }
        other => other.clone(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::pretty;
    use crate::value::{Key, Value};

    #[test]
    fn long_values_go_over_several_lines() {
        let value = Value::map([
            (Key::from("b"), Value::list((1..4).map(Value::Int))),
            (Key::from("a"), Value::from("x")),
        ]);
        assert_eq!(pretty(&value, 80).unwrap(), "{'a': 'x', 'b': [1, 2, 3]}");
        assert_eq!(pretty(&value, 15).unwrap(), "{'a': 'x',\n 'b': [1,\n       2,\n       3]}");
    }
}
