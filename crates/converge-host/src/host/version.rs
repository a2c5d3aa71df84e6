//! The order of package versions.
//!
//! Debian: <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>. rpm: rpm-version(7).

use std::cmp::Ordering;

use crate::host::Manager;

/// Compares two versions by the rules of a package manager.
pub fn compare(manager: Manager, one: &str, other: &str) -> Ordering {
    match manager {
        Manager::Apt => deb(one, other),
        Manager::Rpm => rpm(one, other),
    }
}

fn deb(one: &str, other: &str) -> Ordering {
    let (one_epoch, one) = epoch(one);
    let (other_epoch, other) = epoch(other);
    let split = |text: &'_ str| match text.rsplit_once('-') {
        Some((upstream, revision)) => (upstream.to_owned(), revision.to_owned()),
        None => (text.to_owned(), "0".to_owned()),
    };
    let ((one, one_revision), (other, other_revision)) = (split(one), split(other));
    one_epoch
        .cmp(&other_epoch)
        .then_with(|| deb_part(&one, &other))
        .then_with(|| deb_part(&one_revision, &other_revision))
}

fn deb_part(one: &str, other: &str) -> Ordering {
    // A tilde sorts before the end, letters before everything else.
    let weight = |byte: Option<&u8>| match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    };
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while !one.is_empty() || !other.is_empty() {
        while one.first().is_some_and(|byte| !byte.is_ascii_digit())
            || other.first().is_some_and(|byte| !byte.is_ascii_digit())
        {
            let order = weight(one.first()).cmp(&weight(other.first()));
            if order.is_ne() {
                return order;
            }
            one = one.get(1..).unwrap_or_default();
            other = other.get(1..).unwrap_or_default();
        }
        let order = digits(&mut one, &mut other);
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn rpm(one: &str, other: &str) -> Ordering {
    let (one_epoch, one) = epoch(one);
    let (other_epoch, other) = epoch(other);
    let split = |text: &'_ str| match text.split_once('-') {
        Some((version, release)) => (version.to_owned(), Some(release.to_owned())),
        None => (text.to_owned(), None),
    };
    let ((one, one_release), (other, other_release)) = (split(one), split(other));
    let releases = || match (&one_release, &other_release) {
        (Some(one), Some(other)) => rpm_part(one, other),
        // A version without a release stands for any release of it.
        _ => Ordering::Equal,
    };
    one_epoch.cmp(&other_epoch).then_with(|| rpm_part(&one, &other)).then_with(releases)
}

fn rpm_part(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    let between = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'~' | b'^');
    loop {
        one = &one[one.iter().take_while(|byte| between(byte)).count()..];
        other = &other[other.iter().take_while(|byte| between(byte)).count()..];
        match (one.first(), other.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                (one, other) = (&one[1..], &other[1..]);
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (Some(_), None) => return Ordering::Greater,
            (None, Some(_)) => return Ordering::Less,
            (Some(one_byte), Some(other_byte)) => {
                match (one_byte.is_ascii_digit(), other_byte.is_ascii_digit()) {
                    (true, false) => return Ordering::Greater,
                    (false, true) => return Ordering::Less,
                    (true, true) => {
                        let order = digits(&mut one, &mut other);
                        if order.is_ne() {
                            return order;
                        }
                    }
                    (false, false) => {
                        let letters = |text: &[u8]| {
                            text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count()
                        };
                        let (one_word, one_rest) = one.split_at(letters(one));
                        let (other_word, other_rest) = other.split_at(letters(other));
                        let order = one_word.cmp(other_word);
                        if order.is_ne() {
                            return order;
                        }
                        (one, other) = (one_rest, other_rest);
                    }
                }
            }
        }
    }
}

/// Takes the leading number off both and compares the two, however long they are.
fn digits(one: &mut &[u8], other: &mut &[u8]) -> Ordering {
    let take = |text: &mut &[u8]| {
        let (number, rest) =
            text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let zeros = number.iter().take_while(|byte| **byte == b'0').count();
        let number = number[zeros..].to_vec();
        *text = rest;
        number
    };
    let (one, other) = (take(one), take(other));
    one.len().cmp(&other.len()).then_with(|| one.cmp(&other))
}

fn epoch(text: &str) -> (u64, &str) {
    match text.split_once(':') {
        Some((number, rest)) => (number.parse().unwrap_or(0), rest),
        None => (0, text),
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::compare;
    use crate::host::Manager;

    #[track_caller]
    fn check(manager: Manager, ascending: &[&str]) {
        for (at, one) in ascending.iter().enumerate() {
            for (beside, other) in ascending.iter().enumerate() {
                assert_eq!(compare(manager, one, other), at.cmp(&beside), "{one} and {other}");
            }
        }
    }

    #[test]
    fn debian_versions_sort_as_policy_says() {
        check(
            Manager::Apt,
            &[
                "1.0~rc1-1",
                "1.0-1",
                "1.0-1+b1",
                "1.0-1.1",
                "1.0a-1",
                "1.0+dfsg-1",
                "1.9-1",
                "1.10-1",
            ],
        );
        check(Manager::Apt, &["2.36-9+deb12u9", "2.36-9+deb12u10", "1:0.1"]);
        check(Manager::Apt, &["1.6-2.1~deb11u1", "1.6-2.1", "1.6-2.1+deb12u2"]);
        assert_eq!(compare(Manager::Apt, "1.0", "1.0-0"), Ordering::Equal);
        assert_eq!(compare(Manager::Apt, "0:1.0-1", "1.00-1"), Ordering::Equal);
    }

    #[test]
    fn rpm_versions_sort_as_rpm_does() {
        check(Manager::Rpm, &["1.0~rc1-1", "1.0-1.el7", "1.0-1.el8", "1.0^git1-1", "1.0.1-1"]);
        check(Manager::Rpm, &["1.a-1", "1.1-1", "1.9-1", "1.10-1", "1:0.1-1"]);
        assert_eq!(compare(Manager::Rpm, "1.20.1", "1.20.1-14.el7"), Ordering::Equal);
        assert_eq!(compare(Manager::Rpm, "1.0.0-1", "1_0_0-1"), Ordering::Equal);
    }
}
