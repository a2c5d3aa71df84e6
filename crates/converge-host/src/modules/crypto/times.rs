//! Times as they are written in arguments: from now (`+1w2d`), or as certificates have them (`20260101000000Z`).

use std::time::{Duration, UNIX_EPOCH};

use crate::change::Moment;
use crate::clock::Clock;
use crate::stop::{Result, Stop};

/// The time that a text means.
pub(super) fn moment(text: &str) -> Result<Moment> {
    let wrong = || {
        Stop::failed(format!("`{text}` is no time such as `+365d`, `+1w2d3h` or `20260101000000Z`"))
    };
    let text = text.trim();
    match text.chars().next() {
        Some('+') => relative(&text[1..]).map(Moment::In).ok_or_else(wrong),
        Some('-') => relative(&text[1..]).map(|seconds| Moment::In(-seconds)).ok_or_else(wrong),
        _ => absolute(text).map(Moment::At).ok_or_else(wrong),
    }
}

fn relative(text: &str) -> Option<i64> {
    let (mut all, mut number) = (0_i64, None);
    for letter in text.chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = Some(number.unwrap_or(0_i64).checked_mul(10)?.checked_add(digit.into())?);
            continue;
        }
        let unit = match letter {
            'w' | 'W' => 604_800,
            'd' | 'D' => 86_400,
            'h' | 'H' => 3600,
            'm' | 'M' => 60,
            's' | 'S' => 1,
            _ => return None,
        };
        all = all.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    number.is_none().then_some(all)
}

/// `YYYYMMDDHHMMSSZ`, with minutes only, or with two digits of the year.
fn absolute(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z')?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = match digits.len() {
        14 => digits.to_owned(),
        12 if digits.starts_with("19") || digits.starts_with("20") => format!("{digits}00"),
        12 => format!("20{digits}"),
        10 => format!("20{digits}00"),
        _ => return None,
    };
    let part = |from: usize, to: usize| digits[from..to].parse::<i64>().ok();
    let date = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let time = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    if !(1..=12).contains(&date.1) || !(1..=31).contains(&date.2) || time.0 > 23 || time.1 > 59 {
        return None;
    }
    Clock::default().moment(date, time).map(crate::der::seconds)
}

/// A time in the digits that certificates have.
pub(super) fn digits(seconds: i64) -> String {
    let since = Duration::from_secs(seconds.unsigned_abs());
    let time = if seconds < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since };
    let digits: String =
        Clock::default().stamp(time).chars().take(19).filter(char::is_ascii_digit).collect();
    format!("{digits}Z")
}

#[cfg(test)]
mod tests {
    use super::{digits, moment};
    use crate::change::Moment;

    #[test]
    fn times_are_read() {
        assert_eq!(moment("+0s"), Ok(Moment::In(0)));
        assert_eq!(moment("+1w2d3h"), Ok(Moment::In(604_800 + 2 * 86_400 + 3 * 3600)));
        assert_eq!(moment("-5m"), Ok(Moment::In(-300)));
        assert_eq!(moment("20200913122640Z"), Ok(Moment::At(1_600_000_000)));
        assert_eq!(moment("202009131226Z"), Ok(Moment::At(1_600_000_000 - 40)));
        assert_eq!(digits(1_600_000_000), "20200913122640Z");
        for wrong in ["365d", "+365", "+x", "20201313122640Z", "2020", ""] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
