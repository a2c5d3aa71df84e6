//! Filters with regular expressions: `regex_replace`, `regex_search`, `regex_findall`, `regex_escape`.

use converge_host::python_re::{self, Flags, Match, Regex, Replacement};

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::regexes;
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value};

pub(super) use crate::template::regexes::failed;

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("regex_replace", FilterFn::new(regex_replace)),
    ("regex_search", FilterFn::new(regex_search)),
    ("regex_findall", FilterFn::new(regex_findall)),
    ("regex_escape", FilterFn::new(regex_escape)),
];

/// A pattern without flags.
pub(super) fn compile(pattern: &str) -> Result<Regex, Stop> {
    regexes::compile(pattern, Flags::default())
}

/// `text | regex_replace(pattern, replacement, ignorecase, multiline, count, mandatory_count)`
fn regex_replace(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    let pattern = given.optional_text("pattern")?.unwrap_or_default();
    let replacement = given.optional_text("replacement")?.unwrap_or_default();
    let ignore_case = given.flag("ignorecase", false)?;
    let multi_line = given.flag("multiline", false)?;
    let count = given.optional_int("count")?.unwrap_or(0);
    let mandatory = given.optional_int("mandatory_count")?.unwrap_or(0);
    given.finish()?;
    let regex = regexes::compile(&pattern, Flags { ignore_case, multi_line, ..Flags::default() })?;
    let replacement = Replacement::parse(&replacement).map_err(failed)?;
    let count = usize::try_from(count).ok().filter(|count| *count > 0);
    let (replaced, done) = regex.replace(&text, &replacement, count).map_err(failed)?;
    if mandatory > 0 && i64::try_from(done).is_ok_and(|done| done != mandatory) {
        return Err(Stop::value(format!(
            "`{pattern}` should match {mandatory} times, not {done} times, in `{text}`"
        )));
    }
    Ok(replaced.into())
}

/// `text | regex_search(pattern, '\\1', '\\g<name>', ignorecase, multiline)`: what matches, or the groups asked for, or
/// `None`.
fn regex_search(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    let pattern = given.text("regex")?;
    let ignore_case = given.by_name("ignorecase").is_some_and(|flag| flag.is_true());
    let multi_line = given.by_name("multiline").is_some_and(|flag| flag.is_true());
    let groups = given.rest();
    given.finish()?;
    let regex = regexes::compile(&pattern, Flags { ignore_case, multi_line, ..Flags::default() })?;
    let mut wanted = Vec::with_capacity(groups.len());
    for group in &groups {
        wanted.push(group_number(&regex, &crate::value::text(group)?)?);
    }
    let Some(found) = regex.search(&text, 0).map_err(failed)? else { return Ok(Value::Null) };
    if wanted.is_empty() {
        return Ok(group(&found, &text, 0));
    }
    Ok(Value::list(wanted.into_iter().map(|number| group(&found, &text, number))))
}

/// The group that `\1` or `\g<name>` names.
fn group_number(regex: &Regex, reference: &str) -> Result<usize, Stop> {
    let unknown = || {
        Stop::argument(format!("`{reference}` names no group of the pattern"))
            .help("a group is `\\\\1` or `\\\\g<name>`")
    };
    let name = match reference.strip_prefix("\\g<").and_then(|inner| inner.strip_suffix('>')) {
        Some(name) => name,
        None => reference.strip_prefix('\\').ok_or_else(unknown)?,
    };
    let number = name.parse().ok().or_else(|| regex.group(name));
    number.filter(|number| *number <= regex.group_count()).ok_or_else(unknown)
}

fn group(found: &Match, text: &str, number: usize) -> Value {
    found.text(text, number).map_or(Value::Null, Value::from)
}

/// `text | regex_findall(pattern, multiline, ignorecase)`: the matches, or their group, or lists of their groups.
fn regex_findall(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    let pattern = given.text("regex")?;
    let multi_line = given.flag("multiline", false)?;
    let ignore_case = given.flag("ignorecase", false)?;
    given.finish()?;
    let regex = regexes::compile(&pattern, Flags { ignore_case, multi_line, ..Flags::default() })?;
    let part = |found: &Match, number: usize| Value::from(found.text(&text, number).unwrap_or(""));
    let found = regex.find_all(&text).map_err(failed)?;
    Ok(Value::list(found.iter().map(|found| match regex.group_count() {
        0 => part(found, 0),
        1 => part(found, 1),
        count => Value::list((1..=count).map(|number| part(found, number))),
    })))
}

/// `text | regex_escape(re_type)`
fn regex_escape(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let text = given.text("value")?;
    let kind = given.optional_text("re_type")?.unwrap_or_else(|| "python".to_owned());
    given.finish()?;
    match kind.as_str() {
        "python" => Ok(python_re::escape(&text).into()),
        "posix_basic" => {
            let mut escaped = String::with_capacity(text.len());
            for character in text.chars() {
                if "].[^$*\\".contains(character) {
                    escaped.push('\\');
                }
                escaped.push(character);
            }
            Ok(escaped.into())
        }
        other => Err(Stop::argument(format!("there is no kind of regular expression `{other}`"))
            .help("known are python and posix_basic")),
    }
}
