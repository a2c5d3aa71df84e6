//! Filters from and to YAML.

use std::sync::Arc;

use crate::source::Source;
use crate::template::args::{Given, int};
use crate::template::context::scalar;
use crate::template::eval::Machine;
use crate::template::registry::FilterFn;
use crate::template::yamltext::{Layout, write};
use crate::value::{Stop, Value};
use crate::yaml;

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("to_yaml", FilterFn::new(to_yaml)),
    ("to_nice_yaml", FilterFn::new(to_nice_yaml)),
    ("from_yaml", FilterFn::new(from_yaml)),
    ("from_yaml_all", FilterFn::new(from_yaml_all)),
];

/// `value | to_yaml(indent, width, sort_keys, …)`: innermost lists and mappings on one line.
fn to_yaml(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("a")?;
    dump(given, &value, Layout { flow: None, ..Layout::default() })
}

/// `value | to_nice_yaml(indent, width, sort_keys, …)`
fn to_nice_yaml(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("a")?;
    let indent = given.optional_int("indent")?.unwrap_or(4);
    let indent = i32::try_from(indent).map_err(|_| Stop::argument("`indent` is too large"))?;
    dump(given, &value, Layout { flow: Some(false), indent, ..Layout::default() })
}

fn dump(mut given: Given, value: &Value, mut layout: Layout) -> Result<Value, Stop> {
    let number = |name: &str, value: Value| -> Result<i32, Stop> {
        i32::try_from(int(name, &value)?)
            .map_err(|_| Stop::argument(format!("`{name}` is too large")))
    };
    for (name, option) in given.named_rest() {
        match &*name {
            "indent" => layout.indent = number("indent", option)?,
            "width" => {
                layout.width = match option {
                    Value::Float(_) => -1,
                    other => i32::try_from(int("width", &other)?).unwrap_or(-1),
                }
            }
            "sort_keys" => layout.sort_keys = option.is_true(),
            "default_flow_style" => {
                layout.flow = if option.is_null() { None } else { Some(option.is_true()) }
            }
            "explicit_start" => layout.explicit_start = option.is_true(),
            "explicit_end" => layout.explicit_end = option.is_true(),
            "allow_unicode" => layout.unicode = option.is_true(),
            "default_style" => {
                layout.style = option.as_str().and_then(|style| style.chars().next());
            }
            "line_break" | "encoding" | "version" | "tags" | "canonical" | "dump_vault_tags"
            | "vault_behavior" => {}
            other => return Err(Stop::argument(format!("there is no argument `{other}`"))),
        }
    }
    given.finish()?;
    write(value, &layout).map(Value::from)
}

fn source(value: &Value) -> Result<Arc<Source>, Stop> {
    match value {
        Value::Str(text) => Ok(Source::new("text", &**text)),
        Value::Bytes(bytes) => Ok(Source::new("text", String::from_utf8_lossy(bytes))),
        other => Err(Stop::value(format!("YAML is text, not a {}", other.type_name()))),
    }
}

fn from_yaml(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("data")?;
    given.finish()?;
    if value.is_null() {
        return Ok(value);
    }
    parse(&source(&value)?)
}

/// Reads one document.
pub(crate) fn parse(source: &Arc<Source>) -> Result<Value, Stop> {
    let (node, problems) = yaml::parse(source);
    match (node, problems.into_iter().find(is_error)) {
        (_, Some(problem)) => Err(Stop::value(format!("this is no YAML: {problem}"))),
        (Some(node), None) => Ok(scalar(&node)),
        (None, None) => Ok(Value::Null),
    }
}

fn from_yaml_all(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("data")?;
    given.finish()?;
    if value.is_null() {
        return Ok(Value::list([]));
    }
    let (nodes, problems) = yaml::parse_all(&source(&value)?);
    match problems.into_iter().find(is_error) {
        Some(problem) => Err(Stop::value(format!("this is no YAML: {problem}"))),
        None => Ok(nodes.unwrap_or_default().iter().map(scalar).collect()),
    }
}

fn is_error(problem: &crate::diagnostic::Diagnostic) -> bool {
    problem.severity == crate::diagnostic::Severity::Error
}
