//! What certificates say beside names and keys (RFC 5280).

use crate::der::{BIT_STRING, Element, SEQUENCE, element};
use crate::modules::crypto::oid::{self, PURPOSES};

pub(super) const SUBJECT_KEY: &str = "2.5.29.14";
pub(super) const KEY_USAGE: &str = "2.5.29.15";
pub(super) const ALTERNATIVE: &str = "2.5.29.17";
pub(super) const CONSTRAINTS: &str = "2.5.29.19";
pub(super) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(super) const POINTS: &str = "2.5.29.31";
pub(super) const AUTHORITY_KEY: &str = "2.5.29.35";
pub(super) const PURPOSE: &str = "2.5.29.37";
pub(super) const MUST_STAPLE: &str = "1.3.6.1.5.5.7.1.24";

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Extension {
    /// Its identifier.
    pub(super) id: String,
    /// Who does not understand it must refuse the certificate.
    pub(super) critical: bool,
    /// What it says, as an element.
    pub(super) value: Vec<u8>,
}

impl Extension {
    pub(super) fn new(id: &str, critical: bool, value: Vec<u8>) -> Self {
        Self { id: id.to_owned(), critical, value }
    }

    fn element(&self) -> Vec<u8> {
        let mut parts = oid::encode(&self.id).unwrap_or_default();
        if self.critical {
            parts.extend(element(0x01, &[0xff]));
        }
        parts.extend(element(0x04, &self.value));
        element(SEQUENCE, &parts)
    }
}

/// All of them as one element.
pub(super) fn encode(extensions: &[Extension]) -> Vec<u8> {
    let all: Vec<u8> = extensions.iter().flat_map(Extension::element).collect();
    element(SEQUENCE, &all)
}

/// The extensions of an element.
pub(super) fn decode(list: &Element<'_>) -> Option<Vec<Extension>> {
    let one = |one: &Element<'_>| {
        let parts = one.parts()?;
        let (critical, value) = match parts.as_slice() {
            [_, critical, value] => (critical.content == [0xff], value),
            [_, value] => (false, value),
            _ => return None,
        };
        Some(Extension::new(&oid::decode(parts[0].content), critical, value.content.to_vec()))
    };
    list.parts()?.iter().map(one).collect()
}

/// The uses of a key, in the order of their bits.
const USES: [&[&str]; 9] = [
    &["digitalSignature", "Digital Signature"],
    &["nonRepudiation", "Non Repudiation", "contentCommitment"],
    &["keyEncipherment", "Key Encipherment"],
    &["dataEncipherment", "Data Encipherment"],
    &["keyAgreement", "Key Agreement"],
    &["keyCertSign", "Certificate Sign"],
    &["cRLSign", "CRL Sign"],
    &["encipherOnly", "Encipher Only"],
    &["decipherOnly", "Decipher Only"],
];

/// `keyUsage`.
pub(super) fn uses(names: &[String]) -> Result<Vec<u8>, String> {
    let mut bits: u16 = 0;
    for name in names {
        let same = |one: &&str| one.eq_ignore_ascii_case(name.trim());
        let at = USES.iter().position(|names| names.iter().any(same));
        let at = at.ok_or_else(|| {
            format!(
                "`{name}` is no use of a key; there are {}",
                USES.map(|names| names[0]).join(", ")
            )
        })?;
        bits |= 0x8000 >> at;
    }
    Ok(flags(bits))
}

/// Named bits: those that are not set at the end are not written.
fn flags(bits: u16) -> Vec<u8> {
    let bytes = bits.to_be_bytes();
    let used = if bits == 0 {
        0
    } else if bytes[1] == 0 {
        1
    } else {
        2
    };
    let unused = if used == 0 { 0 } else { bytes[used - 1].trailing_zeros() as u8 };
    element(BIT_STRING, &[&[unused], &bytes[..used]].concat())
}

/// `extendedKeyUsage`.
pub(super) fn purposes(names: &[String]) -> Result<Vec<u8>, String> {
    let mut ids = Vec::new();
    for name in names {
        ids.extend(oid::of(PURPOSES, name).ok_or_else(|| {
            format!("`{name}` is no purpose of a key such as `serverAuth`, and no identifier")
        })?);
    }
    Ok(element(SEQUENCE, &ids))
}

/// `basicConstraints`: `CA:TRUE` and `pathlen:0`.
pub(super) fn constraints(words: &[String]) -> Result<Vec<u8>, String> {
    let (mut authority, mut length) = (false, None);
    for word in words {
        let wrong = || format!("`{word}` is neither `CA:TRUE`, `CA:FALSE` nor `pathlen:0`");
        let (name, value) = word.split_once(':').ok_or_else(wrong)?;
        match (name.trim(), value.trim()) {
            ("CA", "TRUE") => authority = true,
            ("CA", "FALSE") => authority = false,
            ("pathlen" | "pathLenConstraint", number) => {
                length = Some(number.parse::<u32>().map_err(|_| wrong())?);
            }
            _ => return Err(wrong()),
        }
    }
    let mut parts = Vec::new();
    if authority {
        parts.extend(element(0x01, &[0xff]));
    }
    if let Some(length) = length {
        parts.extend(crate::der::unsigned(&length.to_be_bytes()));
    }
    Ok(element(SEQUENCE, &parts))
}

/// Reasons of revocation, by their bits.
const REASONS: [&str; 9] = [
    "unused",
    "key_compromise",
    "ca_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "certificate_hold",
    "privilege_withdrawn",
    "aa_compromise",
];

/// The bits of reasons of revocation, as one implicit element.
pub(super) fn reasons(names: &[String]) -> Result<Vec<u8>, String> {
    let mut bits: u16 = 0;
    for name in names {
        let at = REASONS.iter().skip(1).position(|one| one == name);
        let at = at.ok_or_else(|| {
            format!("`{name}` is no reason; there are {}", REASONS[1..].join(", "))
        })?;
        bits |= 0x8000 >> (at + 1);
    }
    let mut element = flags(bits);
    element[0] = 0x81;
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::{Extension, constraints, decode, encode, purposes, reasons, uses};
    use crate::der::read;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn extensions_are_those_that_openssl_writes() {
        assert_eq!(uses(&words(&["digitalSignature", "keyAgreement"])).unwrap(), [3, 2, 3, 0x88]);
        assert_eq!(uses(&words(&["Decipher Only"])).unwrap(), [3, 3, 7, 0, 0x80]);
        assert_eq!(
            constraints(&words(&["CA:TRUE", "pathlen:0"])).unwrap(),
            [0x30, 6, 1, 1, 255, 2, 1, 0]
        );
        assert_eq!(constraints(&words(&["CA:FALSE"])).unwrap(), [0x30, 0]);
        assert_eq!(
            purposes(&words(&["clientAuth"])).unwrap(),
            [0x30, 10, 6, 8, 43, 6, 1, 5, 5, 7, 3, 2]
        );
        assert_eq!(
            reasons(&words(&["key_compromise", "ca_compromise"])).unwrap(),
            [0x81, 2, 5, 0x60]
        );
        assert!(uses(&words(&["sign"])).unwrap_err().contains("`sign` is no use of a key"));
    }

    #[test]
    fn a_list_of_them_goes_both_ways() {
        let list = vec![
            Extension::new("2.5.29.19", true, vec![0x30, 0]),
            Extension::new("1.2.3", false, vec![4, 1, 9]),
        ];
        let whole = encode(&list);
        assert_eq!(decode(&read(&whole).unwrap().0), Some(list));
    }
}
