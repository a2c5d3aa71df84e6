//! Passwords as `/etc/shadow` keeps them: crypt(3)'s MD5, SHA-256 and SHA-512.
//!
//! The SHA schemes are described by Ulrich Drepper in "Unix crypt using SHA-256 and SHA-512"; the MD5 scheme is that of
//! FreeBSD. Rounds that are not given are those of passlib, which Ansible asks for hashes.

use md5::{Digest as _, Md5};
use sha_crypt::{Params, sha256_crypt, sha512_crypt};

use crate::value::Stop;

const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The rounds that the SHA schemes mean when none are written.
const IMPLICIT_ROUNDS: u32 = 5000;

/// A hash of a password. Without salt one is drawn.
pub(crate) fn hash(
    password: &str,
    kind: &str,
    salt: Option<&str>,
    salt_size: Option<i64>,
    rounds: Option<u32>,
) -> Result<String, Stop> {
    let longest = if matches!(kind, "md5" | "md5_crypt") { 8 } else { 16 };
    let salt = match salt {
        Some(salt) => salt.to_owned(),
        None => {
            random_salt(salt_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(longest))
        }
    };
    if salt.len() > longest {
        return Err(Stop::argument(format!("the salt is longer than {longest} characters")));
    }
    if !salt.bytes().all(|byte| DIGITS.contains(&byte)) {
        return Err(Stop::argument("the salt may hold letters, digits, `.` and `/` only"));
    }
    match kind {
        "md5" | "md5_crypt" => {
            Ok(format!("$1${salt}${}", md5_crypt(password.as_bytes(), salt.as_bytes())))
        }
        "sha256" | "sha256_crypt" => {
            let (params, prefix) = params(rounds.unwrap_or(535_000))?;
            let digest = sha256_crypt(password.as_bytes(), salt.as_bytes(), params);
            Ok(format!("$5${prefix}{salt}${}", encode_sha256(&digest)))
        }
        "sha512" | "sha512_crypt" => {
            let (params, prefix) = params(rounds.unwrap_or(656_000))?;
            let digest = sha512_crypt(password.as_bytes(), salt.as_bytes(), params);
            Ok(format!("$6${prefix}{salt}${}", encode_sha512(&digest)))
        }
        other => Err(Stop::argument(format!("there is no password hash `{other}`"))
            .help("known are md5, sha256 and sha512")),
    }
}

/// A hash of a password, or why there is none.
pub fn password_hash(
    password: &str,
    kind: &str,
    salt: Option<&str>,
    salt_size: Option<i64>,
) -> Result<String, String> {
    hash(password, kind, salt, salt_size, None).map_err(|stop| stop.to_string())
}

fn params(rounds: u32) -> Result<(Params, String), Stop> {
    let params = Params::new(rounds).map_err(|_| {
        Stop::argument(format!(
            "`rounds` is between {} and {}",
            Params::ROUNDS_MIN,
            Params::ROUNDS_MAX
        ))
    })?;
    let prefix =
        if rounds == IMPLICIT_ROUNDS { String::new() } else { format!("rounds={rounds}$") };
    Ok((params, prefix))
}

/// A salt that nobody can foresee.
pub(crate) fn random_salt(length: usize) -> String {
    (0..length)
        .map(|_| char::from(DIGITS[usize::from(rand::random::<u8>()) % DIGITS.len()]))
        .collect()
}

/// Three bytes as up to four digits of base 64, the lowest first.
fn push(out: &mut String, bytes: [u8; 3], digits: usize) {
    let mut value = u32::from(bytes[0]) << 16 | u32::from(bytes[1]) << 8 | u32::from(bytes[2]);
    for _ in 0..digits {
        out.push(char::from(DIGITS[(value & 0x3f) as usize]));
        value >>= 6;
    }
}

fn encode_sha512(digest: &[u8; 64]) -> String {
    let mut out = String::with_capacity(86);
    let mut at = [0, 21, 42];
    for _ in 0..21 {
        push(&mut out, at.map(|at| digest[at]), 4);
        at = [at[1] + 1, at[2] + 1, at[0] + 1];
        at = at.map(|at| if at == 63 { 0 } else { at });
    }
    push(&mut out, [0, 0, digest[63]], 2);
    out
}

fn encode_sha256(digest: &[u8; 32]) -> String {
    let mut out = String::with_capacity(43);
    let mut at = [0, 10, 20];
    for _ in 0..10 {
        push(&mut out, at.map(|at| digest[at]), 4);
        at = [at[2] + 1, at[0] + 1, at[1] + 1];
    }
    push(&mut out, [0, digest[31], digest[30]], 3);
    out
}

fn md5_crypt(password: &[u8], salt: &[u8]) -> String {
    let inner =
        Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    for chunk in (0..password.len()).step_by(16) {
        outer.update(&inner[..(password.len() - chunk).min(16)]);
    }
    let mut length = password.len();
    while length > 0 {
        outer.update(if length & 1 == 1 { &[0][..] } else { &password[..1] });
        length >>= 1;
    }
    let mut digest = outer.finalize();
    for round in 0..1000 {
        let mut hash = Md5::new();
        if round & 1 == 1 {
            hash.update(password);
        } else {
            hash.update(digest);
        }
        if round % 3 != 0 {
            hash.update(salt);
        }
        if round % 7 != 0 {
            hash.update(password);
        }
        if round & 1 == 1 {
            hash.update(digest);
        } else {
            hash.update(password);
        }
        digest = hash.finalize();
    }
    let mut out = String::with_capacity(22);
    for at in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        push(&mut out, at.map(|at: usize| digest[at]), 4);
    }
    push(&mut out, [0, 0, digest[11]], 2);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::hash;

    #[test]
    fn hashes_are_those_of_crypt() {
        for (kind, rounds, want) in [
            ("md5", None, "$1$mysalt$YfDI7PgIcmyUplWOk4sR31"),
            ("sha256", Some(5000), "$5$mysalt$TnCcdLnwt5ISLtOuhcunGqGMDdFp4XAvzcWZaL2cSj7"),
            (
                "sha512",
                Some(5000),
                "$6$mysalt$2YmVXrUSTO5ZLInozcwuV6CMy7A16qdX0hRBMCdZMu/Anj978ZO8M58uwrWq0Y7hdJDx7kJwjZ/73lYmtJNDF1",
            ),
            (
                "sha512",
                Some(10_000),
                "$6$rounds=10000$mysalt$JvT3fS.ZLgQ.7S68Ys6gIThEduNrgupxrvzptbwYV4Gomc.paRm7UW7pDVgJfAUQN006E518cn8agBz/rrByl0",
            ),
        ] {
            assert_eq!(hash("x", kind, Some("mysalt"), None, rounds).unwrap(), want);
        }
    }

    #[test]
    fn salts_are_drawn_and_checked() {
        let one = hash("x", "md5", None, None, None).unwrap();
        assert_ne!(one, hash("x", "md5", None, None, None).unwrap());
        assert!(hash("x", "md5", Some("with blank"), None, None).is_err());
        assert!(hash("x", "sha512", Some("seventeencharacte"), None, None).is_err());
        assert!(hash("x", "bcrypt", None, None, None).is_err());
    }
}
