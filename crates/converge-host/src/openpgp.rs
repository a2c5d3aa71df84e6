//! Public keys of OpenPGP (RFC 9580): which keys a file holds. Nothing is verified here.

use std::ops::Range;

use crate::checksum::Algorithm;

/// A key with the bytes that it is written in: its own packets, its names and its subkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// Where it is.
    pub(crate) range: Range<usize>,
    /// Its fingerprint and those of its subkeys, in capital hexadecimal digits.
    pub(crate) fingerprints: Vec<String>,
}

const ARMOR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// Whether bytes are a key in letters.
pub(crate) fn is_armored(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(ARMOR)
}

/// The bytes of keys, written in letters or not; none where they are no keys.
pub(crate) fn plain(bytes: &[u8]) -> Option<Vec<u8>> {
    if !is_armored(bytes) {
        return (!keys(bytes)?.is_empty()).then(|| bytes.to_vec());
    }
    let text = String::from_utf8_lossy(bytes);
    let mut all = Vec::new();
    for block in text.split(ARMOR).skip(1) {
        let (block, _) = block.split_once(END)?;
        // Headers end at an empty line; a checksum begins with `=`.
        let mut lines = block.lines().map(str::trim).peekable();
        lines.next_if(|line| line.is_empty());
        let rest: Vec<_> = lines.collect();
        let body = match rest.iter().position(|line| line.is_empty()) {
            Some(end) if rest[..end].iter().all(|line| line.contains(": ")) => &rest[end + 1..],
            _ => &rest[..],
        };
        let letters: String = body.iter().filter(|line| !line.starts_with('=')).copied().collect();
        all.extend(decode(&letters)?);
    }
    (!keys(&all)?.is_empty()).then_some(all)
}

/// The keys of bytes; none where these are no packets.
pub(crate) fn keys(bytes: &[u8]) -> Option<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (tag, body) = packet(bytes, at)?;
        let end = body.end;
        match (tag, keys.last_mut()) {
            (6, _) => keys
                .push(Key { range: at..end, fingerprints: vec![fingerprint(bytes.get(body)?)?] }),
            (14, Some(key)) => key.fingerprints.push(fingerprint(bytes.get(body)?)?),
            // Something before the first key is no key.
            (_, None) => return None,
            _ => {}
        }
        if let Some(key) = keys.last_mut() {
            key.range.end = end;
        }
        at = end;
    }
    Some(keys)
}

impl Key {
    /// Whether an id, however long, is that of the key or of one of its subkeys.
    pub(crate) fn is(&self, id: &str) -> bool {
        let id = normal(id);
        id.len() >= 8 && self.fingerprints.iter().any(|fingerprint| fingerprint.ends_with(&id))
    }

    /// The last 16 digits of its fingerprint.
    pub(crate) fn long_id(&self) -> &str {
        let fingerprint = &self.fingerprints[0];
        &fingerprint[fingerprint.len() - 16..]
    }
}

/// An id in capital digits without `0x` and spaces.
pub(crate) fn normal(id: &str) -> String {
    let id: String = id.split_whitespace().collect::<String>().to_uppercase();
    id.strip_prefix("0X").unwrap_or(&id).to_owned()
}

/// The kind of the packet that begins here, and where its body is.
fn packet(bytes: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let head = *bytes.get(at)?;
    if head & 0x80 == 0 {
        return None;
    }
    let number = |from: usize, count: usize| {
        let digits = bytes.get(from..from + count)?;
        Some(digits.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let (tag, start, length) = if head & 0x40 == 0 {
        let count = match head & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => return None,
        };
        (head >> 2 & 0x0f, at + 1 + count, number(at + 1, count)?)
    } else {
        let first = usize::from(*bytes.get(at + 1)?);
        match first {
            0..=191 => (head & 0x3f, at + 2, first),
            192..=223 => (head & 0x3f, at + 3, ((first - 192) << 8) + number(at + 2, 1)? + 192),
            255 => (head & 0x3f, at + 6, number(at + 2, 4)?),
            // Keys have no parts of unknown length.
            _ => return None,
        }
    };
    let end = start.checked_add(length).filter(|end| *end <= bytes.len())?;
    Some((tag, start..end))
}

fn fingerprint(body: &[u8]) -> Option<String> {
    let length = u32::try_from(body.len()).ok()?.to_be_bytes();
    let hashed = match body.first()? {
        4 => (Algorithm::Sha1, [&[0x99], &length[2..], body].concat()),
        5 => (Algorithm::Sha256, [&[0x9a], &length[..], body].concat()),
        6 => (Algorithm::Sha256, [&[0x9b], &length[..], body].concat()),
        _ => return None,
    };
    Some(hashed.0.of(&hashed.1).to_uppercase())
}

/// The bytes of base64 without line ends; none where it is none.
pub(crate) fn decode(letters: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(letters.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in letters.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{keys, plain};

    /// A key that nobody uses, as `gpg --armor --export` writes it.
    pub(crate) const KEY: &str = include_str!("openpgp_key.asc");
    /// Its fingerprint, as `gpg --fingerprint` tells it.
    pub(crate) const FINGERPRINT: &str = "21A791D036C9534B25D0F765AE46FCF6C551FEFC";

    #[test]
    fn keys_are_told_as_gpg_tells_them() {
        let bytes = plain(KEY.as_bytes()).unwrap();
        let found = keys(&bytes).unwrap();
        assert_eq!((found.len(), found[0].range.clone()), (1, 0..bytes.len()));
        assert_eq!(found[0].fingerprints[0], FINGERPRINT);
        assert_eq!(found[0].fingerprints.len(), 2, "there is a subkey");
        let id = &FINGERPRINT[24..];
        assert_eq!(found[0].long_id(), id);
        assert!(found[0].is(&format!("0x{}", id.to_lowercase())) && !found[0].is("0123456789"));
        let twice = [bytes.clone(), bytes.clone()].concat();
        assert_eq!(keys(&twice).unwrap()[1].range, bytes.len()..twice.len());
        assert_eq!(plain(&bytes), Some(bytes));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for bytes in [&b"<html>"[..], b"", &[0x99], &KEY.as_bytes()[..200]] {
            assert_eq!(plain(bytes), None);
        }
    }
}
