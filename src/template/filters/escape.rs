//! Filters for HTML and XML: `escape`, `striptags`, `xmlattr`, `urlize`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::entries;
use crate::template::registry::FilterFn;
use crate::value::{Live, Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("escape", FilterFn::new(escape)),
    ("e", FilterFn::new(escape)),
    ("forceescape", FilterFn::new(escape)),
    ("safe", FilterFn::new(safe)),
    ("striptags", FilterFn::new(striptags)),
    ("xmlattr", FilterFn::new(xmlattr)),
    ("urlize", FilterFn::new(urlize)),
];

/// Text with `&`, `<`, `>` and quotes as entities.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&#34;")
}

fn escape(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("s")?;
    given.finish()?;
    Ok(escaped(&text).into())
}

fn safe(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    given.finish()?;
    Ok(text.into())
}

/// Text without tags and comments, its blanks joined, entities as what they stand for.
fn striptags(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let source = given.text("value")?;
    given.finish()?;
    let mut text = String::new();
    let mut rest = source.as_str();
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let tag = &rest[at..];
        let end = if tag.starts_with("<!--") {
            tag.find("-->").map(|end| end + 3)
        } else {
            tag.find('>').map(|end| end + 1)
        };
        let Some(end) = end else {
            text.push_str(tag);
            rest = "";
            break;
        };
        rest = &tag[end..];
    }
    text.push_str(rest);
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(unescaped(&joined).into())
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest.find(';').map(|end| (&rest[1..end], end + 1));
        let replaced = entity.and_then(|(name, end)| Some((entity_character(name)?, end)));
        match replaced {
            Some((character, end)) => {
                out.push(character);
                rest = &rest[end..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity_character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// `mapping | xmlattr(autospace)`: attributes of a tag; those that are `None` or undefined are left out.
fn xmlattr(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let map = given.value("d")?;
    let space = given.flag("autospace", true)?;
    given.finish()?;
    let Some(entries) = entries(&map)? else {
        return Err(Stop::value(format!("a mapping is expected, not a {}", map.type_name())));
    };
    let mut attributes = Vec::new();
    for (key, value) in entries {
        if matches!(value, Value::Null | Value::Live(Live::Undefined(_))) {
            continue;
        }
        let key = key.to_string();
        if key.contains([' ', '/', '>', '=', '\t', '\n', '\u{c}']) {
            return Err(Stop::value(format!("`{key}` is no name for an attribute")));
        }
        attributes.push(format!("{}=\"{}\"", escaped(&key), escaped(&text(&value)?)));
    }
    let joined = attributes.join(" ");
    Ok(if space && !joined.is_empty() { format!(" {joined}").into() } else { joined.into() })
}

/// `text | urlize`: addresses as links.
fn urlize(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let source = given.text("value")?;
    let limit = given.optional_int("trim_url_limit")?.and_then(|limit| usize::try_from(limit).ok());
    let nofollow = given.flag("nofollow", false)?;
    let target = given.optional_text("target")?;
    let rel = given.optional_text("rel")?;
    given.optional("extra_schemes")?;
    given.finish()?;
    let mut relations: Vec<String> =
        rel.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    relations.push("noopener".to_owned());
    if nofollow {
        relations.push("nofollow".to_owned());
    }
    relations.sort();
    relations.dedup();
    let target =
        target.map_or_else(String::new, |target| format!(" target=\"{}\"", escaped(&target)));
    let mut out = String::new();
    for word in source.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let blank = &word[bare.len()..];
        let head = bare.trim_start_matches(['(', '<', '[']);
        let core = head.trim_end_matches(['.', ',', ')', '>', ']', ';', ':', '!', '?']);
        let address = if core.starts_with("http://") || core.starts_with("https://") {
            Some(core.to_owned())
        } else if core.starts_with("www.") && core.len() > 4 {
            Some(format!("https://{core}"))
        } else {
            None
        };
        match address {
            Some(address) => {
                let shown = match limit {
                    Some(limit) if core.chars().count() > limit => {
                        format!("{}...", core.chars().take(limit).collect::<String>())
                    }
                    _ => core.to_owned(),
                };
                out.push_str(&escaped(&bare[..bare.len() - head.len()]));
                out.push_str(&format!(
                    "<a href=\"{}\" rel=\"{}\"{target}>{}</a>",
                    escaped(&address),
                    relations.join(" "),
                    escaped(&shown)
                ));
                out.push_str(&escaped(&head[core.len()..]));
            }
            None => out.push_str(&escaped(bare)),
        }
        out.push_str(blank);
    }
    Ok(out.into())
}
