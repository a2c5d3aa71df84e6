//! Names of runs.

/// Crockford's digits: in the order of their values, without letters that look alike.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Seconds since 1970 in so many digits; they last until the year 3058.
const SECONDS: u32 = 7;

/// Digits that keep runs of the same second apart.
const EXTRA: u32 = 2;

/// A name of 9 digits and letters that sorts by time, for a run that began then. Each try gives another name; where all of a
/// second are taken, those of the next are as good.
pub(super) fn name(started_ms: i64, random: u32, tried: u32) -> String {
    let second = u64::try_from(started_ms / 1000).unwrap_or(0) + u64::from(tried >> (5 * EXTRA));
    digits(second, SECONDS) + &digits(u64::from(random) + u64::from(tried), EXTRA)
}

fn digits(number: u64, count: u32) -> String {
    (0..count)
        .rev()
        .map(|place| char::from(DIGITS[(number >> (5 * place) & 31) as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::name;

    #[test]
    fn names_sort_by_time() {
        let times =
            [0, 1_000, 31_000, 32_000, 1_795_223_679_000, 1_795_223_680_000, 34_359_738_367_000];
        let names: Vec<String> = times.into_iter().map(|time| name(time, 0x3ff, 0)).collect();
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(names[4], "1ng1w3zzz");
    }

    #[test]
    fn another_try_is_another_name() {
        let names: BTreeSet<String> =
            (0..3000).map(|tried| name(1_795_223_679_000, 1000, tried)).collect();
        assert_eq!(names.len(), 3000);
    }
}
