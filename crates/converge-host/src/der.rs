//! The distinguished encoding of ASN.1 (X.690), as far as keys and certificates need it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::base64;
use crate::clock::Clock;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const SEQUENCE: u8 = 0x30;

/// One element: its tag and its content. The helper reads none.
#[cfg(any(test, feature = "far"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// The element itself.
    pub(crate) whole: &'a [u8],
}

/// An element of a tag and a content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..=127 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            out.push(0x80 | bytes.len() as u8);
            out.extend(bytes);
        }
    }
    out.extend(content);
    out
}

/// A whole number that is not negative, by its bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    let mut content = Vec::new();
    if bytes.first().is_none_or(|first| first & 0x80 != 0) {
        content.push(0);
    }
    content.extend(bytes);
    element(INTEGER, &content)
}

/// A time as certificates have it: two digits of the year until 2049.
pub(crate) fn time(time: SystemTime) -> Vec<u8> {
    let stamp = Clock::default().stamp(time);
    let digits: String = stamp.chars().take(19).filter(char::is_ascii_digit).collect();
    match digits.get(2..).filter(|_| digits.as_str() < "2050") {
        Some(short) => element(0x17, format!("{short}Z").as_bytes()),
        None => element(0x18, format!("{digits}Z").as_bytes()),
    }
}

/// The first element, and what follows it; none where the bytes are no element.
#[cfg(any(test, feature = "far"))]
pub(crate) fn read(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (length, head) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = bytes.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + count)
    };
    let end = head.checked_add(length)?;
    let whole = bytes.get(..end)?;
    Some((Element { tag, content: &whole[head..], whole }, &bytes[end..]))
}

#[cfg(any(test, feature = "far"))]
impl<'a> Element<'a> {
    /// The elements that it is made of; none where it is made of something else.
    pub(crate) fn parts(&self) -> Option<Vec<Self>> {
        let mut rest: &'a [u8] = self.content;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (part, after) = read(rest)?;
            parts.push(part);
            rest = after;
        }
        Some(parts)
    }
}

/// Bytes as a block of text (RFC 7468).
pub(crate) fn pem(label: &str, bytes: &[u8]) -> String {
    let digits = base64::encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + &format!("-----END {label}-----\n")
}

/// The seconds since 1970 of a time.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Element, element, pem, read, time, unsigned};

    #[test]
    fn elements_go_both_ways() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let content = vec![7; length];
            let whole = element(0x30, &content);
            let (read, rest) = read(&whole).unwrap();
            assert_eq!(read, Element { tag: 0x30, content: &content, whole: &whole });
            assert!(rest.is_empty());
        }
        assert_eq!(unsigned(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        for broken in [&[0x30][..], &[0x30, 5, 1], &[0x30, 0x80], &[0x30, 0x85, 1, 1, 1, 1, 1]] {
            assert_eq!(read(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn times_have_as_many_digits_as_they_need() {
        let at = |seconds| time(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_600_000_000), [&[0x17, 13][..], b"200913122640Z"].concat());
        assert_eq!(at(2_600_000_000), [&[0x18, 15][..], b"20520522141320Z"].concat());
    }

    #[test]
    fn blocks_have_lines_of_64_letters() {
        let text = pem("X", &[0; 49]);
        assert_eq!(text, format!("-----BEGIN X-----\n{}\nAA==\n-----END X-----\n", "A".repeat(64)));
    }
}
