//! Local time: files of time zones, RFC 9636, and the rules for later times in them, POSIX.1 (`TZ`).

/// What holds in a zone at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// Seconds ahead of UTC.
    pub(super) offset: i64,
    /// `CET`, `CEST`, `-03`.
    pub(super) name: String,
}

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Zone {
    changes: Vec<(i64, Local)>,
    first: Local,
    rule: Option<Rule>,
}

/// What holds after the last change that is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    standard: Local,
    summer: Option<(Local, Day, Day)>,
}

/// A day of a year and a time of that day, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Day {
    kind: DayKind,
    time: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DayKind {
    /// The weekday (0 is Sunday) of the week (5 is the last) of a month.
    Month(i64, i64, i64),
    /// Counted from 1, 29 February never counted.
    Julian(i64),
    /// Counted from 0, 29 February counted.
    Zero(i64),
}

const DAY: i64 = 86_400;

impl Zone {
    /// Universal time.
    pub(super) fn utc() -> Self {
        Self::fixed(0, "UTC")
    }

    /// A zone that is always as far ahead of UTC.
    pub(super) fn fixed(offset: i64, name: &str) -> Self {
        Self { changes: Vec::new(), first: Local { offset, name: name.into() }, rule: None }
    }

    /// Reads a file of `/usr/share/zoneinfo`.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let old = Header::read(bytes)?;
        if old.version < b'2' {
            return Self::body(&old, bytes.get(Header::SIZE..)?, 4, None);
        }
        let second = bytes.get(Header::SIZE + old.size(4)..)?;
        let header = Header::read(second)?;
        let body = second.get(Header::SIZE..)?;
        let footer = std::str::from_utf8(body.get(header.size(8)..)?).ok()?;
        Self::body(&header, body, 8, Rule::read(footer.trim_matches('\n')))
    }

    /// What holds at a moment, in seconds since 1970.
    pub(super) fn at(&self, time: i64) -> Local {
        let next = self.changes.partition_point(|(from, _)| *from <= time);
        match (&self.rule, next) {
            (Some(rule), next) if next == self.changes.len() => rule.at(time),
            (_, 0) => self.first.clone(),
            (_, next) => self.changes[next - 1].1.clone(),
        }
    }

    fn body(header: &Header, body: &[u8], width: usize, rule: Option<Rule>) -> Option<Self> {
        let (times, rest) = body.split_at_checked(header.times * width)?;
        let (kinds, rest) = rest.split_at_checked(header.times)?;
        let (types, rest) = rest.split_at_checked(header.types * 6)?;
        let names = rest.get(..header.letters)?;
        let local = |kind: usize| -> Option<Local> {
            let entry = types.get(kind * 6..kind * 6 + 6)?;
            let offset = i32::from_be_bytes(entry[..4].try_into().ok()?);
            let name = names.get(usize::from(entry[5])..)?.split(|byte| *byte == 0).next()?;
            Some(Local { offset: offset.into(), name: String::from_utf8_lossy(name).into_owned() })
        };
        let time = |bytes: &[u8]| match width {
            4 => bytes.try_into().ok().map(|bytes| i64::from(i32::from_be_bytes(bytes))),
            _ => bytes.try_into().ok().map(i64::from_be_bytes),
        };
        let changes = times.chunks(width).zip(kinds);
        let changes = changes.map(|(at, kind)| Some((time(at)?, local((*kind).into())?)));
        Some(Self { changes: changes.collect::<Option<_>>()?, first: local(0)?, rule })
    }
}

/// The numbers at the head of a file.
struct Header {
    version: u8,
    times: usize,
    types: usize,
    letters: usize,
    others: [usize; 3],
}

impl Header {
    const SIZE: usize = 44;

    fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..Self::SIZE).filter(|head| head.starts_with(b"TZif"))?;
        let number = |at: usize| -> Option<usize> {
            let bytes = head[20 + at * 4..24 + at * 4].try_into().ok()?;
            Some(u32::from_be_bytes(bytes) as usize)
        };
        Some(Self {
            version: head[4],
            others: [number(0)?, number(1)?, number(2)?],
            times: number(3)?,
            types: number(4)?,
            letters: number(5)?,
        })
    }

    /// How many bytes follow, where a time takes `width`.
    fn size(&self, width: usize) -> usize {
        let [in_utc, standard, leaps] = self.others;
        self.times * (width + 1)
            + self.types * 6
            + self.letters
            + leaps * (width + 4)
            + standard
            + in_utc
    }
}

impl Rule {
    /// `CET-1CEST,M3.5.0,M10.5.0/3`.
    fn read(text: &str) -> Option<Self> {
        let (name, rest) = name(text)?;
        let (offset, rest) = time(rest)?;
        let standard = Local { offset: -offset, name };
        if rest.is_empty() {
            return Some(Self { standard, summer: None });
        }
        let (name, rest) = self::name(rest)?;
        // An hour ahead, if nothing else is said.
        let (offset, rest) = time(rest).unwrap_or((offset - 3600, rest));
        let mut days = rest.strip_prefix(',')?.split(',').map(Day::read);
        let (from, to) = (days.next()??, days.next()??);
        Some(Self { standard, summer: Some((Local { offset: -offset, name }, from, to)) })
    }

