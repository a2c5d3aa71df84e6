//! Sizes for people: `human_readable`, `human_to_bytes`, `filesizeformat`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::filters::numbers::float_from_text;
use crate::template::registry::FilterFn;
use crate::value::{Number, Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("human_readable", FilterFn::new(human_readable)),
    ("human_to_bytes", FilterFn::new(human_to_bytes)),
    ("filesizeformat", FilterFn::new(filesizeformat)),
];

/// Units of 1024, the largest first.
const UNITS: [(char, u32); 8] =
    [('Y', 8), ('Z', 7), ('E', 6), ('P', 5), ('T', 4), ('G', 3), ('M', 2), ('K', 1)];

fn unit_size(power: u32) -> f64 {
    1024_f64.powi(i32::try_from(power).unwrap_or(0))
}

fn number(value: &Value) -> Result<f64, Stop> {
    match value {
        Value::Str(text) => float_from_text(text),
        other => Number::of(other).map(|number| number.to_f64()),
    }
    .ok_or_else(|| Stop::value(format!("{value:?} is no number")))
}

/// `size | human_readable(isbits, unit)`: `117.74 MB`
fn human_readable(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let size = number(&given.value("size")?)?;
    let bits = given.flag("isbits", false)?;
    let unit = given.optional_text("unit")?;
    given.finish()?;
    let wanted =
        unit.as_deref().and_then(|unit| unit.chars().next()).map(|unit| unit.to_ascii_uppercase());
    let chosen = UNITS.into_iter().find(|(letter, power)| match wanted {
        Some(wanted) => *letter == wanted,
        None => size >= unit_size(*power),
    });
    let (size, suffix) = match chosen {
        Some((letter, power)) => {
            (size / unit_size(power), format!("{letter}{}", if bits { "b" } else { "B" }))
        }
        None => (size, if bits { "bits" } else { "Bytes" }.to_owned()),
    };
    Ok(format!("{size:.2} {suffix}").into())
}

/// `'10 MB' | human_to_bytes(default_unit, isbits)`
fn human_to_bytes(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("size")?;
    let default_unit = given.optional_text("default_unit")?;
    let bits = given.flag("isbits", false)?;
    given.finish()?;
    let text = text(&value)?;
    let trimmed = text.trim();
    let end = trimmed
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
        .unwrap_or(trimmed.len());
    let (digits, unit) = (&trimmed[..end], trimmed[end..].trim());
    let Some(number) = digits.replace(',', "").parse::<f64>().ok() else {
        return Err(Stop::value(format!("`{text}` is no size, such as `10 MB`")));
    };
    let unit = if unit.is_empty() { default_unit.unwrap_or_default() } else { unit.to_owned() };
    let bad = || {
        Stop::value(format!("`{text}` has an unknown unit `{unit}`")).help(if bits {
            "units are b, Kb, Mb, Gb, Tb, Pb, Eb, Zb, Yb"
        } else {
            "units are B, KB, MB, GB, TB, PB, EB, ZB, YB"
        })
    };
    let mut letters = unit.chars();
    let Some(first) = letters.next() else { return Ok(whole(number)) };
    let rest = letters.as_str();
    let plain =
        if bits { matches!(rest, "" | "its" | "it") } else { matches!(rest, "" | "ytes" | "yte") };
    if first.eq_ignore_ascii_case(&'b') && plain && (bits || first == 'B' || rest.is_empty()) {
        return Ok(whole(number));
    }
    let Some((_, power)) =
        UNITS.into_iter().find(|(letter, _)| *letter == first.to_ascii_uppercase())
    else {
        return Err(bad());
    };
    let suffix = if bits { ["", "b", "bits"] } else { ["", "B", "bytes"] };
    if !suffix.contains(&rest) && !rest.eq_ignore_ascii_case(suffix[2]) {
        return Err(bad());
    }
    Ok(whole(number * unit_size(power)))
}

fn whole(number: f64) -> Value {
    Number::Float(number.round_ties_even()).truncate().unwrap_or(Value::Int(0))
}

/// `size | filesizeformat(binary)`: `1.0 MB`
fn filesizeformat(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let size = number(&given.value("value")?)?;
    let binary = given.flag("binary", false)?;
    given.finish()?;
    let (base, units): (f64, [&str; 8]) = if binary {
        (1024.0, ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"])
    } else {
        (1000.0, ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"])
    };
    if size == 1.0 {
        return Ok("1 Byte".into());
    }
    if size < base {
        return Ok(format!("{} Bytes", size.trunc()).into());
    }
    let mut unit = base;
    for (index, name) in units.iter().enumerate() {
        if size < unit * base || index + 1 == units.len() {
            return Ok(format!("{:.1} {name}", size / unit).into());
        }
        unit *= base;
    }
    Ok(format!("{size} Bytes").into())
}
