//! Methods of text that search, split and change it.

use crate::template::args::{Given, int};
use crate::template::eval::access::{items, sequence};
use crate::template::methods::MethodFn;
use crate::template::strformat;
use crate::value::{Stop, Value};

/// The method of a name.
pub(super) fn find(name: &str) -> Option<MethodFn> {
    Some(match name {
        "split" => |text, given| split(text, given, false),
        "rsplit" => |text, given| split(text, given, true),
        "splitlines" => splitlines,
        "partition" => |text, given| partition(text, given, false),
        "rpartition" => |text, given| partition(text, given, true),
        "join" => join,
        "replace" => replace,
        "strip" => |text, given| strip(text, given, true, true),
        "lstrip" => |text, given| strip(text, given, true, false),
        "rstrip" => |text, given| strip(text, given, false, true),
        "removeprefix" => |text, given| affix(text, given, true),
        "removesuffix" => |text, given| affix(text, given, false),
        "startswith" => |text, given| starts(text, given, |text, part| text.starts_with(part)),
        "endswith" => |text, given| starts(text, given, |text, part| text.ends_with(part)),
        "find" => |text, given| position(text, given, false, false),
        "rfind" => |text, given| position(text, given, true, false),
        "index" => |text, given| position(text, given, false, true),
        "rindex" => |text, given| position(text, given, true, true),
        "count" => count,
        "format" => format,
        "format_map" => format_map,
        "encode" => encode,
        _ => return None,
    })
}

/// The text of the receiver.
pub(super) fn receiver(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// An argument that must be text.
pub(super) fn text_argument(given: &mut Given, name: &str) -> Result<String, Stop> {
    match given.value(name)? {
        Value::Str(text) => Ok(text.to_string()),
        other => Err(Stop::argument(format!("`{name}` must be text, not {}", other.type_name()))),
    }
}

fn optional_text(given: &mut Given, name: &str) -> Result<Option<String>, Stop> {
    match given.optional(name)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text.to_string())),
        Some(other) => {
            Err(Stop::argument(format!("`{name}` must be text, not {}", other.type_name())))
        }
    }
}

fn split(value: &Value, mut given: Given, from_right: bool) -> Result<Value, Stop> {
    let separator = optional_text(&mut given, "sep")?;
    let limit = given
        .optional_int("maxsplit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX);
    given.finish()?;
    Ok(parts(receiver(value), separator.as_deref(), limit, from_right)?.into())
}

/// Splits text as Python's `split` and `rsplit` do.
pub(crate) fn parts(
    text: &str,
    separator: Option<&str>,
    limit: usize,
    from_right: bool,
) -> Result<Vec<String>, Stop> {
    let pieces = limit.saturating_add(1);
    match separator {
        Some("") => Err(Stop::argument("the separator is empty")),
        Some(separator) if from_right => {
            let mut parts: Vec<String> =
                text.rsplitn(pieces, separator).map(str::to_owned).collect();
            parts.reverse();
            Ok(parts)
        }
        Some(separator) => Ok(text.splitn(pieces, separator).map(str::to_owned).collect()),
        None => Ok(by_blanks(text, limit, from_right)),
    }
}

fn by_blanks(text: &str, limit: usize, from_right: bool) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = if from_right { text.trim_end() } else { text.trim_start() };
    while !rest.is_empty() {
        if parts.len() == limit {
            parts.push(rest.to_owned());
            break;
        }
        if from_right {
            let start = rest
                .rfind(char::is_whitespace)
                .map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8));
            parts.push(rest[start..].to_owned());
            rest = rest[..start].trim_end();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            parts.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    if from_right {
        parts.reverse();
    }
    parts
}

fn splitlines(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let keep = given.flag("keepends", false)?;
    given.finish()?;
    Ok(lines(receiver(value), keep).into())
}

/// Splits text into lines as Python does; ends of lines are more than `\n`.
pub(crate) fn lines(text: &str, keep_ends: bool) -> Vec<String> {
    let ends = |character: char| {
        matches!(
            character,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'
                ..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, end) = match rest.find(ends) {
            None => (rest, rest.len()),
            Some(at) if rest[at..].starts_with("\r\n") => (&rest[..at], at + 2),
            Some(at) => (&rest[..at], at + rest[at..].chars().next().map_or(1, char::len_utf8)),
        };
        lines.push(if keep_ends { rest[..end].to_owned() } else { line.to_owned() });
        rest = &rest[end..];
    }
    lines
}

fn partition(value: &Value, mut given: Given, from_right: bool) -> Result<Value, Stop> {
    let text = receiver(value);
    let separator = text_argument(&mut given, "sep")?;
    given.finish()?;
    if separator.is_empty() {
        return Err(Stop::argument("the separator is empty"));
    }
    let split = if from_right { text.rsplit_once(&separator) } else { text.split_once(&separator) };
    let parts = match split {
        Some((before, after)) => [before, &separator, after],
        None if from_right => ["", "", text],
        None => [text, "", ""],
    };
    Ok(Value::tuple(parts.map(Value::from)))
}

