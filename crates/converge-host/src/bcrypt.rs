//! Passwords hashed by the cipher of Blowfish: `$2b$12$…`.
//!
//! Niels Provos and David Mazières, "A Future-Adaptable Password Scheme", 1999.

use blowfish::Blowfish;

/// Its digits, in an order of its own.
const DIGITS: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// What is encrypted.
const TEXT: [u32; 6] =
    [0x4f72_7068, 0x6561_6e42, 0x6568_6f6c, 0x6465_7253, 0x6372_7944, 0x6f75_6274];

/// More bytes of a password than these do not count.
const LONGEST: usize = 72;

/// A hash of a password; `cost` is how often, as a power of two.
pub(crate) fn hash(password: &str, salt: [u8; 16], cost: u32) -> String {
    format!("$2b${cost:02}${}{}", encode(&salt), digest(password, salt, cost))
}

/// Whether a hash is one of this password; none where it is none of this scheme.
pub(crate) fn verifies(kept: &str, password: &str) -> Option<bool> {
    let rest = ["$2b$", "$2y$", "$2a$"].iter().find_map(|mark| kept.strip_prefix(mark))?;
    let (cost, rest) = rest.split_once('$')?;
    let cost = cost.parse().ok().filter(|cost| (4..=31).contains(cost))?;
    let (salt, made) = rest.split_at_checked(22)?;
    let salt: [u8; 16] = decode(salt)?.get(..16)?.try_into().ok()?;
    Some(digest(password, salt, cost) == made)
}

fn digest(password: &str, salt: [u8; 16], cost: u32) -> String {
    let mut key = password.as_bytes().to_vec();
    key.push(0);
    key.truncate(LONGEST);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(&salt, &key);
    for _ in 0..1_u64 << cost {
        state.bc_expand_key(&key);
        state.bc_expand_key(&salt);
    }
    let mut bytes = Vec::with_capacity(24);
    for pair in TEXT.chunks(2) {
        let mut block = [pair[0], pair[1]];
        for _ in 0..64 {
            block = state.bc_encrypt(block);
        }
        bytes.extend(block.iter().flat_map(|word| word.to_be_bytes()));
    }
    // The last byte was lost in the first implementation, and is left out ever since.
    encode(&bytes[..23])
}

fn encode(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digits = (0..=chunk.len()).map(|at| DIGITS[(bits >> (18 - 6 * at) & 63) as usize]);
        out.extend(digits.map(char::from));
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for letter in chunk {
            bits = bits << 6 | u32::try_from(DIGITS.iter().position(|own| own == letter)?).ok()?;
        }
        bits <<= 6 * (4 - chunk.len());
        out.extend(bits.to_be_bytes().iter().skip(1).take(chunk.len() - 1));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{hash, verifies};

    #[test]
    fn hashes_are_those_of_other_programs() {
        // Those of John the Ripper's tests, and one of htpasswd(1).
        for (kept, password) in [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""),
        ] {
            assert_eq!(verifies(kept, password), Some(true), "{password}");
            assert_eq!(verifies(kept, "other"), Some(false));
        }
        let made = hash("secret", *b"0123456789abcdef", 4);
        assert_eq!((made.len(), verifies(&made, "secret")), (60, Some(true)));
        assert_eq!(verifies("$6$x$y", "secret"), None);
    }
}
