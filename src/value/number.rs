//! Arithmetic as Python does it: whole numbers never overflow, `//` and `%` round down, `/` always has a fraction.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

use crate::value::{Stop, Value};

/// A number; booleans count as 0 and 1.
#[derive(Clone, Debug)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A whole number of any size.
    Big(BigInt),
    /// A number with a fraction.
    Float(f64),
}

/// The largest exponent of `**` on whole numbers, which keeps a template from filling the memory.
const MAX_EXPONENT: u32 = 100_000;

impl Number {
    /// The number that a value is.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(truth) => Self::Int(i64::from(*truth)),
            Value::Int(number) => Self::Int(*number),
            Value::BigInt(number) => Self::Big((**number).clone()),
            Value::Float(number) => Self::Float(*number),
            _ => return None,
        })
    }

    /// As a floating point number.
    pub fn to_f64(&self) -> f64 {
        match self {
            Self::Int(number) => *number as f64,
            Self::Big(number) => big_to_f64(number),
            Self::Float(number) => *number,
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::Int(number) => *number == 0,
            Self::Big(number) => number.sign() == Sign::NoSign,
            Self::Float(number) => *number == 0.0,
        }
    }

    /// The order of two numbers; nothing where one is not a number.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Float(a), whole) => float_order(*a, whole),
            (whole, Self::Float(b)) => float_order(*b, whole).map(Ordering::reverse),
            (a, b) => Some(a.big().cmp(&b.big())),
        }
    }

    /// `a + b`
    #[must_use]
    pub fn add(&self, other: &Self) -> Value {
        self.combine(other, i64::checked_add, |a, b| a + b, |a, b| a + b)
    }

    /// `a - b`
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Value {
        self.combine(other, i64::checked_sub, |a, b| a - b, |a, b| a - b)
    }

    /// `a * b`
    #[must_use]
    pub fn multiply(&self, other: &Self) -> Value {
        self.combine(other, i64::checked_mul, |a, b| a * b, |a, b| a * b)
    }

    /// `a / b`
    pub fn divide(&self, other: &Self) -> Result<Value, Stop> {
        if other.is_zero() {
            return Err(Stop::value("division by zero"));
        }
        Ok(Value::Float(self.to_f64() / other.to_f64()))
    }

    /// `a // b`
    pub fn floor_divide(&self, other: &Self) -> Result<Value, Stop> {
        Ok(self.divmod(other)?.0)
    }

    /// `a % b`
    pub fn modulo(&self, other: &Self) -> Result<Value, Stop> {
        Ok(self.divmod(other)?.1)
    }

    /// `a // b` and `a % b`
    pub fn divmod(&self, other: &Self) -> Result<(Value, Value), Stop> {
        if other.is_zero() {
            return Err(Stop::value("integer division or modulo by zero"));
        }
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let (Some(quotient), Some(remainder)) = (a.checked_div(*b), a.checked_rem(*b))
        {
            let down = remainder != 0 && (remainder < 0) != (*b < 0);
            let quotient = if down { quotient - 1 } else { quotient };
            return Ok((
                Value::Int(quotient),
                Value::Int(if down { remainder + b } else { remainder }),
            ));
        }
        if let (Self::Float(_), _) | (_, Self::Float(_)) = (self, other) {
            let (a, b) = (self.to_f64(), other.to_f64());
            let mut remainder = a % b;
            let mut quotient = (a - remainder) / b;
            if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) {
                remainder += b;
                quotient -= 1.0;
            }
            return Ok((Value::Float(quotient.round()), Value::Float(remainder)));
        }
        let (a, b) = (self.big(), other.big());
        let (mut quotient, mut remainder) = (&a / &b, &a % &b);
        if remainder.sign() != Sign::NoSign && remainder.sign() != b.sign() {
            quotient -= 1;
            remainder += b;
        }
        Ok((quotient.into(), remainder.into()))
    }

    /// `a ** b`
    pub fn power(&self, other: &Self) -> Result<Value, Stop> {
        match (self, other) {
            (Self::Float(_), _) | (_, Self::Float(_)) => {
                let (a, b) = (self.to_f64(), other.to_f64());
                if a == 0.0 && b < 0.0 {
                    return Err(Stop::value("zero cannot be raised to a negative power"));
                }
                Ok(Value::Float(a.powf(b)))
            }
            (_, exponent) if exponent.order(&Self::Int(0)) == Some(Ordering::Less) => {
                if self.is_zero() {
                    return Err(Stop::value("zero cannot be raised to a negative power"));
                }
                Ok(Value::Float(self.to_f64().powf(exponent.to_f64())))
            }
            (base, exponent) => match exponent {
                Self::Int(exponent) if *exponent <= i64::from(MAX_EXPONENT) => {
                    Ok(base.big().pow(u32::try_from(*exponent).unwrap_or(0)).into())
                }
                _ => Err(Stop::value(format!("an exponent above {MAX_EXPONENT} is too large"))),
            },
        }
    }

    /// `-a`
    #[must_use]
    pub fn negate(&self) -> Value {
        match self {
            Self::Int(number) => {
                number.checked_neg().map_or_else(|| (-BigInt::from(*number)).into(), Value::Int)
            }
            Self::Big(number) => (-number).into(),
            Self::Float(number) => Value::Float(-number),
        }
    }

    /// The number as a value.
    pub fn into_value(self) -> Value {
        match self {
            Self::Int(number) => Value::Int(number),
            Self::Big(number) => number.into(),
            Self::Float(number) => Value::Float(number),
        }
    }

    /// A whole number without its fraction; a fault for infinity and not-a-number.
    pub fn truncate(&self) -> Result<Value, Stop> {
        match self {
            Self::Float(number) if number.is_nan() => {
                Err(Stop::value("cannot convert float NaN to integer"))
            }
            Self::Float(number) if number.is_infinite() => {
                Err(Stop::value("cannot convert float infinity to integer"))
            }
            Self::Float(number) => Ok(float_to_big(number.trunc()).into()),
            whole => Ok(whole.clone().into_value()),
        }
    }

    fn big(&self) -> BigInt {
        match self {
            Self::Int(number) => (*number).into(),
            Self::Big(number) => number.clone(),
            Self::Float(number) => float_to_big(*number),
        }
    }

    fn combine(
        &self,
        other: &Self,
        small: fn(i64, i64) -> Option<i64>,
        big: fn(BigInt, BigInt) -> BigInt,
        float: fn(f64, f64) -> f64,
    ) -> Value {
        match (self, other) {
            (Self::Float(_), _) | (_, Self::Float(_)) => {
                Value::Float(float(self.to_f64(), other.to_f64()))
            }
            (Self::Int(a), Self::Int(b)) => {
                small(*a, *b).map_or_else(|| big((*a).into(), (*b).into()).into(), Value::Int)
            }
            (a, b) => big(a.big(), b.big()).into(),
        }
    }
}

