//! Methods of text that change its case, pad it, or ask about its characters.

use crate::template::args::Given;
use crate::template::methods::MethodFn;
use crate::template::methods::strings::{receiver, text_argument, width};
use crate::value::{Stop, Value};

/// The method of a name.
pub(super) fn find(name: &str) -> Option<MethodFn> {
    Some(match name {
        "upper" => |text, given| changed(text, given, str::to_uppercase),
        "lower" => |text, given| changed(text, given, str::to_lowercase),
        "casefold" => {
            |text, given| changed(text, given, |text| text.to_lowercase().replace('ß', "ss"))
        }
        "capitalize" => |text, given| changed(text, given, capitalized),
        "title" => |text, given| changed(text, given, titled),
        "swapcase" => |text, given| changed(text, given, swapped),
        "center" => |text, given| padded(text, given, |space| (space / 2, space - space / 2)),
        "ljust" => |text, given| padded(text, given, |space| (0, space)),
        "rjust" => |text, given| padded(text, given, |space| (space, 0)),
        "zfill" => zfill,
        "expandtabs" => expandtabs,
        "isalnum" => |text, given| asked(text, given, |text| all(text, char::is_alphanumeric)),
        "isalpha" => |text, given| asked(text, given, |text| all(text, char::is_alphabetic)),
        "isascii" => |text, given| asked(text, given, str::is_ascii),
        "isdecimal" | "isdigit" => {
            |text, given| asked(text, given, |text| all(text, |c| c.is_ascii_digit()))
        }
        "isnumeric" => |text, given| asked(text, given, |text| all(text, char::is_numeric)),
        "isspace" => |text, given| asked(text, given, |text| all(text, char::is_whitespace)),
        "isprintable" => {
            |text, given| asked(text, given, |text| !text.chars().any(char::is_control))
        }
        "isidentifier" => |text, given| asked(text, given, is_identifier),
        "islower" => |text, given| {
            asked(text, given, |text| cased(text, char::is_lowercase, char::is_uppercase))
        },
        "isupper" => |text, given| {
            asked(text, given, |text| cased(text, char::is_uppercase, char::is_lowercase))
        },
        "istitle" => |text, given| {
            asked(text, given, |text| cased(text, |_| true, |_| false) && titled(text) == text)
        },
        _ => return None,
    })
}

/// The first letter large, all others small.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => {
            first.to_uppercase().chain(characters.as_str().to_lowercase().chars()).collect()
        }
        None => String::new(),
    }
}

/// The first letter of every run of letters large, all others small.
fn titled(text: &str) -> String {
    let mut inside = false;
    let mut titled = String::with_capacity(text.len());
    for character in text.chars() {
        if inside {
            titled.extend(character.to_lowercase());
        } else {
            titled.extend(character.to_uppercase());
        }
        inside = character.is_alphabetic();
    }
    titled
}

fn swapped(text: &str) -> String {
    let mut swapped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_uppercase() {
            swapped.extend(character.to_lowercase());
        } else {
            swapped.extend(character.to_uppercase());
        }
    }
    swapped
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first == '_' || first.is_alphabetic())
        && all(text, |c| c == '_' || c.is_alphanumeric())
}

fn all(text: &str, holds: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(holds)
}

fn cased(text: &str, some: fn(char) -> bool, none: fn(char) -> bool) -> bool {
    text.chars().any(|c| (c.is_lowercase() || c.is_uppercase()) && some(c))
        && !text.chars().any(none)
}

fn changed(value: &Value, given: Given, change: fn(&str) -> String) -> Result<Value, Stop> {
    given.finish()?;
    Ok(change(receiver(value)).into())
}

fn asked(value: &Value, given: Given, holds: fn(&str) -> bool) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::Bool(holds(receiver(value))))
}

fn padded(
    value: &Value,
    mut given: Given,
    share: fn(usize) -> (usize, usize),
) -> Result<Value, Stop> {
    let text = receiver(value);
    let width = width(&mut given)?;
    let fill = match given.positional().is_empty() && given.named().is_empty() {
        true => " ".to_owned(),
        false => text_argument(&mut given, "fillchar")?,
    };
    given.finish()?;
    if fill.chars().count() != 1 {
        return Err(Stop::argument("the fill character must be one character"));
    }
    let (before, after) = share(width.saturating_sub(text.chars().count()));
    Ok(format!("{}{text}{}", fill.repeat(before), fill.repeat(after)).into())
}

fn zfill(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let text = receiver(value);
    let width = width(&mut given)?;
    given.finish()?;
    let zeros = "0".repeat(width.saturating_sub(text.chars().count()));
    Ok(match text.strip_prefix(['+', '-']) {
        Some(digits) => format!("{}{zeros}{digits}", &text[..1]),
        None => format!("{zeros}{text}"),
    }
    .into())
}

fn expandtabs(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let size = given.optional_int("tabsize")?.map_or(8, |size| usize::try_from(size).unwrap_or(0));
    given.finish()?;
    let mut expanded = String::new();
    let mut column = 0;
    for character in receiver(value).chars() {
        match character {
            '\t' if size == 0 => {}
            '\t' => {
                let blanks = size - column % size;
                expanded.push_str(&" ".repeat(blanks));
                column += blanks;
            }
            other => {
                expanded.push(other);
                column = if matches!(other, '\n' | '\r') { 0 } else { column + 1 };
            }
        }
    }
    Ok(expanded.into())
}
