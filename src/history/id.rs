//! Names of runs.

/// Crockford's digits: in the order of their values, without letters that look alike.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Seconds since 1970 in so many digits; they last until the year 3058.
const SECONDS: u32 = 7;

/// Digits that keep runs of the same second apart.
const EXTRA: u32 = 2;

/// A name of 9 digits and letters that sorts by time.
pub(super) fn new(started_ms: i64, random: u32) -> String {
    let seconds = u64::try_from(started_ms / 1000).unwrap_or(0);
    digits(seconds, SECONDS) + &digits(random.into(), EXTRA)
}

fn digits(number: u64, count: u32) -> String {
    (0..count)
        .rev()
        .map(|place| char::from(DIGITS[(number >> (5 * place) & 31) as usize]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::new;

    #[test]
    fn names_sort_by_time() {
        let names: Vec<String> =
            [0, 1_000, 31_000, 32_000, 1_795_223_679_000, 1_795_223_680_000, 34_359_738_367_000]
                .into_iter()
                .map(|time| new(time, 0x3ff))
                .collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted);
        assert_eq!(names[4], "1ng1w3zzz");
        assert_ne!(new(0, 1), new(0, 2));
    }
}
