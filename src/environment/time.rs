//! Lengths of time as people write them: `90s`, `5m`, `1h30m`, `7d`, `2w`.

use std::time::Duration;

/// The units and their seconds, the largest first.
const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// What a text says; none where it says no length of time. Units come from large to small, each once.
pub fn duration(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut units = UNITS.iter();
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..)?.chars().next()?;
        let (_, length) = units.by_ref().find(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.checked_mul(*length)?)?;
        rest = rest.get(digits + unit.len_utf8()..)?.trim_start();
    }
    Some(Duration::from_secs(seconds))
}

/// A length of time in words, in the two largest units that it has.
pub fn told(length: Duration) -> String {
    let mut seconds = length.as_secs();
    let mut parts = Vec::new();
    for (name, unit) in [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)] {
        let count = seconds / unit;
        seconds %= unit;
        match count {
            0 => {}
            1 => parts.push(format!("1 {name}")),
            many => parts.push(format!("{many} {name}s")),
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "no time".into() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{duration, told};

    #[test]
    fn lengths_are_read() {
        for (text, expected) in [
            ("90s", Some(90)),
            ("5m", Some(300)),
            ("1h30m", Some(5400)),
            ("1h 30m", Some(5400)),
            ("7d", Some(604_800)),
            ("2w", Some(1_209_600)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("m", None),
            ("5y", None),
            ("5m1h", None),
            ("5m5m", None),
            ("-5m", None),
            ("99999999999999999999s", None),
            ("9999999999999999999w", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_told() {
        for (seconds, expected) in [
            (0, "no time"),
            (1, "1 second"),
            (61, "1 minute 1 second"),
            (7200, "2 hours"),
            (90_061, "1 day 1 hour"),
        ] {
            assert_eq!(told(Duration::from_secs(seconds)), expected);
        }
    }
}
