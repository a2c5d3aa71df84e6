//! Times as people and Ansible write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the local time of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// How far local time is ahead of UTC, in seconds.
    pub offset: i64,
}

/// A moment, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: u32,
}

impl Clock {
    /// The clock of a zone that `date +%z` prints as `+0530`.
    pub fn from_zone(zone: &str) -> Option<Self> {
        let zone = zone.trim();
        let (sign, digits) = match zone.as_bytes().first()? {
            b'+' => (1, &zone[1..]),
            b'-' => (-1, &zone[1..]),
            _ => return None,
        };
        let digits: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
        Some(Self { offset: sign * (digits / 100 * 3600 + digits % 100 * 60) })
    }

    /// `2026-11-21 01:02:03.123456`.
    pub fn stamp(&self, time: SystemTime) -> String {
        let Civil { year, month, day, hour, minute, second, micros } = self.civil(time);
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
    }

    /// The moment that a local date and time means.
    pub fn moment(&self, date: (i64, i64, i64), time: (i64, i64, i64)) -> Option<SystemTime> {
        let days = days_from_civil(date.0, date.1, date.2);
        let seconds = days * 86_400 + time.0 * 3600 + time.1 * 60 + time.2 - self.offset;
        match u64::try_from(seconds) {
            Ok(seconds) => UNIX_EPOCH.checked_add(Duration::from_secs(seconds)),
            Err(_) => UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
        }
    }

    fn civil(&self, time: SystemTime) -> Civil {
        let (seconds, micros) = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (since.as_secs().cast_signed(), since.subsec_micros()),
            Err(before) => {
                let before = before.duration();
                let micros = before.subsec_micros();
                let borrow = i64::from(micros > 0);
                (-before.as_secs().cast_signed() - borrow, (1_000_000 - micros) % 1_000_000)
            }
        };
        let local = seconds + self.offset;
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        Civil { year, month, day, hour, minute, second, micros }
    }
}

/// How long something took, as Python prints it: `0:00:00.001234`.
pub(crate) fn delta(took: Duration) -> String {
    let (seconds, micros) = (took.as_secs(), took.subsec_micros());
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let days = match days {
        0 => String::new(),
        1 => "1 day, ".into(),
        days => format!("{days} days, "),
    };
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{days}{hours}:{:02}:{:02}{fraction}", seconds / 60 % 60, seconds % 60)
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment as HTTP has it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(crate) fn http_date(time: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Clock::default().civil(time);
    let weekday = DAYS[days_from_civil(year, month, day).rem_euclid(7) as usize];
    let month = MONTHS[(month - 1).clamp(0, 11) as usize];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The moment that a date of HTTP means; none where it is in one of the forms that nobody writes any more.
pub(crate) fn read_http_date(text: &str) -> Option<SystemTime> {
    let mut words = text.split(' ').skip(1);
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as i64 + 1;
    let year = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(str::parse);
    let mut part = || time.next()?.ok();
    let time = (part()?, part()?, part()?);
    Clock::default().moment((year, month, day), time)
}

/// The date of a number of days since 1970-01-01, by Howard Hinnant's method
/// (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_based = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 { march_based + 3 } else { march_based - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// The reverse of [`civil_from_days`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Clock, delta, http_date, read_http_date};

    #[test]
    fn dates_of_http_go_both_ways() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT";
        let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(http_date(time), text);
        assert_eq!(read_http_date(text), Some(time));
        assert_eq!(read_http_date("yesterday"), None);
    }

    #[test]
    fn moments_are_written_in_local_time() {
        let check = |seconds: i64, micros: u64, zone: &str, want: &str| {
            let clock = Clock::from_zone(zone).unwrap();
            let whole = Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
            assert_eq!(clock.stamp(time + Duration::from_micros(micros)), want);
            let date = |range: std::ops::Range<usize>| want[range].parse::<i64>().unwrap();
            let moment = clock.moment(
                (date(0..4), date(5..7), date(8..10)),
                (date(11..13), date(14..16), date(17..19)),
            );
            assert_eq!(moment, Some(time));
        };
        check(0, 0, "+0000", "1970-01-01 00:00:00.000000");
        check(951_782_400, 7, "+0000", "2000-02-29 00:00:00.000007");
        check(1_795_223_342, 474_043, "+0000", "2026-11-21 01:09:02.474043");
        check(1_795_223_342, 0, "+0530", "2026-11-21 06:39:02.000000");
        check(1_795_223_342, 0, "-0800", "2026-11-20 17:09:02.000000");
        check(-1, 0, "+0000", "1969-12-31 23:59:59.000000");
        assert_eq!(Clock::from_zone("UTC"), None);
    }

    #[test]
    fn durations_are_written_as_python_does() {
        assert_eq!(delta(Duration::from_micros(1234)), "0:00:00.001234");
        assert_eq!(delta(Duration::from_secs(3725)), "1:02:05");
        assert_eq!(delta(Duration::from_millis(90_061_500)), "1 day, 1:01:01.500000");
    }
}
