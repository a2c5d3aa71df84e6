//! How Python prints values: `str()` and `repr()`.

use std::fmt::{self, Write};

use crate::value::{Live, Stop, Value};

/// `str(value)`: text as it is, everything else as [`repr`] has it. Undefined and unknown values stop it.
pub fn text(value: &Value) -> Result<String, Stop> {
    let mut out = String::new();
    match value {
        Value::Str(text) => out.push_str(text),
        Value::Omit => out.push_str("<<Omit>>"),
        Value::Live(Live::Object(object)) => match object.text() {
            Some(text) => out.push_str(&text),
            None => write_repr(&mut out, value)?,
        },
        other => write_repr(&mut out, other)?,
    }
    Ok(out)
}

/// `repr(value)`: what Python prints for a value inside a list.
pub fn repr(value: &Value) -> Result<String, Stop> {
    let mut out = String::new();
    write_repr(&mut out, value)?;
    Ok(out)
}

/// `repr()` of a float: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16 on.
pub fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = number.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// `repr()` of text: in single quotes unless it holds these and no double ones, with escapes for what does not print.
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            _ if prints(character) => out.push(character),
            _ => {
                let code = u32::from(character);
                out.push_str(&match code {
                    0..=0xff => format!("\\x{code:02x}"),
                    0x100..=0xffff => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                });
            }
        }
    }
    out.push(quote);
    out
}

/// Whether Python prints a character as it is: no control, format, private or blank character but the space.
fn prints(character: char) -> bool {
    if character.is_ascii() {
        return (' '..='~').contains(&character);
    }
    !character.is_control()
        && !character.is_whitespace()
        && !matches!(u32::from(character),
            0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x180e | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f
            | 0xe000..=0xf8ff | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0x10_ffff)
}

fn write_repr(out: &mut String, value: &Value) -> Result<(), Stop> {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => push(out, format_args!("{number}")),
        Value::BigInt(number) => push(out, format_args!("{number}")),
        Value::Float(number) => out.push_str(&float_text(*number)),
        Value::Str(text) => out.push_str(&quoted(text)),
        Value::Bytes(bytes) => write_bytes(out, bytes),
        Value::List(items) => write_items(out, items, "[", "]")?,
        Value::Map(map) => {
            let entries: Vec<_> =
                map.iter().map(|(key, value)| (key.to_value(), value.clone())).collect();
            write_entries(out, &entries)?;
        }
        Value::Omit => out.push_str("<<Omit>>"),
        Value::Unknown(unknown) => return Err(Stop::Unknown(unknown.clone())),
        Value::Live(live) => write_live(out, live)?,
    }
    Ok(())
}

fn write_live(out: &mut String, live: &Live) -> Result<(), Stop> {
    match live {
        Live::Undefined(undefined) => return Err(Stop::Undefined(undefined.clone())),
        Live::List(list) => write_items(out, &list.items()?, "[", "]")?,
        Live::Map(map) => {
            let entries: Vec<_> =
                map.entries()?.into_iter().map(|(key, value)| (key.to_value(), value)).collect();
            write_entries(out, &entries)?;
        }
        Live::Mapping(mapping) => {
            let entries: Vec<_> = mapping
                .entries()?
                .into_iter()
                .map(|(key, value)| (key.to_value(), value))
                .collect();
            write_entries(out, &entries)?;
        }
        Live::Tuple(items) if items.len() == 1 => write_items(out, items, "(", ",)")?,
        Live::Tuple(items) => write_items(out, items, "(", ")")?,
        Live::Lazy(lazy) => write_repr(out, &lazy.force()?)?,
        Live::Object(object) => push(out, format_args!("<{}>", object.type_name())),
    }
    Ok(())
}

fn write_items(out: &mut String, items: &[Value], open: &str, close: &str) -> Result<(), Stop> {
    out.push_str(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_repr(out, item)?;
    }
    out.push_str(close);
    Ok(())
}

fn write_entries(out: &mut String, entries: &[(Value, Value)]) -> Result<(), Stop> {
    out.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_repr(out, key)?;
        out.push_str(": ");
        write_repr(out, value)?;
    }
    out.push('}');
    Ok(())
}

fn write_bytes(out: &mut String, bytes: &[u8]) {
    out.push_str("b'");
    for byte in bytes {
        match byte {
            b'\\' | b'\'' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => push(out, format_args!("\\x{byte:02x}")),
        }
    }
    out.push('\'');
}

/// Writing to a string cannot fail.
fn push(out: &mut String, arguments: fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

impl fmt::Display for Value {
    /// What Python's `str()` prints; unknown and undefined values as a mark.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match text(self) {
            Ok(text) => formatter.write_str(&text),
            Err(stop) => stop.fmt(formatter),
        }
    }
}

impl fmt::Debug for Value {
    /// What Python's `repr()` prints; unknown and undefined values as a mark.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(items) => formatter.debug_list().entries(items.iter()).finish(),
            Self::Map(map) => formatter.debug_map().entries(map.iter()).finish(),
            other => match repr(other) {
                Ok(text) => formatter.write_str(&text),
                Err(stop) => write!(formatter, "<{stop}>"),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{float_text, text};
    use crate::value::{Key, Value};

    #[test]
    fn floats_print_as_in_python() {
        for (number, want) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123_456_789_012_345_678.0, "1.2345678901234568e+17"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1e100, "1e+100"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(float_text(number), want);
        }
    }

    #[test]
    fn containers_print_their_items_as_repr() {
        let value = Value::list([
            Value::Null,
            Value::Bool(true),
            Value::from("it's"),
            Value::from("a\n\"'\u{1}\u{200b}é"),
            Value::map([(Key::Int(1), Value::Float(2.0))]),
            Value::tuple([Value::Int(1)]),
        ]);
        assert_eq!(
            text(&value).unwrap(),
            r#"[None, True, "it's", 'a\n"\'\x01\u200bé', {1: 2.0}, (1,)]"#
        );
        assert_eq!(text(&Value::from("as is\n")).unwrap(), "as is\n");
    }

    #[test]
    fn what_is_not_known_does_not_print() {
        assert!(text(&Value::list([Value::unknown("x")])).is_err());
        assert_eq!(Value::unknown("x").to_string(), "«unknown: x»");
    }
}
