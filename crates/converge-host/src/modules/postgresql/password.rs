//! Whether a password is the one that the server keeps, as MD5 or as SCRAM-SHA-256 (RFC 5802, RFC 7677).

use sha2::{Digest, Sha256};

use crate::base64;
use crate::checksum::Algorithm;

/// Whether what is kept is of this password. A password that is itself what servers keep must be the same.
pub(super) fn is(user: &str, password: &str, kept: Option<&str>) -> bool {
    let Some(kept) = kept else { return password.is_empty() };
    if is_kept(password) {
        return password == kept;
    }
    if let Some(digest) = kept.strip_prefix("md5") {
        return Algorithm::Md5.of(format!("{password}{user}").as_bytes()) == digest;
    }
    scram(password, kept).unwrap_or(password == kept)
}

/// Whether it is what a server keeps of a password.
fn is_kept(password: &str) -> bool {
    let hex = |rest: &str| rest.len() == 32 && rest.chars().all(|c| c.is_ascii_hexdigit());
    password.strip_prefix("md5").is_some_and(hex) || password.starts_with("SCRAM-SHA-256$")
}

/// `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`; none where it is not so.
fn scram(password: &str, kept: &str) -> Option<bool> {
    let (head, keys) = kept.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
    let (iterations, salt) = head.split_once(':')?;
    let (stored, _) = keys.split_once(':')?;
    let salt = crate::openpgp::decode(salt)?;
    let salted = pbkdf2(password.as_bytes(), &salt, iterations.parse().ok()?);
    let client = hmac(&salted, b"Client Key");
    Some(base64::encode(&Sha256::digest(client)) == stored)
}

fn pbkdf2(password: &[u8], salt: &[u8], iterations: u32) -> [u8; 32] {
    let mut block = hmac(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut all = block;
    for _ in 1..iterations {
        block = hmac(password, &block);
        all.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    all
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn passwords_are_known_again() {
        // Made by PostgreSQL 15.
        let scram = "SCRAM-SHA-256$4096:FTnr4Q1EgYcwA1iJ8fE6Xg==$GAEv0nDr/Sc0M74GLBZ5da3tX0sUtJkvq83FD9YDCBU=:dxqq6O7l7tOirScGiOsM2j4zMI2T08ExvUXDJBjI/n0=";
        assert!(is("app", "s3", Some(scram)) && !is("app", "s4", Some(scram)));
        assert!(is("app", scram, Some(scram)));
        let md5 = "md5dcb7ec0c5c3a3a1b1cf0b4f7ff3d6c6b";
        assert!(!is("app", "s3", Some(md5)) && is("app", md5, Some(md5)));
        let right = crate::checksum::Algorithm::Md5.of(b"s3app");
        assert!(is("app", "s3", Some(&format!("md5{right}"))));
        assert!(!is("app", "s3", None) && is("app", "", None));
    }
}
