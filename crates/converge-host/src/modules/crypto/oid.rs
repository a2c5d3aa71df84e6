//! Names of object identifiers.

use crate::der::element;

/// An identifier as an element; none where the text is no identifier.
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let numbers: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
    let numbers = numbers?;
    let [first, second, rest @ ..] = numbers.as_slice() else { return None };
    if *first > 2 || *first < 2 && *second > 39 {
        return None;
    }
    let mut content = Vec::new();
    for number in std::iter::once(first * 40 + second).chain(rest.iter().copied()) {
        let mut digits = vec![(number & 0x7f) as u8];
        let mut left = number >> 7;
        while left > 0 {
            digits.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        content.extend(digits.iter().rev());
    }
    Some(element(0x06, &content))
}

/// The identifier of an element's content, in numbers and dots.
pub(super) fn decode(content: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number: u64 = 0;
    for byte in content {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(std::mem::take(&mut number));
        }
    }
    let first = numbers.first().copied().unwrap_or_default();
    let top = (first / 40).min(2);
    let mut parts = vec![top.to_string(), (first - top * 40).to_string()];
    parts.extend(numbers.iter().skip(1).map(u64::to_string));
    parts.join(".")
}

/// The identifier of a name in a table, or of a text that is one.
pub(super) fn of(table: &[(&str, &[&str])], name: &str) -> Option<Vec<u8>> {
    let same = |one: &str| one.eq_ignore_ascii_case(name.trim());
    let found = table.iter().find(|(_, names)| names.iter().any(|one| same(one)));
    encode(found.map_or(name.trim(), |(id, _)| id))
}

/// What a name of a person or thing is made of: identifiers, the short name first.
pub(super) const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("2.5.4.6", &["C", "countryName"]),
    ("2.5.4.8", &["ST", "stateOrProvinceName"]),
    ("2.5.4.7", &["L", "localityName"]),
    ("2.5.4.10", &["O", "organizationName"]),
    ("2.5.4.11", &["OU", "organizationalUnitName"]),
    ("2.5.4.3", &["CN", "commonName"]),
    ("1.2.840.113549.1.9.1", &["emailAddress", "E"]),
    ("2.5.4.5", &["serialNumber"]),
    ("2.5.4.4", &["SN", "surname"]),
    ("2.5.4.42", &["GN", "givenName"]),
    ("2.5.4.9", &["street", "streetAddress"]),
    ("2.5.4.12", &["title"]),
    ("2.5.4.17", &["postalCode"]),
    ("2.5.4.15", &["businessCategory"]),
    ("2.5.4.65", &["pseudonym"]),
    ("2.5.4.97", &["organizationIdentifier"]),
    ("0.9.2342.19200300.100.1.1", &["UID", "userId"]),
    ("0.9.2342.19200300.100.1.25", &["DC", "domainComponent"]),
    ("1.3.6.1.4.1.311.60.2.1.3", &["jurisdictionC", "jurisdictionCountryName"]),
];

/// What a key may be used for beyond its own uses.
pub(super) const PURPOSES: &[(&str, &[&str])] = &[
    ("2.5.29.37.0", &["anyExtendedKeyUsage", "Any Extended Key Usage"]),
    ("1.3.6.1.5.5.7.3.1", &["serverAuth", "TLS Web Server Authentication"]),
    ("1.3.6.1.5.5.7.3.2", &["clientAuth", "TLS Web Client Authentication"]),
    ("1.3.6.1.5.5.7.3.3", &["codeSigning", "Code Signing"]),
    ("1.3.6.1.5.5.7.3.4", &["emailProtection", "E-mail Protection"]),
    ("1.3.6.1.5.5.7.3.8", &["timeStamping", "Time Stamping"]),
    ("1.3.6.1.5.5.7.3.9", &["OCSPSigning", "OCSP Signing"]),
    ("1.3.6.1.5.5.7.3.5", &["ipsecEndSystem"]),
    ("1.3.6.1.5.5.7.3.6", &["ipsecTunnel"]),
    ("1.3.6.1.5.5.7.3.7", &["ipsecUser"]),
    ("1.3.6.1.5.5.7.3.17", &["ipsecIKE"]),
    ("1.3.6.1.4.1.311.10.3.4", &["msEFS"]),
    ("1.3.6.1.4.1.311.20.2.2", &["msSmartcardLogin"]),
    ("1.3.6.1.5.2.3.5", &["pkInitKDC"]),
];

/// Curves: the names of OpenSSL are second where they differ.
pub(super) const CURVES: &[(&str, &[&str])] = &[
    ("1.2.840.10045.3.1.1", &["secp192r1", "prime192v1"]),
    ("1.3.132.0.33", &["secp224r1"]),
    ("1.2.840.10045.3.1.7", &["secp256r1", "prime256v1"]),
    ("1.3.132.0.34", &["secp384r1"]),
    ("1.3.132.0.35", &["secp521r1"]),
    ("1.3.132.0.10", &["secp256k1"]),
    ("1.3.36.3.3.2.8.1.1.7", &["brainpoolP256r1"]),
    ("1.3.36.3.3.2.8.1.1.11", &["brainpoolP384r1"]),
    ("1.3.36.3.3.2.8.1.1.13", &["brainpoolP512r1"]),
    ("1.3.132.0.1", &["sect163k1"]),
    ("1.3.132.0.15", &["sect163r2"]),
    ("1.3.132.0.26", &["sect233k1"]),
    ("1.3.132.0.27", &["sect233r1"]),
    ("1.3.132.0.16", &["sect283k1"]),
    ("1.3.132.0.17", &["sect283r1"]),
    ("1.3.132.0.36", &["sect409k1"]),
    ("1.3.132.0.37", &["sect409r1"]),
    ("1.3.132.0.38", &["sect571k1"]),
    ("1.3.132.0.39", &["sect571r1"]),
];

#[cfg(test)]
mod tests {
    use super::{CURVES, decode, encode, of};

    #[test]
    fn identifiers_go_both_ways() {
        for text in ["2.5.4.3", "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25", "2.999.1"] {
            let whole = encode(text).unwrap();
            assert_eq!(decode(&whole[2..]), text);
        }
        assert_eq!(encode("2.5.4.3").unwrap(), [6, 3, 0x55, 4, 3]);
        assert_eq!(of(CURVES, "prime256v1"), encode("1.2.840.10045.3.1.7"));
        assert_eq!((encode("x.y"), encode("3.1"), of(CURVES, "no such")), (None, None, None));
    }
}
