//! Ansible's coercions of argument values.
//!
//! The rules are those observable in ansible-core: <https://docs.ansible.com/ansible/latest/dev_guide/developing_program_flow_modules.html#argument-spec>.

use crate::args::Kind;
use crate::data::{Data, Map};

/// Turns `data` into what `kind` takes, or says what was given instead.
pub(crate) fn coerce(kind: &Kind, data: Data) -> Result<Data, String> {
    match kind {
        Kind::Raw | Kind::Upload | Kind::Synced | Kind::Script | Kind::Rendered => Ok(data),
        Kind::Str | Kind::Path => text(data).map(Data::Str),
        Kind::Bool => boolean(&data).map(Data::Bool).ok_or_else(|| shown(&data)),
        Kind::Int => integer(&data).map(Data::Int).ok_or_else(|| shown(&data)),
        Kind::Float => float(&data).map(Data::Float).ok_or_else(|| shown(&data)),
        Kind::Mode => mode(data),
        Kind::List(item) => list(data)?
            .into_iter()
            .map(|entry| coerce(item, entry))
            .collect::<Result<_, _>>()
            .map(Data::List),
        Kind::Dict => dict(data).map(Data::Map),
        Kind::Choice(words) => choice(words, data).map(Data::Str),
        Kind::Checked(kind, _, check) => {
            let data = coerce(kind, data)?;
            check(&data).map(|()| data)
        }
    }
}

/// A value as text, as Python's `str` would print it.
pub(crate) fn text(data: Data) -> Result<String, String> {
    match data {
        Data::Str(text) => Ok(text),
        Data::Bool(true) => Ok("True".into()),
        Data::Bool(false) => Ok("False".into()),
        Data::Int(number) => Ok(number.to_string()),
        Data::Float(number) => Ok(float_text(number)),
        other => Err(shown(&other)),
    }
}

/// Ansible's words for truth and falsehood.
pub(crate) fn boolean(data: &Data) -> Option<bool> {
    match data {
        Data::Bool(truth) => Some(*truth),
        Data::Int(1) => Some(true),
        Data::Int(0) => Some(false),
        Data::Float(number) if *number == 1.0 => Some(true),
        Data::Float(number) if *number == 0.0 => Some(false),
        Data::Str(text) => match text.trim().to_lowercase().as_str() {
            "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Some(true),
            "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn integer(data: &Data) -> Option<i64> {
    match data {
        Data::Int(number) => Some(*number),
        Data::Bool(truth) => Some((*truth).into()),
        Data::Float(number) if number.fract() == 0.0 => Some(*number as i64),
        Data::Str(text) => text.trim().replace('_', "").parse().ok(),
        _ => None,
    }
}

fn float(data: &Data) -> Option<f64> {
    match data {
        Data::Float(number) => Some(*number),
        Data::Int(number) => Some(*number as f64),
        Data::Str(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number is the permission bits themselves; text stays text and is read as octal or symbolic.
fn mode(data: Data) -> Result<Data, String> {
    match data {
        Data::Int(bits) if (0..=0o7777).contains(&bits) => Ok(Data::Str(format!("{bits:04o}"))),
        Data::Str(text) => Ok(Data::Str(text)),
        other => Err(shown(&other)),
    }
}

fn list(data: Data) -> Result<Vec<Data>, String> {
    match data {
        Data::List(items) => Ok(items),
        Data::Str(text) => {
            Ok(text.split(',').map(|part| Data::Str(part.trim().to_owned())).collect())
        }
        Data::Int(_) | Data::Float(_) | Data::Bool(_) => {
            text(data).map(|text| vec![Data::Str(text)])
        }
        Data::Map(_) => Ok(vec![data]),
        other => Err(shown(&other)),
    }
}

fn dict(data: Data) -> Result<Map, String> {
    match data {
        Data::Map(entries) => Ok(entries),
        Data::Str(text) => pairs(&text).ok_or_else(|| format!("the string `{text}`")),
        other => Err(shown(&other)),
    }
}

/// `a=1, b=2` or `a=1 b=2`.
fn pairs(text: &str) -> Option<Map> {
    let separator = if text.contains(',') { ',' } else { ' ' };
    let fields = text.split(separator).map(str::trim).filter(|field| !field.is_empty());
    fields
        .map(|field| {
            field
                .split_once('=')
                .map(|(key, value)| (key.trim().to_owned(), Data::from(value.trim())))
        })
        .collect()
}

/// A YAML boolean stands for the word it was made from, where only that word can be meant.
fn choice(words: &[&str], data: Data) -> Result<String, String> {
    let candidates = match &data {
        Data::Bool(true) => vec!["True", "yes", "true", "on", "1"],
        Data::Bool(false) => vec!["False", "no", "false", "off", "0"],
        _ => Vec::new(),
    };
    if let Some(word) = candidates.into_iter().find(|word| words.contains(word)) {
        return Ok(word.to_owned());
    }
    let shown = shown(&data);
    text(data).ok().filter(|text| words.contains(&text.as_str())).ok_or(shown)
}

/// Floats as Python prints them.
fn float_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e16 {
        format!("{number:.1}")
    } else {
        number.to_string()
    }
}

fn shown(data: &Data) -> String {
    match data {
        Data::Str(text) => format!("the string `{text}`"),
        Data::Int(number) => format!("the number `{number}`"),
        Data::Float(number) => format!("the number `{}`", float_text(*number)),
        Data::Bool(truth) => format!("the boolean `{truth}`"),
        Data::List(_) => "a list".into(),
        Data::Map(_) => "a mapping".into(),
        Data::Null => "nothing".into(),
        Data::Blob(_) | Data::Tree(_) => "a file".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::coerce;
    use crate::args::Kind;
    use crate::data::Data;

    #[track_caller]
    fn check(kind: Kind, given: impl Into<Data>, want: impl Into<Data>) {
        assert_eq!(coerce(&kind, given.into()), Ok(want.into()));
    }

    #[test]
    fn values_become_what_ansible_makes_of_them() {
        check(Kind::Str, 80_i64, "80");
        check(Kind::Str, true, "True");
        check(Kind::Bool, "Yes", true);
        check(Kind::Bool, "off", false);
        check(Kind::Bool, 0_i64, false);
        check(Kind::Int, "42", 42_i64);
        check(Kind::Mode, 0o644_i64, "0644");
        check(Kind::Mode, "u=rw,g=r", "u=rw,g=r");
        check(Kind::List(&Kind::Str), "a, b", vec!["a", "b"]);
        check(Kind::List(&Kind::Int), 3_i64, vec![3_i64]);
        check(Kind::Choice(&["yes", "no", "safe"]), true, "yes");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(coerce(&Kind::Bool, "maybe".into()), Err("the string `maybe`".into()));
        assert_eq!(coerce(&Kind::Int, 1.5.into()), Err("the number `1.5`".into()));
        assert_eq!(
            coerce(&Kind::Choice(&["present", "absent"]), "gone".into()),
            Err("the string `gone`".into())
        );
    }
}
