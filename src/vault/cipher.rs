//! AES-256 in counter mode under a key that PBKDF2 makes of the password, and an HMAC over what is encrypted.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::redact::Secret;
use crate::vault::Error;

/// Turns of the key derivation; Ansible has them fixed.
const TURNS: u32 = 10_000;

/// Lengths in bytes: of either key, of the counter's start, of a block, and of the salt.
const KEY: usize = 32;
const BLOCK: usize = 16;
const SALT: usize = 32;

/// What is encrypted, with what it takes to open it but the password.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) salt: Vec<u8>,
    /// The HMAC over `bytes`.
    pub(super) tag: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

/// The keys that a password gives with a salt.
struct Keys(Zeroizing<[u8; 2 * KEY + BLOCK]>);

impl Keys {
    fn new(password: &Secret, salt: &[u8]) -> Self {
        let mut keys = Zeroizing::new([0; 2 * KEY + BLOCK]);
        pbkdf2::pbkdf2_hmac::<Sha256>(password.expose().as_bytes(), salt, TURNS, keys.as_mut());
        Self(keys)
    }

    fn cipher(&self) -> Result<Ctr128BE<Aes256>, Error> {
        Ctr128BE::new_from_slices(&self.0[..KEY], &self.0[2 * KEY..])
            .map_err(|error| Error::Malformed(error.to_string()))
    }

    fn mac(&self) -> Result<Hmac<Sha256>, Error> {
        Hmac::new_from_slice(&self.0[KEY..2 * KEY])
            .map_err(|error| Error::Malformed(error.to_string()))
    }
}

/// The clear bytes; none where the password is another. The comparison takes the same time wherever they differ.
pub(super) fn decrypt(
    sealed: &Sealed,
    password: &Secret,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let keys = Keys::new(password, &sealed.salt);
    let mut mac = keys.mac()?;
    mac.update(&sealed.bytes);
    if mac.verify_slice(&sealed.tag).is_err() {
        return Ok(None);
    }
    let mut clear = Zeroizing::new(sealed.bytes.clone());
    keys.cipher()?.apply_keystream(&mut clear);
    let padding = clear.last().copied().map_or(0, usize::from);
    let whole = clear.len();
    let fits = (1..=BLOCK).contains(&padding)
        && padding <= whole
        && clear[whole - padding..].iter().all(|byte| usize::from(*byte) == padding);
    if !fits {
        return Err(Error::Malformed("its padding is damaged".to_owned()));
    }
    clear.truncate(whole - padding);
    Ok(Some(clear))
}

/// Encrypts with a salt of its own.
pub(super) fn encrypt(clear: &[u8], password: &Secret) -> Result<Sealed, Error> {
    let mut salt = vec![0; SALT];
    rand::rng().fill_bytes(&mut salt);
    let keys = Keys::new(password, &salt);
    let padding = BLOCK - clear.len() % BLOCK;
    let mut bytes = clear.to_vec();
    bytes.extend(std::iter::repeat_n(padding as u8, padding));
    keys.cipher()?.apply_keystream(&mut bytes);
    let mut mac = keys.mac()?;
    mac.update(&bytes);
    let tag = mac.finalize().into_bytes().to_vec();
    Ok(Sealed { salt, tag, bytes })
}
