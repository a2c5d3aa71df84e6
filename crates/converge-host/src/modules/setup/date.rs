//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;
use crate::modules::setup::zone::{Zone, civil, days};

const DAYS: &[&str] =
    &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// As Python counts years where it looks for the names of a zone.
const YEAR: i64 = (365 * 24 + 6) * 3600;

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs().cast_signed(), since.subsec_micros());
    facts.insert("date_time".into(), Data::Map(date_time(seconds, micros, &zone(read))));
}

fn zone(read: &Reader<'_>) -> Zone {
    let named = read.host.variable("TZ").map(|name| name.trim_start_matches(':').to_owned());
    let named = named.filter(|name| !name.is_empty() && !name.contains(".."));
    let path = match named {
        Some(path) if path.starts_with('/') => path,
        Some(name) => format!("/usr/share/zoneinfo/{name}"),
        None => "/etc/localtime".into(),
    };
    let file = read.host.content(path.as_ref()).ok().and_then(|blob| blob.bytes);
    file.and_then(|bytes| Zone::read(&bytes)).unwrap_or_else(|| match read.host.clock().offset {
        0 => Zone::utc(),
        offset => Zone::fixed(offset, ""),
    })
}

fn date_time(seconds: i64, micros: u32, zone: &Zone) -> Map {
    let local = zone.at(seconds);
    let there = seconds + local.offset;
    let (year, month, day) = civil(there);
    let of_day = there.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let today = there.div_euclid(86_400);
    // 1 January 1970 was a Thursday.
    let weekday = (today + 4).rem_euclid(7);
    // Weeks begin on Monday; the days before the first one are in week 0.
    let week = (today - days(year, 1, 1) + 7 - (weekday + 6) % 7) / 7;
    let sign = if local.offset < 0 { '-' } else { '+' };
    let ahead = local.offset.abs();
    let basic = format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}");
    let utc = {
        let (year, month, day) = civil(seconds);
        let of_day = seconds.rem_euclid(86_400);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    };
    let texts = [
        ("year", format!("{year:04}")),
        ("month", format!("{month:02}")),
        ("weekday", DAYS[weekday as usize].to_owned()),
        ("weekday_number", weekday.to_string()),
        ("weeknumber", format!("{week:02}")),
        ("day", format!("{day:02}")),
        ("hour", format!("{hour:02}")),
        ("minute", format!("{minute:02}")),
        ("second", format!("{second:02}")),
        ("epoch", seconds.to_string()),
        ("epoch_int", seconds.to_string()),
        ("date", format!("{year:04}-{month:02}-{day:02}")),
        ("time", format!("{hour:02}:{minute:02}:{second:02}")),
        ("iso8601_micro", format!("{utc}.{micros:06}Z")),
        ("iso8601", format!("{utc}Z")),
        ("iso8601_basic", format!("{basic}{micros:06}")),
        ("iso8601_basic_short", basic),
        ("tz", local.name),
        ("tz_dst", summer_name(seconds, zone)),
        ("tz_offset", format!("{sign}{:02}{:02}", ahead / 3600, ahead / 60 % 60)),
    ];
    texts.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// The name that holds in summer, as Python finds it: the one of two moments half a year apart that is further ahead.
fn summer_name(seconds: i64, zone: &Zone) -> String {
    let winter = seconds / YEAR * YEAR;
    let (winter, summer) = (zone.at(winter), zone.at(winter + YEAR / 2));
    if winter.offset > summer.offset { winter.name } else { summer.name }
}

#[cfg(test)]
mod tests {
    use super::date_time;
    use crate::modules::setup::zone::Zone;

    #[test]
    fn a_moment_is_told_in_every_way() {
        let told = date_time(1_795_223_351, 707_516, &Zone::utc());
        let of = |name: &str| told[name].as_str().unwrap().to_owned();
        assert_eq!(of("iso8601_micro"), "2026-11-21T01:09:11.707516Z");
        assert_eq!(of("iso8601_basic"), "20261121T010911707516");
        assert_eq!(
            (of("weekday"), of("weekday_number"), of("weeknumber")),
            ("Saturday".into(), "6".into(), "46".into())
        );
        assert_eq!(
            (of("tz"), of("tz_dst"), of("tz_offset")),
            ("UTC".into(), "UTC".into(), "+0000".into())
        );
        let west = date_time(1_795_223_351, 0, &Zone::fixed(-12_600, "NST"));
        assert_eq!(west["tz_offset"].as_str(), Some("-0330"));
        assert_eq!(
            (west["date"].as_str(), west["time"].as_str()),
            (Some("2026-11-20"), Some("21:39:11"))
        );
        assert_eq!(west["iso8601"].as_str(), Some("2026-11-21T01:09:11Z"));
    }
}
