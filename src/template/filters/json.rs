//! Filters from and to JSON.

use crate::template::args::{Given, int};
use crate::template::eval::Machine;
use crate::template::eval::access::items;
use crate::template::jsontext::{Layout, write};
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("to_json", FilterFn::new(to_json)),
    ("to_nice_json", FilterFn::new(to_nice_json)),
    ("tojson", FilterFn::new(tojson)),
    ("from_json", FilterFn::new(from_json)),
];

/// `value | to_json(indent, sort_keys, ensure_ascii, separators)`
fn to_json(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("a")?;
    dump(given, &value, Layout::default())
}

/// `value | to_nice_json(indent)`: sorted and indented.
fn to_nice_json(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("a")?;
    let layout = Layout { indent: Some(" ".repeat(4)), sort_keys: true, ..Layout::default() };
    if let Some(width) = given.positional().first().cloned() {
        given.optional("indent")?;
        let indent = indent(&width)?;
        return dump(given, &value, Layout { indent, ..layout });
    }
    dump(given, &value, layout)
}

fn indent(width: &Value) -> Result<Option<String>, Stop> {
    Ok(match width {
        Value::Null => None,
        Value::Str(text) => Some(text.to_string()),
        other => Some(" ".repeat(usize::try_from(int("indent", other)?).unwrap_or(0))),
    })
}

fn dump(mut given: Given, value: &Value, mut layout: Layout) -> Result<Value, Stop> {
    if let Some(width) = given.by_name("indent") {
        layout.indent = indent(&width)?;
    }
    if let Some(sort) = given.by_name("sort_keys") {
        layout.sort_keys = sort.is_true();
    }
    if let Some(ascii) = given.by_name("ensure_ascii") {
        layout.ascii = ascii.is_true();
    }
    if let Some(separators) = given.by_name("separators") {
        match items(&separators)?.as_slice() {
            [item, key] => (layout.item, layout.key) = (text(item)?, text(key)?),
            _ => return Err(Stop::argument("`separators` needs two texts")),
        }
    }
    for ignored in
        ["vault_to_text", "preprocess_unsafe", "default", "skipkeys", "allow_nan", "check_circular"]
    {
        given.by_name(ignored);
    }
    given.finish()?;
    Ok(write(value, &layout)?.into())
}

/// `value | tojson(indent)`: safe inside HTML.
fn tojson(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let width = given.optional("indent")?;
    given.finish()?;
    let indent = width.as_ref().map_or(Ok(None), indent)?;
    let json = write(&value, &Layout { indent, sort_keys: true, ..Layout::default() })?;
    Ok(json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\'', "\\u0027")
        .into())
}

fn from_json(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.optional("profile")?;
    given.finish()?;
    let source = match &value {
        Value::Str(text) => text.to_string(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => return Err(Stop::value(format!("JSON is text, not a {}", other.type_name()))),
    };
    parse(&source)
}

/// Reads JSON; numbers of any size stay exact.
pub(crate) fn parse(source: &str) -> Result<Value, Stop> {
    match serde_json::from_str::<serde_json::Value>(source) {
        Ok(json) => Ok(json.into()),
        Err(error) => Err(Stop::value(format!("this is no JSON: {error}"))),
    }
}