    fn at(&self, time: i64) -> Local {
        let Some((summer, from, to)) = &self.summer else { return self.standard.clone() };
        let year = civil(time + self.standard.offset).0;
        let from = from.in_year(year) - self.standard.offset;
        let to = to.in_year(year) - summer.offset;
        let is_summer =
            if from < to { (from..to).contains(&time) } else { !(to..from).contains(&time) };
        if is_summer { summer.clone() } else { self.standard.clone() }
    }
}

impl Day {
    fn read(text: &str) -> Option<Self> {
        let (day, at) = text.split_once('/').unwrap_or((text, "2"));
        let (time, _) = time(at)?;
        let kind = if let Some(parts) = day.strip_prefix('M') {
            let mut numbers = parts.split('.').map(|part| part.parse().ok());
            DayKind::Month(numbers.next()??, numbers.next()??, numbers.next()??)
        } else if let Some(number) = day.strip_prefix('J') {
            DayKind::Julian(number.parse().ok()?)
        } else {
            DayKind::Zero(day.parse().ok()?)
        };
        Some(Self { kind, time })
    }

    /// Seconds since 1970, in local time.
    fn in_year(&self, year: i64) -> i64 {
        let new_year = days(year, 1, 1);
        let day = match self.kind {
            DayKind::Zero(number) => new_year + number,
            DayKind::Julian(number) => {
                let leap = days(year, 3, 1) - new_year == 60;
                new_year + number - 1 + i64::from(leap && number >= 60)
            }
            DayKind::Month(month, week, weekday) => {
                let first = days(year, month, 1);
                // 1 January 1970 was a Thursday.
                let shift = (weekday - (first + 4)).rem_euclid(7);
                let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                let end = days(next_year, next, 1);
                let mut day = first + shift + (week - 1) * 7;
                while day >= end {
                    day -= 7;
                }
                day
            }
        };
        day * DAY + self.time
    }
}

/// A name: letters, or anything in angle brackets.
fn name(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix('<') {
        let (name, rest) = rest.split_once('>')?;
        return Some((name.to_owned(), rest));
    }
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (name.to_owned(), rest))
}

/// `-1`, `+5:30`, `3:00:00`, in seconds.
fn time(text: &str) -> Option<(i64, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-:".contains(c)));
    let (time, rest) = text.split_at(end.unwrap_or(text.len()));
    let (sign, digits) = match time.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, time.strip_prefix('+').unwrap_or(time)),
    };
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok()? * unit;
    }
    Some((sign * seconds, rest))
}

/// Days since 1970 of a date of the Gregorian calendar.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    // March is made the first month, so that the day that is not always there comes last.
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a moment.
pub(super) fn civil(seconds: i64) -> (i64, i64, i64) {
    let days = seconds.div_euclid(DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{Rule, Zone, civil, days};

    #[track_caller]
    fn check(rule: &str, time: i64, offset: i64, name: &str) {
        let local = Rule::read(rule).unwrap().at(time);
        assert_eq!((local.offset, local.name.as_str()), (offset, name));
    }

    #[test]
    fn rules_hold_in_every_year() {
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        check(berlin, 1_774_745_999, 3600, "CET");
        check(berlin, 1_774_746_000, 7200, "CEST");
        check(berlin, 1_792_889_999, 7200, "CEST");
        check(berlin, 1_792_890_000, 3600, "CET");
        let sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
        check(sydney, 1_767_225_600, 39_600, "AEDT");
        check(sydney, 1_782_864_000, 36_000, "AEST");
        check("<+0530>-5:30", 0, 19_800, "+0530");
        check("EST5", 0, -18_000, "EST");
    }

    #[test]
    fn files_are_read() {
        let mut file = Vec::new();
        let head = |file: &mut Vec<u8>, numbers: [u32; 6]| {
            file.extend(b"TZif2");
            file.extend([0; 15]);
            numbers.iter().for_each(|number| file.extend(number.to_be_bytes()));
        };
        head(&mut file, [0, 0, 0, 0, 1, 4]);
        file.extend([0, 0, 0, 0, 0, 0]);
        file.extend(b"LMT\0");
        head(&mut file, [0, 0, 0, 1, 2, 8]);
        file.extend((-2_000_000_000_i64).to_be_bytes());
        file.push(1);
        file.extend([0, 0, 0x0c, 0x88, 0, 0, 0, 0, 0x0e, 0x10, 0, 4]);
        file.extend(b"LMT\0CET\0");
        file.extend(b"\nCET-1CEST,M3.5.0,M10.5.0/3\n");
        let zone = Zone::read(&file).unwrap();
        assert_eq!(
            (zone.at(-2_100_000_000).name.as_str(), zone.at(-2_100_000_000).offset),
            ("LMT", 3208)
        );
        assert_eq!(zone.at(1_774_746_000).name, "CEST");
        assert_eq!(Zone::read(b"TZif2 cut off"), None);
        assert_eq!(Zone::utc().at(5).name, "UTC");
    }

    #[test]
    fn dates_are_counted() {
        for (date, day) in [
            ((1970, 1, 1), 0),
            ((2000, 2, 29), 11_016),
            ((1969, 12, 31), -1),
            ((2026, 11, 21), 20_778),
        ] {
            assert_eq!(days(date.0, date.1, date.2), day);
            assert_eq!(civil(day * 86_400 + 5), date);
        }
    }
}
