//! JSON as people like to read it in a diff: what fits on a line is on one.

use serde_json::Value;

/// How long a line may be.
const WIDTH: usize = 120;

/// The value as text that ends with a newline.
pub(crate) fn print(value: &Value) -> String {
    let mut text = String::new();
    put(value, 0, &mut text);
    text.push('\n');
    text
}

fn put(value: &Value, indent: usize, text: &mut String) {
    let line = short(value);
    let column = text.len() - text.rfind('\n').map_or(0, |at| at + 1);
    let children: Vec<(String, &Value)> = match value {
        Value::Array(list) => list.iter().map(|one| (String::new(), one)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, one)| (format!("{}: ", Value::from(key.as_str())), one)).collect()
        }
        _ => Vec::new(),
    };
    if children.is_empty() || column + line.chars().count() < WIDTH {
        text.push_str(&line);
        return;
    }
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    text.push(open);
    let count = children.len();
    for (at, (key, child)) in children.into_iter().enumerate() {
        text.push('\n');
        text.push_str(&" ".repeat(indent + 2));
        text.push_str(&key);
        put(child, indent + 2, text);
        text.push_str(if at + 1 < count { "," } else { "" });
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// The value on one line, with a blank after each colon and comma.
fn short(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            format!("[{}]", list.iter().map(short).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, one)| format!("{}: {}", Value::from(key.as_str()), short(one)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::record::pretty::print;

    #[test]
    fn what_fits_is_on_one_line() {
        let long = "x".repeat(110);
        let value = json!({"a": [1, {"b": null}], "long": [long, {}]});
        let expected = format!(
            "{{\n  \"a\": [1, {{\"b\": null}}],\n  \"long\": [\n    \"{long}\",\n    {{}}\n  ]\n}}\n"
        );
        assert_eq!(print(&value), expected);
    }
}
