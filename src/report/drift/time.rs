//! Times as they are told in reports: in the time zone of whoever checks.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A moment of milliseconds since 1970.
pub(super) fn zoned(millis: i64, zone: &TimeZone) -> Zoned {
    Timestamp::from_millisecond(millis).unwrap_or_default().to_zoned(zone.clone())
}

/// To the minute: `2026-11-26 06:20`.
pub(super) fn minute(millis: i64, zone: &TimeZone) -> String {
    zoned(millis, zone).strftime("%Y-%m-%d %H:%M").to_string()
}
