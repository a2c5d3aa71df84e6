//! Return values as Ansible prints them: JSON as Python's `json.dumps` writes it, keys sorted.

use serde_json::{Map, Value};

/// On one line, with a space after commas and colons.
pub(crate) fn line(map: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_map(&mut text, map, None);
    text
}

/// Over several lines, each level 4 spaces further to the right.
pub(crate) fn pretty(map: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_map(&mut text, map, Some(0));
    text
}

fn write(text: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Object(map) => write_map(text, map, depth),
        Value::Array(items) => {
            enclose(text, ['[', ']'], items.iter(), depth, |text, item, depth| {
                write(text, item, depth);
            });
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_map(text: &mut String, map: &Map<String, Value>, depth: Option<usize>) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    enclose(text, ['{', '}'], entries.into_iter(), depth, |text, (key, value), depth| {
        text.push_str(&Value::from(key.as_str()).to_string());
        text.push_str(": ");
        write(text, value, depth);
    });
}

fn enclose<T>(
    text: &mut String,
    brackets: [char; 2],
    items: impl ExactSizeIterator<Item = T>,
    depth: Option<usize>,
    mut put: impl FnMut(&mut String, T, Option<usize>),
) {
    let empty = items.len() == 0;
    let deeper = depth.map(|depth| depth + 1);
    text.push(brackets[0]);
    for (number, item) in items.enumerate() {
        if number > 0 {
            text.push_str(if depth.is_some() { "," } else { ", " });
        }
        break_line(text, deeper);
        put(text, item, deeper);
    }
    if !empty {
        break_line(text, depth);
    }
    text.push(brackets[1]);
}

fn break_line(text: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', 4 * depth));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{line, pretty};
    use crate::record::testing::results;

    const JSON: &str = r#"{"b": 1, "a": ["x", {"k": 1.0}], "empty": [], "none": {}, "text": "ü \"q\"\n", "null": null}"#;

    #[test]
    fn as_python_writes_it() {
        let map = results(JSON).unwrap();
        insta::assert_snapshot!(line(&map), @r#"{"a": ["x", {"k": 1.0}], "b": 1, "empty": [], "none": {}, "null": null, "text": "ü \"q\"\n"}"#);
        insta::assert_snapshot!(pretty(&map), @r#"
        {
            "a": [
                "x",
                {
                    "k": 1.0
                }
            ],
            "b": 1,
            "empty": [],
            "none": {},
            "null": null,
            "text": "ü \"q\"\n"
        }
        "#);
    }
}
