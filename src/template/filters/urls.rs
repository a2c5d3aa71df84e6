//! Filters on URLs: `urlencode`, `urldecode`, `urlsplit`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{entries, items, sequence};
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("urlencode", FilterFn::new(urlencode)),
    ("urldecode", FilterFn::new(urldecode)),
    ("urlsplit", FilterFn::new(urlsplit)),
];

/// What stays as it is in a path.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b'/');
/// What stays as it is in a query.
const QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~').remove(b' ');

/// Text as part of a path; a mapping or pairs as a query.
fn urlencode(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    let pairs: Vec<(Value, Value)> = if let Some(entries) = entries(&value)? {
        entries.into_iter().map(|(key, value)| (key.to_value(), value)).collect()
    } else if let Some(list) = sequence(&value)? {
        let mut pairs = Vec::new();
        for pair in list {
            match items(&pair)?.as_slice() {
                [key, value] => pairs.push((key.clone(), value.clone())),
                other => {
                    return Err(Stop::value(format!(
                        "pairs are expected, not {} values",
                        other.len()
                    )));
                }
            }
        }
        pairs
    } else {
        return Ok(utf8_percent_encode(&text(&value)?, PATH).to_string().into());
    };
    let encode = |value: &Value| -> Result<String, Stop> {
        Ok(utf8_percent_encode(&text(value)?, QUERY).to_string().replace(' ', "+"))
    };
    let encoded: Result<Vec<String>, Stop> = pairs
        .iter()
        .map(|(key, value)| Ok(format!("{}={}", encode(key)?, encode(value)?)))
        .collect();
    Ok(encoded?.join("&").into())
}

fn urldecode(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let source = given.text("string")?;
    given.finish()?;
    Ok(percent_decode_str(&source.replace('+', " ")).decode_utf8_lossy().into_owned().into())
}

/// `url | urlsplit(part)`: a mapping of the parts, or one of them.
fn urlsplit(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let url = given.text("value")?;
    let query = given.optional_text("query")?.filter(|query| !query.is_empty());
    given.finish()?;
    let parts = split(&url)?;
    match query {
        None => Ok(Value::map(parts)),
        Some(query) => match parts.into_iter().find(|(name, _)| *name == query) {
            Some((_, part)) => Ok(part),
            None => Err(Stop::argument(format!("a URL has no part `{query}`")).help(
                "parts are fragment, hostname, netloc, password, path, port, query, scheme and username",
            )),
        },
    }
}

fn split(url: &str) -> Result<[(&'static str, Value); 9], Stop> {
    let url = url.trim_matches(|c: char| c <= ' ');
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let (scheme, rest) = match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url),
    };
    let (netloc, rest) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, address) =
        netloc.rsplit_once('@').map_or((None, netloc), |(login, address)| (Some(login), address));
    let (username, password) = match login {
        None => (Value::Null, Value::Null),
        Some(login) => match login.split_once(':') {
            Some((user, password)) => (user.into(), password.into()),
            None => (login.into(), Value::Null),
        },
    };
    let (host, port) = match address.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or("")),
        None => address.split_once(':').unwrap_or((address, "")),
    };
    let port = match port {
        "" => Value::Null,
        digits => match digits.parse::<u16>() {
            Ok(port) => Value::Int(port.into()),
            Err(_) => return Err(Stop::value(format!("`{digits}` is no port"))),
        },
    };
    let hostname = if host.is_empty() { Value::Null } else { host.to_ascii_lowercase().into() };
    Ok([
        ("fragment", fragment.into()),
        ("hostname", hostname),
        ("netloc", netloc.into()),
        ("password", password),
        ("path", path.into()),
        ("port", port),
        ("query", query.into()),
        ("scheme", scheme.into()),
        ("username", username),
    ])
}
