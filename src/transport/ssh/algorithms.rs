//! Which algorithms are offered, and `ssh_config`'s notation to change that: `+a`, `-a*`, `^a`, `a,b` (ssh_config(5)).

use std::borrow::Cow;

use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, cipher, kex, mac};

use crate::transport::ssh::config::{Algorithms, pattern};

/// AES-GCM is the quickest where the processor helps, and every server of today has it.
const CIPHERS: [cipher::Name; 6] = [
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// Those that are only for old servers, offered on demand.
const OLD_CIPHERS: [cipher::Name; 3] =
    [cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC];

const KEX: [kex::Name; 12] = [
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA256,
    kex::DH_G18_SHA512,
    kex::DH_G17_SHA512,
    kex::DH_G16_SHA512,
    kex::DH_G15_SHA512,
    kex::DH_G14_SHA256,
];

const OLD_KEX: [kex::Name; 3] = [kex::DH_GEX_SHA1, kex::DH_G14_SHA1, kex::DH_G1_SHA1];

/// Not algorithms but announcements, which stand in the same list.
const KEX_EXTENSIONS: [kex::Name; 2] =
    [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];

const MACS: [mac::Name; 4] =
    [mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM, mac::HMAC_SHA512, mac::HMAC_SHA256];

const OLD_MACS: [mac::Name; 2] = [mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

/// What is offered to a server. The error names a list of which nothing is left.
pub(super) fn preferred(asked: &Algorithms) -> Result<Preferred, String> {
    let host_keys = [
        Algorithm::Ed25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    ];
    let old_host_keys = [Algorithm::Rsa { hash: None }];
    let mut kex = choose("KexAlgorithms", asked.kex.as_deref(), &KEX, &OLD_KEX)?;
    kex.extend(KEX_EXTENSIONS);
    Ok(Preferred {
        kex: Cow::Owned(kex),
        key: Cow::Owned(choose(
            "HostKeyAlgorithms",
            asked.host_keys.as_deref(),
            &host_keys,
            &old_host_keys,
        )?),
        cipher: Cow::Owned(choose("Ciphers", asked.ciphers.as_deref(), &CIPHERS, &OLD_CIPHERS)?),
        mac: Cow::Owned(choose("MACs", asked.macs.as_deref(), &MACS, &OLD_MACS)?),
        ..Preferred::DEFAULT
    })
}

/// Applies a list to the defaults. Names that are not known here are left out, as long as others remain.
fn choose<T: Clone + AsRef<str>>(
    keyword: &str,
    list: Option<&str>,
    defaults: &[T],
    old: &[T],
) -> Result<Vec<T>, String> {
    let Some(list) = list else { return Ok(defaults.to_vec()) };
    let (how, names) = match list.chars().next() {
        Some(how @ ('+' | '-' | '^')) => (Some(how), &list[1..]),
        _ => (None, list),
    };
    let named = |from: &[T], name: &str| -> Vec<T> {
        from.iter().filter(|one| pattern::matches(name, (*one).as_ref())).cloned().collect()
    };
    let all: Vec<T> = defaults.iter().chain(old).cloned().collect();
    let picked: Vec<T> = names.split(',').flat_map(|name| named(&all, name.trim())).collect();
    let is_picked = |one: &T| picked.iter().any(|other| other.as_ref() == one.as_ref());
    let others = || defaults.iter().filter(|one| !is_picked(one)).cloned();
    let chosen: Vec<T> = match how {
        Some('+') => defaults
            .iter()
            .cloned()
            .chain(
                picked
                    .iter()
                    .filter(|one| defaults.iter().all(|other| other.as_ref() != one.as_ref()))
                    .cloned(),
            )
            .collect(),
        Some('-') => others().collect(),
        Some(_) => picked.iter().cloned().chain(others()).collect(),
        None => picked.clone(),
    };
    match chosen.is_empty() {
        true => Err(format!("`{keyword} {list}` names no algorithm that is known here")),
        false => Ok(chosen),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{choose, preferred};
    use crate::transport::ssh::config::Algorithms;

    fn check(list: &str, expected: &[&str]) {
        assert_eq!(
            choose("X", Some(list), &["a1", "a2", "b"], &["old"]).unwrap(),
            expected,
            "{list}"
        );
    }

    #[test]
    fn lists_change_the_defaults() {
        check("b,a1", &["b", "a1"]);
        check("+old", &["a1", "a2", "b", "old"]);
        check("+b", &["a1", "a2", "b"]);
        check("-a*", &["b"]);
        check("^b", &["b", "a1", "a2"]);
        check("unknown@example.org,a2", &["a2"]);
        check("-nothing", &["a1", "a2", "b"]);
    }

    #[test]
    fn nothing_left_is_an_error() {
        let asked = Algorithms { ciphers: Some("arcfour".to_owned()), ..Algorithms::default() };
        assert_eq!(
            preferred(&asked).unwrap_err(),
            "`Ciphers arcfour` names no algorithm that is known here"
        );
    }

    #[test]
    fn sha1_is_offered_on_demand_only() {
        let names = |asked: &Algorithms| -> Vec<String> {
            preferred(asked).unwrap().key.iter().map(|one| one.as_str().to_owned()).collect()
        };
        assert!(!names(&Algorithms::default()).contains(&"ssh-rsa".to_owned()));
        let asked = Algorithms { host_keys: Some("+ssh-rsa".to_owned()), ..Algorithms::default() };
        assert!(names(&asked).contains(&"ssh-rsa".to_owned()));
    }
}
