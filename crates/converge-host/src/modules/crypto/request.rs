//! Requests and certificates that are there already, taken apart.

use crate::der::{Element, read};
use crate::modules::crypto::extensions::{self, Extension};
use crate::modules::crypto::kept::unpem;
use crate::modules::crypto::oid;

/// The identifier of the attribute by which a request asks for extensions.
pub(super) const ASKS: &str = "1.2.840.113549.1.9.14";

/// A request for a certificate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// Who asks, as an element.
    pub(super) subject: Vec<u8>,
    /// Their public key, as an element.
    pub(super) key: Vec<u8>,
    pub(super) extensions: Vec<Extension>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Issued {
    /// The bytes of its number.
    pub(super) serial: Vec<u8>,
    /// Who signed it, as an element.
    pub(super) issuer: Vec<u8>,
    /// From when, in the digits of a `GeneralizedTime`.
    pub(super) from: String,
    /// To when.
    pub(super) to: String,
    /// The identifier of the algorithm of its signature.
    pub(super) signature: String,
    /// The rest is what was asked for.
    pub(super) asked: Asked,
}

impl Asked {
    /// Reads a request; none where the text has none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = unpem(text, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
        let (whole, _) = read(&bytes)?;
        let info = whole.parts()?.first()?.parts()?;
        let [_, subject, key, rest @ ..] = info.as_slice() else { return None };
        let mut asked = Vec::new();
        for attribute in rest.first().and_then(Element::parts).unwrap_or_default() {
            let parts = attribute.parts()?;
            if let [id, values] = parts.as_slice()
                && oid::decode(id.content) == ASKS
            {
                asked = extensions::decode(values.parts()?.first()?)?;
            }
        }
        Some(Self { subject: subject.whole.to_vec(), key: key.whole.to_vec(), extensions: asked })
    }
}

impl Issued {
    /// Reads the first certificate of a text; none where it has none.
    pub(super) fn read(text: &str) -> Option<Self> {
        Self::of(&unpem(text, &["CERTIFICATE", "X509 CERTIFICATE"])?)
    }

    /// Reads a certificate.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let (whole, _) = read(bytes)?;
        let body = whole.parts()?.first()?.parts()?;
        let fields = match body.as_slice() {
            [version, rest @ ..] if version.tag == 0xa0 => rest,
            all => all,
        };
        let [serial, algorithm, issuer, validity, subject, key, rest @ ..] = fields else {
            return None;
        };
        let mut extensions = Vec::new();
        if let Some(list) = rest.iter().find(|one| one.tag == 0xa3) {
            extensions = extensions::decode(list.parts()?.first()?)?;
        }
        let validity = validity.parts()?;
        let [from, to] = validity.as_slice() else { return None };
        let algorithm = algorithm.parts()?;
        Some(Self {
            serial: serial.content.to_vec(),
            issuer: issuer.whole.to_vec(),
            from: moment(from)?,
            to: moment(to)?,
            signature: oid::decode(algorithm.first()?.content),
            asked: Asked { subject: subject.whole.to_vec(), key: key.whole.to_vec(), extensions },
        })
    }

    /// Its number in decimal digits.
    pub(super) fn number(&self) -> String {
        let mut digits: Vec<u8> = vec![0];
        for byte in &self.serial {
            let mut carry = u32::from(*byte);
            for digit in &mut digits {
                carry += u32::from(*digit) << 8;
                *digit = (carry % 10) as u8;
                carry /= 10;
            }
            while carry > 0 {
                digits.push((carry % 10) as u8);
                carry /= 10;
            }
        }
        digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
    }
}

/// A time with four digits of the year.
fn moment(time: &Element<'_>) -> Option<String> {
    let text = std::str::from_utf8(time.content).ok()?;
    Some(match time.tag {
        0x17 if text < "50" => format!("20{text}"),
        0x17 => format!("19{text}"),
        _ => text.to_owned(),
    })
}

/// The parts of a distinguished name: identifiers and values.
pub(super) fn parts(name: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let sets = read(name).and_then(|(whole, _)| whole.parts()).unwrap_or_default();
    for pair in sets.iter().filter_map(Element::parts).flatten() {
        if let Some([id, value]) = pair.parts().as_deref() {
            found.push((
                oid::decode(id.content),
                String::from_utf8_lossy(value.content).into_owned(),
            ));
        }
    }
    found
}

/// Whether two names say the same; their order counts only where that is asked for.
pub(super) fn same_name(one: &[u8], other: &[u8], ordered: bool) -> bool {
    let (mut one, mut other) = (parts(one), parts(other));
    if !ordered {
        one.sort();
        other.sort();
    }
    one == other
}

/// Whether two lists of extensions say the same, in any order.
pub(super) fn same_extensions(one: &[Extension], other: &[Extension]) -> bool {
    let sorted = |list: &[Extension]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    sorted(one) == sorted(other)
}

#[cfg(test)]
mod tests {
    use super::{Issued, parts};

    /// Made by ansible's `x509_certificate`.
    const CERTIFICATE: &str = include_str!("testdata/ansible.pem");

    #[test]
    fn certificates_of_ansible_are_read() {
        let issued = Issued::read(CERTIFICATE).unwrap();
        assert_eq!(issued.number(), "578332305878832383213791385115952992180191235415");
        assert_eq!(
            (issued.from.as_str(), issued.to.as_str()),
            ("20261126100035Z", "20261226100035Z")
        );
        assert_eq!(parts(&issued.asked.subject), [("2.5.4.3".into(), "b.example".into())]);
        assert_eq!(issued.asked.extensions.len(), 3);
        assert_eq!(Issued::read("nothing"), None);
    }
}
