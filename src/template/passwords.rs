//! Passwords as `/etc/shadow` keeps them, with salts that nobody can foresee.

use converge_host::crypt::{self, DIGITS, Scheme};

use crate::value::Stop;

/// A hash of a password. Without salt one is drawn.
pub(crate) fn hash(
    password: &str,
    kind: &str,
    salt: Option<&str>,
    salt_size: Option<i64>,
    rounds: Option<u32>,
) -> Result<String, Stop> {
    let scheme = match kind {
        "md5" | "md5_crypt" => Scheme::Md5,
        "sha256" | "sha256_crypt" => Scheme::Sha256,
        "sha512" | "sha512_crypt" => Scheme::Sha512,
        other => {
            return Err(Stop::argument(format!("there is no password hash `{other}`"))
                .help("known are md5, sha256 and sha512"));
        }
    };
    let longest = scheme.longest_salt();
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
    crypt::hash(scheme, password, &salt, rounds).map_err(Stop::argument)
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

/// A salt that nobody can foresee.
pub(crate) fn random_salt(length: usize) -> String {
    (0..length)
        .map(|_| char::from(DIGITS[usize::from(rand::random::<u8>()) % DIGITS.len()]))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::hash;

    #[test]
    fn salts_are_drawn_and_checked() {
        let one = hash("x", "md5", None, None, None).unwrap();
        assert_ne!(one, hash("x", "md5", None, None, None).unwrap());
        assert!(hash("x", "md5", Some("with blank"), None, None).is_err());
        assert!(hash("x", "sha512", Some("seventeencharacte"), None, None).is_err());
        assert!(hash("x", "bcrypt", None, None, None).is_err());
    }
}
