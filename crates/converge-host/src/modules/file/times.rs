//! Reading a time by the letters of strftime(3).

use std::time::SystemTime;

use crate::clock::Clock;

/// The local time that a text means, or why it means none.
pub(super) fn parse(text: &str, format: &str, clock: Clock) -> Result<SystemTime, String> {
    let (mut date, mut time) = ((1900, 1, 1), (0, 0, 0));
    let mut rest = text;
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            rest = rest.strip_prefix(letter).ok_or_else(|| format!("a `{letter}` is missing"))?;
            continue;
        }
        let (slot, width, range) = match letters.next() {
            Some('Y') => (&mut date.0, 4, 1..=9999),
            Some('m') => (&mut date.1, 2, 1..=12),
            Some('d') => (&mut date.2, 2, 1..=31),
            Some('H') => (&mut time.0, 2, 0..=23),
            Some('M') => (&mut time.1, 2, 0..=59),
            Some('S') => (&mut time.2, 2, 0..=61),
            Some('y') => {
                let (year, after) = number(rest, 2)?;
                date.0 = if year < 69 { 2000 + year } else { 1900 + year };
                rest = after;
                continue;
            }
            Some('%') => {
                rest = rest.strip_prefix('%').ok_or("a `%` is missing")?;
                continue;
            }
            other => {
                let letter = other.map(String::from).unwrap_or_default();
                return Err(format!("`%{letter}` is not one of %Y %y %m %d %H %M %S"));
            }
        };
        let (value, after) = number(rest, width)?;
        if !range.contains(&value) {
            return Err(format!("`{value}` is out of range"));
        }
        *slot = value;
        rest = after;
    }
    if !rest.is_empty() {
        return Err(format!("`{rest}` is left over"));
    }
    clock.moment(date, time).ok_or_else(|| "it is out of range".into())
}

fn number(text: &str, width: usize) -> Result<(i64, &str), String> {
    let digits = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
    let value = text[..digits].parse().map_err(|_| "a number is missing".to_owned())?;
    Ok((value, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::clock::Clock;

    #[test]
    fn times_are_read_by_their_format() {
        let clock = Clock::from_zone("+0100").unwrap();
        let check = |text, format, want: &str| {
            assert_eq!(clock.stamp(parse(text, format, clock).unwrap())[..19], *want);
        };
        check("202001020304.05", "%Y%m%d%H%M.%S", "2020-01-02 03:04:05");
        check("1/2/99 7h", "%m/%d/%y %Hh", "1999-01-02 07:00:00");
        for (text, format) in [("bad", "%Y"), ("2020x", "%Y"), ("13", "%m"), ("1", "%Q"), ("", "-")]
        {
            assert!(parse(text, format, clock).is_err(), "{text} as {format}");
        }
    }
}
