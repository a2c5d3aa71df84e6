//! Filters on numbers: `int`, `float`, `abs`, `round`, `log`, `pow`, `root`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::registry::FilterFn;
use crate::value::{Number, Stop, Value, int_from_text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("int", FilterFn::new(int)),
    ("float", FilterFn::new(float)),
    ("abs", FilterFn::new(abs)),
    ("round", FilterFn::new(round)),
    ("log", FilterFn::new(log)),
    ("pow", FilterFn::new(pow)),
    ("root", FilterFn::new(root)),
];

/// `value | int(default, base)`: the default for what is no number.
fn int(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let default = given.optional("default")?.unwrap_or(Value::Int(0));
    let base = given.optional_int("base")?.unwrap_or(10);
    given.finish()?;
    let base = u32::try_from(base).unwrap_or(10);
    Ok(match &value {
        Value::Str(text) => int_from_text(text, base)
            .or_else(|| {
                float_from_text(text).and_then(|number| Number::Float(number).truncate().ok())
            })
            .unwrap_or(default),
        other => Number::of(other).and_then(|number| number.truncate().ok()).unwrap_or(default),
    })
}

fn float(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let default = given.optional("default")?.unwrap_or(Value::Float(0.0));
    given.finish()?;
    Ok(match &value {
        Value::Str(text) => float_from_text(text).map_or(default, Value::Float),
        other => Number::of(other).map_or(default, |number| Value::Float(number.to_f64())),
    })
}

/// Reads a number as Python's `float()` does.
pub(crate) fn float_from_text(text: &str) -> Option<f64> {
    let text = text.trim();
    let lower = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let special = matches!(lower.as_str(), "inf" | "infinity" | "nan");
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return None;
    }
    if !special
        && lower
            .contains(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | 'e' | '+' | '-' | '_'))
    {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn number(name: &str, value: &Value) -> Result<Number, Stop> {
    Number::of(value).ok_or_else(|| {
        Stop::argument(format!("`{name}` must be a number, not {}", value.type_name()))
    })
}

fn abs(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("number")?;
    given.finish()?;
    let number = number("number", &value)?;
    Ok(match &number {
        Number::Float(number) => Value::Float(number.abs()),
        whole if whole.order(&Number::Int(0)).is_some_and(std::cmp::Ordering::is_lt) => {
            whole.negate()
        }
        whole => whole.clone().into_value(),
    })
}

/// `value | round(precision, method)`: whole numbers stay whole, floats stay floats.
fn round(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let precision = given.optional_int("precision")?.unwrap_or(0);
    let method = given.optional_text("method")?.unwrap_or_else(|| "common".to_owned());
    given.finish()?;
    let precision =
        i32::try_from(precision).map_err(|_| Stop::argument("the precision is too large"))?;
    let number = number("value", &value)?;
    match (method.as_str(), &number) {
        ("common", Number::Float(number)) => Ok(Value::Float(rounded(*number, precision))),
        ("common", whole) if precision >= 0 => Ok(whole.clone().into_value()),
        ("common", whole) => {
            let unit = Number::Int(10).power(&Number::Int(i64::from(-precision)))?;
            let unit = Number::of(&unit).unwrap_or(Number::Int(1));
            let (quotient, remainder) = whole.divmod(&unit)?;
            let twice = Number::of(&remainder).map(|remainder| remainder.multiply(&Number::Int(2)));
            let order = twice.as_ref().and_then(Number::of).and_then(|twice| twice.order(&unit));
            let odd = Number::of(&quotient).map(|quotient| quotient.modulo(&Number::Int(2)));
            let odd = matches!(odd, Some(Ok(Value::Int(1))));
            let up = order.is_some_and(|order| order.is_gt() || (order.is_eq() && odd));
            let quotient = Number::of(&quotient).unwrap_or(Number::Int(0));
            let quotient = if up { quotient.add(&Number::Int(1)) } else { quotient.into_value() };
            Ok(Number::of(&quotient).unwrap_or(Number::Int(0)).multiply(&unit))
        }
        ("ceil" | "floor", number) => {
            let unit = 10_f64.powi(precision);
            let scaled = number.to_f64() * unit;
            Ok(Value::Float(if method == "ceil" { scaled.ceil() } else { scaled.floor() } / unit))
        }
        (other, _) => {
            Err(Stop::argument(format!("`method` is common, ceil or floor, not `{other}`")))
        }
    }
}

/// Rounds to a number of decimals by what the number prints as, halves to even, as Python does.
fn rounded(number: f64, precision: i32) -> f64 {
    if !number.is_finite() {
        return number;
    }
    match usize::try_from(precision) {
        // Printing with a precision rounds the exact binary value, which is what Python does too.
        Ok(precision) => format!("{number:.precision$}").parse().unwrap_or(number),
        Err(_) => {
            let unit = 10_f64.powi(-precision);
            (number / unit).round_ties_even() * unit
        }
    }
}

fn log(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = number("x", &given.value("x")?)?.to_f64();
    let base = given.optional("base")?.map(|base| number("base", &base)).transpose()?;
    given.finish()?;
    if value <= 0.0 {
        return Err(Stop::value("only numbers above 0 have a logarithm"));
    }
    Ok(Value::Float(match base.map(|base| base.to_f64()) {
        None => value.ln(),
        Some(10.0) => value.log10(),
        Some(base) => value.ln() / base.ln(),
    }))
}

fn pow(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = number("x", &given.value("x")?)?.to_f64();
    let power = number("y", &given.value("y")?)?.to_f64();
    given.finish()?;
    Ok(Value::Float(value.powf(power)))
}

fn root(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = number("x", &given.value("x")?)?.to_f64();
    let base = given
        .optional("base")?
        .map(|base| number("base", &base))
        .transpose()?
        .map_or(2.0, |base| base.to_f64());
    given.finish()?;
    Ok(Value::Float(if base == 2.0 { value.sqrt() } else { value.powf(1.0 / base) }))
}