fn join(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let list = given.value("iterable")?;
    given.finish()?;
    let mut joined = String::new();
    for (index, item) in items(&list)?.iter().enumerate() {
        if index > 0 {
            joined.push_str(receiver(value));
        }
        match item {
            Value::Str(text) => joined.push_str(text),
            other => {
                crate::value::text(other)?;
                return Err(Stop::value(format!(
                    "item {index} is a {}, not text",
                    other.type_name()
                ))
                .help("the filter `join` joins anything"));
            }
        }
    }
    Ok(joined.into())
}

fn replace(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let old = text_argument(&mut given, "old")?;
    let new = text_argument(&mut given, "new")?;
    let count = given.optional_int("count")?;
    given.finish()?;
    Ok(replaced(receiver(value), &old, &new, count).into())
}

/// Replaces text as Python does: at most `count` times, without limit if it is negative or not given.
pub(crate) fn replaced(text: &str, old: &str, new: &str, count: Option<i64>) -> String {
    match count.and_then(|count| usize::try_from(count).ok()) {
        Some(count) => text.replacen(old, new, count),
        None => text.replace(old, new),
    }
}

fn strip(value: &Value, mut given: Given, left: bool, right: bool) -> Result<Value, Stop> {
    let characters = optional_text(&mut given, "chars")?;
    given.finish()?;
    let matches = |character: char| match &characters {
        Some(characters) => characters.contains(character),
        None => character.is_whitespace(),
    };
    let mut text = receiver(value);
    if left {
        text = text.trim_start_matches(matches);
    }
    if right {
        text = text.trim_end_matches(matches);
    }
    Ok(text.into())
}

fn affix(value: &Value, mut given: Given, at_start: bool) -> Result<Value, Stop> {
    let text = receiver(value);
    let part = text_argument(&mut given, if at_start { "prefix" } else { "suffix" })?;
    given.finish()?;
    let cut = if at_start { text.strip_prefix(&part) } else { text.strip_suffix(&part) };
    Ok(cut.unwrap_or(text).into())
}

fn starts(value: &Value, mut given: Given, holds: fn(&str, &str) -> bool) -> Result<Value, Stop> {
    let wanted = given.value("prefix")?;
    let text = bounded(receiver(value), &mut given)?;
    given.finish()?;
    let choices = sequence(&wanted)?.unwrap_or_else(|| vec![wanted.clone()]);
    for choice in &choices {
        match choice {
            Value::Str(part) if text.as_ref().is_some_and(|(text, _)| holds(text, part)) => {
                return Ok(Value::Bool(true));
            }
            Value::Str(_) => {}
            other => {
                return Err(Stop::argument(format!(
                    "text or a tuple of texts is expected, not {}",
                    other.type_name()
                )));
            }
        }
    }
    Ok(Value::Bool(false))
}

/// The part of a text between the optional arguments `start` and `end`, and how many characters come before it.
fn bounded(text: &str, given: &mut Given) -> Result<Option<(String, usize)>, Stop> {
    let start = given.optional_int("start")?;
    let end = given.optional_int("end")?;
    if start.is_none() && end.is_none() {
        return Ok(Some((text.to_owned(), 0)));
    }
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { (at + length).max(0) } else { at };
    let (start, end) = (start.map_or(0, place), end.map_or(length, place).min(length));
    if start > length || start > end {
        return Ok(None);
    }
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    Ok(Some((text.chars().skip(start).take(end - start).collect(), start)))
}

fn position(value: &Value, mut given: Given, from_right: bool, must: bool) -> Result<Value, Stop> {
    let part = text_argument(&mut given, "sub")?;
    let text = bounded(receiver(value), &mut given)?;
    given.finish()?;
    let found = text.and_then(|(text, before)| {
        let at = if from_right { text.rfind(&part) } else { text.find(&part) }?;
        Some(text[..at].chars().count() + before)
    });
    match found {
        Some(at) => Ok(Value::from(at)),
        None if must => Err(Stop::value("substring not found")),
        None => Ok(Value::Int(-1)),
    }
}

fn count(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let part = text_argument(&mut given, "sub")?;
    let text = bounded(receiver(value), &mut given)?;
    given.finish()?;
    Ok(Value::from(text.map_or(0, |(text, _)| {
        if part.is_empty() { text.chars().count() + 1 } else { text.matches(&part).count() }
    })))
}

fn format(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let positional = given.rest();
    let named = given.named_rest();
    Ok(strformat::format(receiver(value), &positional, &named)?.into())
}

fn format_map(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let map = given.value("mapping")?;
    given.finish()?;
    let named = crate::template::eval::access::entries(&map)?
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(key, value)| Some((key.as_str()?.into(), value)))
        .collect::<Vec<_>>();
    Ok(strformat::format(receiver(value), &[], &named)?.into())
}

fn encode(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let encoding = optional_text(&mut given, "encoding")?.unwrap_or_else(|| "utf-8".to_owned());
    optional_text(&mut given, "errors")?;
    given.finish()?;
    crate::template::codec::encode(receiver(value), &encoding)
        .map(|bytes| Value::Bytes(bytes.into()))
}

/// A width, as `center` and its like take it.
pub(super) fn width(given: &mut Given) -> Result<usize, Stop> {
    let width = int("width", &given.value("width")?)?;
    usize::try_from(width.max(0)).map_err(|_| Stop::argument("the width is too large"))
}
