//! Passwords as `/etc/shadow` and the files of web servers keep them.
//!
//! The SHA schemes are described by Ulrich Drepper in "Unix crypt using SHA-256 and SHA-512"; the MD5 scheme is that of
//! FreeBSD, and Apache's differs from it in its mark only.

use sha_crypt::{Params, sha256_crypt, sha512_crypt};

use crate::checksum::Algorithm;

/// The digits of hashes and salts.
pub const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The rounds that the SHA schemes mean when none are written.
const IMPLICIT_ROUNDS: u32 = 5000;

/// A scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// MD5 as FreeBSD has it: `$1$`.
    Md5,
    /// MD5 as Apache has it: `$apr1$`.
    Apr1,
    /// SHA-256: `$5$`.
    Sha256,
    /// SHA-512: `$6$`.
    Sha512,
}

impl Scheme {
    /// The scheme of a hash.
    pub fn of(hash: &str) -> Option<Self> {
        match hash.strip_prefix('$')?.split('$').next()? {
            "1" => Some(Self::Md5),
            "apr1" => Some(Self::Apr1),
            "5" => Some(Self::Sha256),
            "6" => Some(Self::Sha512),
            _ => None,
        }
    }

    /// How many characters a salt has at most.
    pub fn longest_salt(self) -> usize {
        match self {
            Self::Md5 | Self::Apr1 => 8,
            Self::Sha256 | Self::Sha512 => 16,
        }
    }

    /// The rounds of passlib, which Ansible asks for hashes, where nobody says how many.
    fn usual_rounds(self) -> u32 {
        if self == Self::Sha256 { 535_000 } else { 656_000 }
    }
}

/// A hash of a password. The rounds of MD5 are always the same. The error says what rounds there can be.
pub fn hash(
    scheme: Scheme,
    password: &str,
    salt: &str,
    rounds: Option<u32>,
) -> Result<String, String> {
    let (word, sugar) = (password.as_bytes(), salt.as_bytes());
    let rounds = rounds.unwrap_or(scheme.usual_rounds());
    let params = || {
        Params::new(rounds).map_err(|_| {
            format!("`rounds` is between {} and {}", Params::ROUNDS_MIN, Params::ROUNDS_MAX)
        })
    };
    let shown = if rounds == IMPLICIT_ROUNDS { String::new() } else { format!("rounds={rounds}$") };
    Ok(match scheme {
        Scheme::Md5 => format!("$1${salt}${}", md5_crypt(word, sugar, b"$1$")),
        Scheme::Apr1 => format!("$apr1${salt}${}", md5_crypt(word, sugar, b"$apr1$")),
        Scheme::Sha256 => {
            let digest = sha256_crypt(word, sugar, params()?);
            format!("$5${shown}{salt}${}", encode_sha256(&digest))
        }
        Scheme::Sha512 => {
            let digest = sha512_crypt(word, sugar, params()?);
            format!("$6${shown}{salt}${}", encode_sha512(&digest))
        }
    })
}

/// Whether a hash is one of this password; none where its scheme is not known here.
pub fn verifies(kept: &str, password: &str) -> Option<bool> {
    let scheme = Scheme::of(kept)?;
    let mut parts = kept.split('$').skip(2);
    let mut salt = parts.next()?;
    let mut rounds = IMPLICIT_ROUNDS;
    if let Some(number) = salt.strip_prefix("rounds=") {
        rounds = number.parse().ok()?;
        salt = parts.next()?;
    }
    hash(scheme, password, salt, Some(rounds)).ok().map(|made| made == kept)
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

/// The scheme of FreeBSD, and with another `magic` that of Apache.
fn md5_crypt(password: &[u8], salt: &[u8], magic: &[u8]) -> String {
    let inner = md5(&[password, salt, password]);
    let mut outer = [password, magic, salt].concat();
    for chunk in (0..password.len()).step_by(16) {
        outer.extend_from_slice(&inner[..(password.len() - chunk).min(16)]);
    }
    let mut length = password.len();
    while length > 0 {
        outer.push(if length & 1 == 1 { 0 } else { password[0] });
        length >>= 1;
    }
    let mut digest = md5(&[&outer]);
    for round in 0..1000 {
        let odd = round & 1 == 1;
        digest = md5(&[
            if odd { password } else { &digest },
            if round % 3 != 0 { salt } else { &[] },
            if round % 7 != 0 { password } else { &[] },
            if odd { &digest } else { password },
        ]);
    }
    let mut out = String::with_capacity(22);
    for at in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        push(&mut out, at.map(|at: usize| digest[at]), 4);
    }
    push(&mut out, [0, 0, digest[11]], 2);
    out
}

fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Algorithm::Md5.raw(&parts.concat()));
    digest
}

#[cfg(test)]
mod tests {
    use super::{Scheme, hash, verifies};

    #[test]
    fn hashes_are_those_of_crypt_and_of_apache() {
        for (scheme, rounds, want) in [
            (Scheme::Md5, None, "$1$mysalt$YfDI7PgIcmyUplWOk4sR31"),
            (Scheme::Sha256, Some(5000), "$5$mysalt$TnCcdLnwt5ISLtOuhcunGqGMDdFp4XAvzcWZaL2cSj7"),
            (
                Scheme::Sha512,
                Some(10_000),
                "$6$rounds=10000$mysalt$JvT3fS.ZLgQ.7S68Ys6gIThEduNrgupxrvzptbwYV4Gomc.paRm7UW7pDVgJfAUQN006E518cn8agBz/rrByl0",
            ),
        ] {
            assert_eq!(hash(scheme, "x", "mysalt", rounds).unwrap(), want);
            assert_eq!((verifies(want, "x"), verifies(want, "y")), (Some(true), Some(false)));
        }
        // By passlib.
        let kept = "$apr1$pe74rvb6$3TzL5sXFYP86Ds65.KQBP/";
        assert_eq!((verifies(kept, "other"), verifies(kept, "secret")), (Some(true), Some(false)));
        assert_eq!(verifies("$2b$12$l3GdCgQhFhJHGYg53Ji6oO", "other"), None);
        assert!(hash(Scheme::Sha512, "x", "mysalt", Some(1)).is_err());
    }
}
