//! JSON text as Python's `json.dumps` writes it.

use crate::template::eval::access::{entries, is_mapping, sequence};
use crate::value::{Key, Live, Stop, Value, float_text, text};

/// How JSON is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// What a level is indented by; everything on one line if there is none.
    pub(crate) indent: Option<String>,
    /// Between items.
    pub(crate) item: String,
    /// Between a key and its value.
    pub(crate) key: String,
    /// Keys in alphabetical order.
    pub(crate) sort_keys: bool,
    /// Characters beyond ASCII as escapes.
    pub(crate) ascii: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            indent: None,
            item: ", ".to_owned(),
            key: ": ".to_owned(),
            sort_keys: false,
            ascii: true,
        }
    }
}

/// A value as JSON.
pub(crate) fn write(value: &Value, layout: &Layout) -> Result<String, Stop> {
    let mut out = String::new();
    write_value(&mut out, value, layout, 0)?;
    Ok(out)
}

fn write_value(out: &mut String, value: &Value, layout: &Layout, depth: usize) -> Result<(), Stop> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(_) | Value::BigInt(_) => out.push_str(&text(value)?),
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Str(text) => write_text(out, text, layout.ascii),
        Value::Bytes(bytes) => write_text(out, &String::from_utf8_lossy(bytes), layout.ascii),
        _ if is_mapping(value) => {
            let mut entries = entries(value)?.unwrap_or_default();
            if layout.sort_keys {
                sort(&mut entries)?;
            }
            let last = entries.len();
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                separate(out, layout, depth + 1, index > 0);
                write_text(out, &key_text(key), layout.ascii);
                out.push_str(&layout.key);
                write_value(out, value, layout, depth + 1)?;
            }
            end(out, layout, depth, last > 0);
            out.push('}');
        }
        _ => match sequence(value)? {
            Some(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    separate(out, layout, depth + 1, index > 0);
                    write_value(out, item, layout, depth + 1)?;
                }
                end(out, layout, depth, !items.is_empty());
                out.push(']');
            }
            None => match value {
                Value::Live(Live::Lazy(lazy)) => write_value(out, &lazy.force()?, layout, depth)?,
                other => {
                    text(other)?;
                    return Err(Stop::value(format!(
                        "a {} has no form in JSON",
                        other.type_name()
                    )));
                }
            },
        },
    }
    Ok(())
}

fn separate(out: &mut String, layout: &Layout, depth: usize, comma: bool) {
    match &layout.indent {
        None if comma => out.push_str(&layout.item),
        None => {}
        Some(indent) => {
            if comma {
                out.push_str(layout.item.trim_end());
            }
            out.push('\n');
            out.push_str(&indent.repeat(depth));
        }
    }
}

fn end(out: &mut String, layout: &Layout, depth: usize, any: bool) {
    if let (Some(indent), true) = (&layout.indent, any) {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    }
}

/// Sorts by key; keys that Python would not compare stop it.
fn sort(entries: &mut [(Key, Value)]) -> Result<(), Stop> {
    let mut failed = None;
    entries.sort_by(|(a, _), (b, _)| {
        a.to_value()
            .order(&b.to_value(), "<")
            .unwrap_or_else(|stop| {
                failed.get_or_insert(stop);
                None
            })
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    failed.map_or(Ok(()), Err)
}

fn key_text(key: &Key) -> String {
    match key {
        Key::Null => "null".to_owned(),
        Key::Bool(truth) => truth.to_string(),
        Key::Float(number) => float(*number),
        other => other.to_string(),
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        float_text(number)
    }
}

fn write_text(out: &mut String, text: &str, ascii: bool) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other if ascii && !other.is_ascii() => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Layout, write};
    use crate::value::{Key, Value};

    #[test]
    fn json_is_laid_out_as_python_does() {
        let value = Value::map([
            (Key::from("b"), Value::list([Value::Int(1), Value::Null, Value::from("é\"\n")])),
            (Key::Int(1), Value::map::<Key>([])),
        ]);
        assert_eq!(
            write(&value, &Layout::default()).unwrap(),
            r#"{"b": [1, null, "\u00e9\"\n"], "1": {}}"#
        );
        let nice = Layout { indent: Some("  ".to_owned()), ascii: false, ..Layout::default() };
        assert_eq!(
            write(&value, &nice).unwrap(),
            "{\n  \"b\": [\n    1,\n    null,\n    \"é\\\"\\n\"\n  ],\n  \"1\": {}\n}"
        );
    }
}
