//! What a plain scalar is: PyYAML's reading of YAML 1.1, which is what Ansible content relies on.
//!
//! The rules are those of PyYAML's implicit resolvers (<https://github.com/yaml/pyyaml>, `resolver.py`), which differ from
//! the YAML 1.1 types: `y` is text, `1e3` is text, `0o7` is text. Where PyYAML gives up (`=`, `<<`, `0x_`) the text stands.

use std::sync::Arc;

use crate::yaml::bignum::decimal;
use crate::yaml::{Kind, Style};

/// What `text` is when it stands without quotes and tag.
pub fn scalar(text: &str) -> Kind {
    null(text)
        .or_else(|| boolean(text).map(Kind::Bool))
        .or_else(|| integer(text))
        .or_else(|| float(text).map(Kind::Float))
        .unwrap_or_else(|| Kind::Str(Arc::from(text), Style::Plain))
}

fn null(text: &str) -> Option<Kind> {
    matches!(text, "" | "~" | "null" | "Null" | "NULL").then_some(Kind::Null)
}

/// The value of one of YAML 1.1's words for true and false, as PyYAML knows them.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// The value of a whole number in base 2, 8, 10, 16 or 60.
pub(super) fn integer(text: &str) -> Option<Kind> {
    let (negative, digits) = sign(text);
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'b', ..] => (2, &digits[2..]),
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        [b'0'..=b'9', ..] if digits.contains(':') => return sexagesimal(negative, digits),
        [b'0'..=b'9', ..] => (10, digits),
        _ => return None,
    };
    let values = values(digits, base)?;
    // `0_` is zero; `0x_` is a number to PyYAML's pattern, and then fails to be one.
    (base == 8 || !values.is_empty()).then(|| number(negative, &[(u64::from(base), &values)]))
}

/// `1:30` is ninety: the first group may be of any length, the others are below sixty.
fn sexagesimal(negative: bool, text: &str) -> Option<Kind> {
    let (first, rest) = text.split_once(':')?;
    if first.starts_with('0') {
        return None;
    }
    let rest: Vec<u64> = rest.split(':').map(below_sixty).collect::<Option<_>>()?;
    Some(number(negative, &[(10, &values(first, 10)?), (60, &rest)]))
}

/// The values of digits in `base`, underscores left out; nothing if there is anything else.
fn values(digits: &str, base: u32) -> Option<Vec<u64>> {
    digits
        .chars()
        .filter(|&digit| digit != '_')
        .map(|digit| digit.to_digit(base).map(u64::from))
        .collect()
}

fn below_sixty(group: &str) -> Option<u64> {
    match group.as_bytes() {
        [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'] => group.parse().ok(),
        _ => None,
    }
}

/// A number from runs of digits, as [`decimal`] takes them.
fn number(negative: bool, runs: &[(u64, &[u64])]) -> Kind {
    let digits = runs.iter().flat_map(|(base, digits)| digits.iter().map(|digit| (*base, *digit)));
    let value = digits.into_iter().try_fold(0_i128, |value, (base, digit)| {
        let value = value * i128::from(base) + i128::from(digit);
        (value <= i128::from(u64::MAX)).then_some(value)
    });
    match value.map(|value| i64::try_from(if negative { -value } else { value })) {
        Some(Ok(value)) => Kind::Int(value),
        _ => Kind::BigInt(Arc::from(decimal(negative, runs))),
    }
}

/// The value of a number with a fraction, in base 10 or 60, or of an infinity or not-a-number.
pub(super) fn float(text: &str) -> Option<f64> {
    let (negative, digits) = sign(text);
    let signed = digits.len() != text.len();
    let value = match digits {
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        ".nan" | ".NaN" | ".NAN" if !signed => return Some(f64::NAN),
        _ => match digits.split_once('.')? {
            (whole, fraction) if whole.contains(':') => sexagesimal_float(whole, fraction)?,
            // A sign needs a digit before the point: `-.5` is text.
            (whole, _) if whole.is_empty() && signed => return None,
            (whole, fraction) => decimal_float(whole, fraction)?,
        },
    };
    Some(if negative { -value } else { value })
}

fn decimal_float(whole: &str, fraction: &str) -> Option<f64> {
    let starts_with_digit = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let (fraction, exponent) = match fraction.find(['e', 'E']) {
        Some(at) => (&fraction[..at], Some(&fraction[at + 1..])),
        None => (fraction, None),
    };
    let lead = if whole.is_empty() { fraction } else { whole };
    if !starts_with_digit(lead)
        || ![whole, fraction].iter().all(|part| digits_and_underscores(part))
    {
        return None;
    }
    let exponent = match exponent {
        None => String::new(),
        Some(power) => {
            let digits = power.strip_prefix(['+', '-'])?;
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            format!("e{power}")
        }
    };
    format!("0{whole}.{fraction}0{exponent}").replace('_', "").parse().ok()
}

fn sexagesimal_float(whole: &str, fraction: &str) -> Option<f64> {
    let (first, rest) = whole.split_once(':')?;
    let starts_with_digit = first.starts_with(|first: char| first.is_ascii_digit());
    if !starts_with_digit || !digits_and_underscores(first) || !digits_and_underscores(fraction) {
        return None;
    }
    let groups: Vec<&str> = rest.split(':').collect();
    let (last, middle) = groups.split_last()?;
    if !groups.iter().all(|group| below_sixty(group).is_some()) {
        return None;
    }
    // Summed from the smallest part up, as PyYAML does, or the last bit would differ.
    let mut value: f64 = format!("{last}.{fraction}0").replace('_', "").parse().ok()?;
    let mut unit = 60.0;
    for group in middle.iter().rev().chain([&first]) {
        value += group.replace('_', "").parse::<f64>().ok()? * unit;
        unit *= 60.0;
    }
    Some(value)
}

fn digits_and_underscores(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'_' || byte.is_ascii_digit())
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    }
}
