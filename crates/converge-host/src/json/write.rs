//! Plain data as JSON text, spaced and escaped as Python's `json.dumps` does.

use std::fmt::Write;

use crate::data::Data;

/// A value as JSON.
pub(crate) fn dump(data: &Data) -> String {
    let mut out = String::new();
    write(data, &mut out);
    out
}

fn write(data: &Data, out: &mut String) {
    match data {
        Data::Null | Data::Blob(_) | Data::Tree(_) => out.push_str("null"),
        Data::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Data::Int(number) => out.push_str(&number.to_string()),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e16 => {
            out.push_str(&format!("{number:.1}"));
        }
        Data::Float(number) => out.push_str(&number.to_string()),
        Data::Str(text) => quote(text, out),
        Data::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write(item, out);
            }
            out.push(']');
        }
        Data::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                quote(key, out);
                out.push_str(": ");
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            ' '..='\x7f' => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    // Writing to a string can't fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::dump;
    use crate::data::{Data, Map};

    #[test]
    fn text_is_that_of_python() {
        let mut map = Map::new();
        map.insert("a".into(), Data::Int(1));
        map.insert("b".into(), vec![Data::Null, true.into(), 1.0.into(), 0.5.into()].into());
        map.insert("c\"\n".into(), "é😀\u{7f}".into());
        assert_eq!(
            dump(&Data::Map(map)),
            "{\"a\": 1, \"b\": [null, true, 1.0, 0.5], \"c\\\"\\n\": \"\\u00e9\\ud83d\\ude00\u{7f}\"}"
        );
    }
}
