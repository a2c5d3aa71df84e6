//! Numbers as text with a given precision, width and sign: what `%` formatting and `str.format` share.

use crate::value::{BigInt, Number, Stop, Value};

/// Where padding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
    Center,
    /// Between the sign and the digits.
    AfterSign,
}

/// A sign, the digits behind it, padded to a width.
pub(crate) fn pad(sign: &str, body: &str, width: usize, fill: char, align: Align) -> String {
    let length = sign.chars().count() + body.chars().count();
    let space = width.saturating_sub(length);
    let filled = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    match align {
        Align::Left => format!("{sign}{body}{}", filled(space)),
        Align::Right => format!("{}{sign}{body}", filled(space)),
        Align::Center => format!("{}{sign}{body}{}", filled(space / 2), filled(space - space / 2)),
        Align::AfterSign => format!("{sign}{}{body}", filled(space)),
    }
}

/// The sign of a number: `-`, or what stands for plus, and its magnitude in digits of a base.
pub(crate) fn integer(number: &BigInt, radix: u32, upper: bool) -> (bool, String) {
    let digits = number.magnitude().to_str_radix(radix);
    (number.sign() == num_bigint::Sign::Minus, if upper { digits.to_uppercase() } else { digits })
}

/// The magnitude of a float as `e`, `f`, `g` or `%` prints it. `alternate` keeps the zeros that `g` drops.
pub(crate) fn float(number: f64, kind: char, precision: usize, alternate: bool) -> String {
    let upper = kind.is_ascii_uppercase();
    let magnitude = number.abs();
    let text = if magnitude.is_nan() {
        "nan".to_owned()
    } else if magnitude.is_infinite() {
        "inf".to_owned()
    } else {
        match kind.to_ascii_lowercase() {
            'e' => exponent(magnitude, precision),
            'g' => general(magnitude, precision.max(1), alternate),
            '%' => format!("{:.precision$}%", magnitude * 100.0),
            _ => format!("{magnitude:.precision$}"),
        }
    };
    if upper { text.to_uppercase() } else { text }
}

/// The whole number that a value is, for `%d` and `:d`.
pub(crate) fn whole(value: &Value) -> Result<BigInt, Stop> {
    match Number::of(value) {
        Some(Number::Int(number)) => Ok(number.into()),
        Some(Number::Big(number)) => Ok(number),
        Some(float @ Number::Float(_)) => match float.truncate()? {
            Value::BigInt(number) => Ok((*number).clone()),
            other => Ok(other.as_int().unwrap_or(0).into()),
        },
        None => Err(Stop::value(format!("a number is expected, not {}", value.type_name()))),
    }
}

fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

fn general(number: f64, precision: usize, alternate: bool) -> String {
    let scientific = exponent(number, precision - 1);
    let power: i32 =
        scientific.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let text = if power < -4 || power >= i32::try_from(precision).unwrap_or(i32::MAX) {
        scientific
    } else {
        let decimals =
            usize::try_from(i32::try_from(precision).unwrap_or(0) - 1 - power).unwrap_or(0);
        format!("{number:.decimals$}")
    };
    if alternate {
        return text;
    }
    let (digits, rest) = match text.split_once('e') {
        Some((digits, power)) => (digits.to_owned(), format!("e{power}")),
        None => (text, String::new()),
    };
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        &digits
    };
    format!("{digits}{rest}")
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn floats_print_as_c_prints_them() {
        for (number, kind, precision, want) in [
            (3.14159, 'f', 2, "3.14"),
            (1234.5, 'e', 3, "1.234e+03"),
            (0.0001, 'g', 6, "0.0001"),
            (0.00001, 'g', 6, "1e-05"),
            (1e6, 'g', 6, "1e+06"),
            (100_000.0, 'g', 6, "100000"),
            (0.5, '%', 1, "50.0%"),
            (f64::INFINITY, 'F', 6, "INF"),
        ] {
            assert_eq!(float(number, kind, precision, false), want);
        }
    }
}