/// Reads a whole number as Python's `int(text, base)` does: blanks around, a sign, `_` between digits, and for base 0
/// or the fitting base a prefix `0x`, `0o`, `0b`.
pub fn int_from_text(text: &str, base: u32) -> Option<Value> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find(|(prefix, of)| lower.starts_with(prefix) && (base == 0 || base == *of));
    let (digits, base) = match prefixed {
        Some((_, of)) => (lower[2..].strip_prefix('_').unwrap_or(&lower[2..]).to_owned(), of),
        None if base == 0
            && lower.len() > 1
            && lower.starts_with('0')
            && lower.bytes().any(|byte| byte != b'0') =>
        {
            return None;
        }
        None => (lower, if base == 0 { 10 } else { base }),
    };
    if !(2..=36).contains(&base) || digits.is_empty() {
        return None;
    }
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return None;
    }
    let digits: String = digits.chars().filter(|character| *character != '_').collect();
    if !digits.chars().all(|character| character.is_digit(base)) {
        return None;
    }
    let number = BigInt::parse_bytes(digits.as_bytes(), base)?;
    Some(if negative { -number } else { number }.into())
}

fn float_order(float: f64, whole: &Number) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.is_infinite() {
        return Some(if float > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    let floor = float.floor();
    Some(float_to_big(floor).cmp(&whole.big()).then(if float > floor {
        Ordering::Greater
    } else {
        Ordering::Equal
    }))
}

fn float_to_big(float: f64) -> BigInt {
    if float.abs() < 9.0e18 {
        return BigInt::from(float as i64);
    }
    let bits = float.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as u32;
    let mantissa = BigInt::from((bits & ((1 << 52) - 1)) | (1 << 52));
    let magnitude = mantissa << exponent.saturating_sub(1075).min(1024);
    if float < 0.0 { -magnitude } else { magnitude }
}

fn big_to_f64(number: &BigInt) -> f64 {
    number.to_string().parse().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Number, int_from_text};
    use crate::value::{Value, text};

    fn check(got: &Value, want: &str) {
        assert_eq!(text(got).unwrap(), want);
    }

    #[test]
    fn division_rounds_down_as_in_python() {
        for (a, b, quotient, remainder) in
            [(7, 2, "3", "1"), (-7, 2, "-4", "1"), (7, -3, "-3", "-2"), (-7, -3, "2", "-1")]
        {
            let (q, r) = Number::Int(a).divmod(&Number::Int(b)).unwrap();
            check(&q, quotient);
            check(&r, remainder);
        }
        check(&Number::Float(-7.5).floor_divide(&Number::Int(2)).unwrap(), "-4.0");
        assert!(Number::Int(1).divide(&Number::Int(0)).is_err());
    }

    #[test]
    fn whole_numbers_do_not_overflow() {
        check(&Number::Int(i64::MAX).add(&Number::Int(1)), "9223372036854775808");
        check(&Number::Int(2).power(&Number::Int(70)).unwrap(), "1180591620717411303424");
        check(&Number::Int(2).power(&Number::Int(-1)).unwrap(), "0.5");
        check(&Number::Float(1e20).truncate().unwrap(), "100000000000000000000");
        check(&Number::Int(i64::MIN).negate(), "9223372036854775808");
    }

    #[test]
    fn texts_become_whole_numbers_as_in_python() {
        for (source, base, want) in [
            (" 42 ", 10, Some("42")),
            ("-0x1f", 16, Some("-31")),
            ("1f", 16, Some("31")),
            ("0755", 8, Some("493")),
            ("1_000", 10, Some("1000")),
            ("0b11", 0, Some("3")),
            ("1__0", 10, None),
            ("4.5", 10, None),
            ("", 10, None),
            ("0x1f", 10, None),
            ("010", 0, None),
        ] {
            let got = int_from_text(source, base).map(|value| text(&value).unwrap());
            assert_eq!(got.as_deref(), want, "int({source:?}, {base})");
        }
    }
}
