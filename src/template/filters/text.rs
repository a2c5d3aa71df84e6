//! Filters on text: case, cutting, replacing, splitting, formatting.

use std::sync::Arc;

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::length;
use crate::template::methods::{capitalized, parts, replaced};
use crate::template::printf;
use crate::template::registry::FilterFn;
use crate::value::{Map, Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("upper", FilterFn::new(|_, given| changed(given, str::to_uppercase))),
    ("lower", FilterFn::new(|_, given| changed(given, str::to_lowercase))),
    ("capitalize", FilterFn::new(|_, given| changed(given, capitalized))),
    ("title", FilterFn::new(|_, given| changed(given, titled))),
    ("string", FilterFn::new(|_, given| changed(given, str::to_owned))),
    ("trim", FilterFn::new(trim)),
    ("replace", FilterFn::new(replace)),
    ("split", FilterFn::new(split)),
    ("format", FilterFn::new(format)),
    ("wordcount", FilterFn::new(wordcount)),
    ("length", FilterFn::new(count)),
    ("count", FilterFn::new(count)),
    ("quote", FilterFn::new(quote)),
    ("pprint", FilterFn::new(pprint)),
];

fn changed(mut given: Given, change: fn(&str) -> String) -> Result<Value, Stop> {
    let text = given.text("s")?;
    given.finish()?;
    Ok(change(&text).into())
}

/// The first letter of every word large, all others small; words begin behind blanks, dashes and brackets.
fn titled(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        if begins {
            titled.extend(character.to_uppercase());
        } else {
            titled.extend(character.to_lowercase());
        }
        begins = character.is_whitespace() || "-({[<".contains(character);
    }
    titled
}

fn trim(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    let characters = given.optional_text("chars")?;
    given.finish()?;
    let matches = |character: char| match &characters {
        Some(characters) => characters.contains(character),
        None => character.is_whitespace(),
    };
    Ok(text.trim_matches(matches).into())
}

fn replace(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("s")?;
    let old = given.text("old")?;
    let new = given.text("new")?;
    let count = given.optional_int("count")?;
    given.finish()?;
    Ok(replaced(&text, &old, &new, count).into())
}

fn split(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("string")?;
    let Value::Str(text) = &value else {
        return Err(Stop::value(format!("only text can be split, not a {}", value.type_name())));
    };
    let separator = given.optional_text("sep")?;
    let limit = given.optional_int("maxsplit")?.and_then(|limit| usize::try_from(limit).ok());
    given.finish()?;
    Ok(parts(text, separator.as_deref(), limit.unwrap_or(usize::MAX), false)?.into())
}

/// `'%s' | format(x)`
fn format(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let format = given.text("value")?;
    let positional = given.rest();
    let named = given.named_rest();
    if !positional.is_empty() && !named.is_empty() {
        return Err(Stop::argument("values are given by position or by name, not both"));
    }
    let arguments = if named.is_empty() {
        Value::tuple(positional)
    } else {
        let map: Map = named
            .into_iter()
            .map(|(name, value): (Arc<str>, Value)| (name.into(), value))
            .collect();
        map.into()
    };
    Ok(printf::format(&format, &arguments)?.into())
}

fn wordcount(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("s")?;
    given.finish()?;
    let words = text.split(|character: char| character != '_' && !character.is_alphanumeric());
    Ok(Value::from(words.filter(|word| !word.is_empty()).count()))
}

fn count(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("obj")?;
    given.finish()?;
    match length(&value) {
        Some(length) => Ok(Value::from(length)),
        None => Err(Stop::value(format!("a {} has no length", value.type_name()))),
    }
}

/// `value | quote`: as a shell takes it for one word.
fn quote(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("a")?;
    given.finish()?;
    let text = if value.is_null() { String::new() } else { text(&value)? };
    Ok(quoted(&text).into())
}

/// Text as one word of a shell, as Python's `shlex.quote` writes it.
pub(crate) fn quoted(text: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "_@%+=:,./-".contains(character);
    if text.is_empty() {
        return "''".to_owned();
    }
    if text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

fn pprint(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    Ok(crate::value::repr(&value)?.into())
}
