//! Names of owners and of what certificates are for.

use std::net::IpAddr;

use crate::der::{SEQUENCE, element};
use crate::modules::crypto::oid::{ATTRIBUTES, encode, of};

/// What a name is made of, in order: the kind of each part as written, and its value.
pub(super) type Parts = Vec<(String, String)>;

/// A distinguished name as an element.
pub(super) fn distinguished(parts: &Parts) -> Result<Vec<u8>, String> {
    let mut sets = Vec::new();
    for (kind, value) in parts {
        sets.extend(element(0x31, &attribute(kind, value)?));
    }
    Ok(element(SEQUENCE, &sets))
}

fn attribute(kind: &str, value: &str) -> Result<Vec<u8>, String> {
    let id = of(ATTRIBUTES, kind).ok_or_else(|| {
        format!("`{kind}` is no part of a name such as `CN` or `O`, and no identifier")
    })?;
    // Countries and numbers are printable, addresses and domains are in ASCII, anything else may be in any letters.
    let tag = match id.as_slice() {
        id if *id == *of(ATTRIBUTES, "C").unwrap_or_default() => 0x13,
        id if *id == *of(ATTRIBUTES, "serialNumber").unwrap_or_default() => 0x13,
        id if *id == *of(ATTRIBUTES, "jurisdictionC").unwrap_or_default() => 0x13,
        id if *id == *of(ATTRIBUTES, "emailAddress").unwrap_or_default() => 0x16,
        id if *id == *of(ATTRIBUTES, "DC").unwrap_or_default() => 0x16,
        _ => 0x0c,
    };
    Ok(element(SEQUENCE, &[id, element(tag, value.as_bytes())].concat()))
}

/// A name of any kind: `DNS:example.org`, `IP:10.0.0.1`, `email:a@b`, `URI:http://…`, `RID:1.2.3`, `dirName:CN = x, O = y`,
/// `otherName:1.2.3;UTF8:text`. With `range` an address is followed by the length of its network.
pub(super) fn general(text: &str, range: bool) -> Result<Vec<u8>, String> {
    let wrong = |why: &str| format!("`{text}` is no name such as `DNS:example.org`: {why}");
    let (kind, value) =
        text.split_once(':').ok_or_else(|| wrong("it does not say of which kind it is"))?;
    let value = value.trim();
    match kind.trim() {
        "DNS" => Ok(element(0x82, ascii(value).as_bytes())),
        "email" => Ok(element(0x81, value.as_bytes())),
        "URI" => Ok(element(0x86, value.as_bytes())),
        "IP" | "IP Address" => address(value, range)
            .map(|bytes| element(0x87, &bytes))
            .ok_or_else(|| wrong("it is no address")),
        "RID" => {
            let mut id = encode(value).ok_or_else(|| wrong("it is no identifier"))?;
            id[0] = 0x88;
            Ok(id)
        }
        // It is written from the inside out (RFC 4514).
        "dirName" => {
            let parts: Option<Parts> = value
                .rsplit(',')
                .map(|part| part.split_once('='))
                .map(|part| {
                    part.map(|(kind, value)| (kind.trim().to_owned(), value.trim().to_owned()))
                })
                .collect();
            let parts = parts.ok_or_else(|| wrong("its parts are such as `CN = x`"))?;
            Ok(element(0xa4, &distinguished(&parts)?))
        }
        "otherName" => {
            let (id, value) =
                value.split_once(';').ok_or_else(|| wrong("it is `IDENTIFIER;UTF8:text`"))?;
            let id = encode(id.trim()).ok_or_else(|| wrong("it has no identifier"))?;
            let value = match value.split_once(':') {
                Some(("UTF8", text)) => element(0x0c, text.as_bytes()),
                _ => hexadecimal(value)
                    .ok_or_else(|| wrong("it is neither `UTF8:text` nor bytes"))?,
            };
            Ok(element(0xa0, &[id, element(0xa0, &value)].concat()))
        }
        other => Err(wrong(&format!("`{other}` is no kind of name"))),
    }
}

/// Names of hosts in other letters go by their code (RFC 3492); only those in ASCII can be told here.
fn ascii(name: &str) -> &str {
    name
}

fn address(text: &str, range: bool) -> Option<Vec<u8>> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) if range => (address, Some(length)),
        Some(_) => return None,
        None => (text, None),
    };
    let bytes = |address: &str| {
        Some(match address.trim().parse().ok()? {
            IpAddr::V4(four) => four.octets().to_vec(),
            IpAddr::V6(six) => six.octets().to_vec(),
        })
    };
    let mut address = bytes(address)?;
    if range {
        let bits = address.len() * 8;
        let mask = match length.map(str::parse::<usize>) {
            None => vec![0xff; address.len()],
            Some(Ok(length)) if length <= bits => (0..address.len())
                .map(|at| {
                    0xff_u8
                        .checked_shl(
                            8_u32.saturating_sub(length.saturating_sub(at * 8).min(8) as u32),
                        )
                        .unwrap_or(0)
                })
                .collect(),
            Some(_) => bytes(length?)?,
        };
        address.extend(mask);
    }
    Some(address)
}

/// Bytes as written in hexadecimal digits, with or without colons.
pub(super) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.trim().bytes().filter(|byte| *byte != b':').collect();
    if digits.is_empty() || !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::{address, distinguished, general, hexadecimal};

    #[test]
    fn names_are_encoded_by_their_kind() {
        assert_eq!(general("DNS:a.b", false).unwrap(), *b"\x82\x03a.b");
        assert_eq!(general("IP:10.0.0.1", false).unwrap(), [0x87, 4, 10, 0, 0, 1]);
        assert_eq!(general("RID:1.2.3", false).unwrap(), [0x88, 2, 42, 3]);
        assert_eq!(address("10.0.0.0/9", true).unwrap(), [10, 0, 0, 0, 255, 128, 0, 0]);
        assert_eq!(address("::1", true).unwrap()[16..], [255; 16]);
        assert_eq!(hexadecimal("0a:FF"), Some(vec![10, 255]));
        assert_eq!(distinguished(&vec![("C".into(), "FR".into())]).unwrap()[11..], *b"\x13\x02FR");
        for (wrong, why) in [
            ("example.org", "it does not say of which kind it is"),
            ("IP:x", "it is no address"),
            ("IP:10.0.0.0/8", "it is no address"),
            ("foo:x", "`foo` is no kind of name"),
        ] {
            assert!(general(wrong, false).unwrap_err().ends_with(why), "{wrong}");
        }
    }
}
