//! `lookup('sequence', 'start=1 end=5 format=host%02d')`

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::lookups::options::{Options, Term};
use crate::template::printf;
use crate::template::registry::LookupFn;
use crate::value::{Stop, Value, int_from_text, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[("sequence", LookupFn { run })];

const OPTIONS: &[&str] = &["start", "end", "stride", "count", "format"];

/// The longest sequence.
const MAX: i64 = 1_000_000;

/// Numbers as text. A term is a list of options, or `start-end/stride:format`.
fn run(_: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let options = Options::take(&mut given, OPTIONS)?;
    let mut terms: Vec<String> = given.rest().iter().map(text).collect::<Result<_, _>>()?;
    given.finish()?;
    if terms.is_empty() {
        terms.push(String::new());
    }
    let mut numbers = Vec::new();
    for term in &terms {
        numbers.extend(one(term, &options)?);
    }
    Ok(numbers)
}

fn one(term: &str, options: &Options) -> Result<Vec<Value>, Stop> {
    let split = Term::split(term, OPTIONS)?;
    let mut format = split.option("format", options);
    let number = |name: &str| -> Result<Option<i64>, Stop> {
        split.option(name, options).map(|number| read(&number, name)).transpose()
    };
    let (mut start, mut end, mut stride, count) =
        (number("start")?, number("end")?, number("stride")?, number("count")?);
    match split.words.as_slice() {
        [] => {}
        [short] => {
            let (rest, own_format) = short
                .split_once(':')
                .map_or((short.as_str(), None), |(rest, own)| (rest, Some(own)));
            let (rest, own_stride) =
                rest.split_once('/').map_or((rest, None), |(rest, own)| (rest, Some(own)));
            let (own_start, own_end) = match rest.get(1..).and_then(|tail| tail.find('-')) {
                Some(at) => (Some(&rest[..=at]), &rest[at + 2..]),
                None => (None, rest),
            };
            if let Some(own) = own_start {
                start = Some(read(own, "start")?);
            }
            end = Some(read(own_end, "end")?);
            if let Some(own) = own_stride {
                stride = Some(read(own, "stride")?);
            }
            if let Some(own) = own_format {
                format = Some(own.to_owned());
            }
        }
        other => return Err(Stop::argument(format!("`{}` is no option of a sequence", other[0]))),
    }
    let start = start.unwrap_or(1);
    let stride = stride.unwrap_or(1);
    let end = match (count, end) {
        (Some(_), Some(_)) => {
            return Err(Stop::argument("`count` and `end` cannot be given together"));
        }
        (None, None) => return Err(Stop::argument("`end` or `count` must be given")),
        (Some(0), None) => return Ok(Vec::new()),
        (Some(count), None) => start.saturating_add((count - 1).saturating_mul(stride)),
        (None, Some(end)) => end,
    };
    if stride == 0 {
        return Ok(Vec::new());
    }
    if stride > 0 && end < start {
        return Err(Stop::argument("to count backwards `stride` must be negative"));
    }
    if stride < 0 && end > start {
        return Err(Stop::argument("to count forward `stride` must not be negative"));
    }
    if end.saturating_sub(start) / stride > MAX {
        return Err(Stop::argument(format!("the sequence is longer than {MAX}")));
    }
    let mut numbers = Vec::new();
    let mut at = start;
    while if stride > 0 { at <= end } else { at >= end } {
        numbers.push(match &format {
            Some(format) => printf::format(format, &Value::Int(at))?.into(),
            None => at.to_string().into(),
        });
        at += stride;
    }
    Ok(numbers)
}

/// A number in Python's notation, `0x1f` and `0o17` included; `017` is octal as in old playbooks.
fn read(number: &str, name: &str) -> Result<i64, Stop> {
    let value = int_from_text(number, 0).or_else(|| int_from_text(number, 8));
    match value {
        Some(Value::Int(number)) => Ok(number),
        _ => Err(Stop::argument(format!("`{name}` must be a whole number, not `{number}`"))),
    }
}
