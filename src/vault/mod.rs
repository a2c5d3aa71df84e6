//! What `ansible-vault` encrypted, and encrypting so that `ansible-vault` can read it.
//!
//! The format is described at <https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html#ansible-vault-payload-format-1-1-1-2>.
//! Clear text is a [`Secret`] from the start, and the run's [`Redactor`] learns it, so that it is in no diff, error, history or document.

mod cipher;
mod envelope;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::redact::{Redactor, Secret};

pub use envelope::is_encrypted;

/// The label of passwords that have none.
pub const DEFAULT: &str = "default";

/// A line of a clear text counts as secret on its own from this length (in bytes) on.
const SHORTEST_LINE: usize = 8;

/// The passwords of a run, and what they open.
pub struct Vault {
    redactor: Arc<Redactor>,
    keys: RwLock<Keys>,
}

#[derive(Default)]
struct Keys {
    /// Label and password, in the order in which they are tried.
    passwords: Vec<(String, Secret)>,
    /// Only the password whose label is that of the text is tried.
    strict: bool,
}

/// Why something can't be decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no password at all.
    NoPassword,
    /// No password fits; the labels of those that were tried, and the label of the text.
    WrongPassword {
        /// The labels that were tried.
        tried: Vec<String>,
        /// The label that the text names.
        wanted: Option<String>,
    },
    /// It is no vault, or a damaged one.
    Malformed(String),
    /// The clear text is not UTF-8.
    NoText,
}

impl Vault {
    /// A vault without passwords; `redactor` learns what is decrypted.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, keys: RwLock::default() }
    }

    /// Gives it passwords by their labels, in the order in which they are tried. With `strict` only the one that a text names is
    /// tried for it.
    pub fn unlock(&self, passwords: Vec<(String, Secret)>, strict: bool) {
        for (_, password) in &passwords {
            self.redactor.add(password);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Keys { passwords, strict };
    }

    /// The password of a label; the first one where none is named.
    pub fn password(&self, label: Option<&str>) -> Option<(String, Secret)> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut passwords = keys.passwords.iter();
        passwords.find(|(known, _)| label.is_none_or(|label| label == known)).cloned()
    }

    /// The clear bytes of a vault, and the label of the password that opened it.
    pub fn open(&self, text: &str) -> Result<(Zeroizing<Vec<u8>>, String), Error> {
        let envelope = envelope::read(text)?;
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if keys.passwords.is_empty() {
            return Err(Error::NoPassword);
        }
        let named = |label: &str| envelope.label.as_deref() == Some(label);
        let (first, others): (Vec<_>, Vec<_>) =
            keys.passwords.iter().partition(|(label, _)| named(label));
        let strict = keys.strict && envelope.label.is_some();
        let candidates = first.into_iter().chain(others.into_iter().filter(|_| !strict));
        let mut tried = Vec::new();
        for (label, password) in candidates {
            if let Some(clear) = cipher::decrypt(&envelope.sealed, password)? {
                return Ok((clear, label.clone()));
            }
            tried.push(label.clone());
        }
        Err(Error::WrongPassword { tried, wanted: envelope.label })
    }

    /// The clear bytes of a vault. Its lines are secret from now on.
    pub fn bytes(&self, text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
        let (clear, _) = self.open(text)?;
        if let Ok(text) = std::str::from_utf8(&clear) {
            self.learn_lines(text);
        }
        Ok(clear)
    }

    /// The clear text of one value. It is secret from now on.
    pub fn value(&self, text: &str) -> Result<Secret, Error> {
        let (clear, _) = self.open(text)?;
        let secret = Secret::new(std::str::from_utf8(&clear).map_err(|_| Error::NoText)?);
        self.learn(secret.expose());
        Ok(secret)
    }

    /// The clear text of a file whose parts are learned one by one ([`Self::learn`]).
    pub fn text(&self, text: &str) -> Result<Secret, Error> {
        let (clear, _) = self.open(text)?;
        Ok(Secret::new(std::str::from_utf8(&clear).map_err(|_| Error::NoText)?))
    }

    /// Makes a text known as secret, as a whole and line by line.
    pub fn learn(&self, text: &str) {
        self.redactor.add(&Secret::new(text));
        if text.trim().contains('\n') {
            self.learn_lines(text);
        }
    }

    fn learn_lines(&self, text: &str) {
        for line in text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE) {
            self.redactor.add(&Secret::new(line));
        }
    }
}

/// Encrypts with a password. A label other than [`DEFAULT`] is written into the header, as `ansible-vault` does.
pub fn encrypt(clear: &[u8], label: &str, password: &Secret) -> Result<String, Error> {
    let sealed = cipher::encrypt(clear, password)?;
    Ok(envelope::write(&sealed, Some(label).filter(|label| *label != DEFAULT)))
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPassword => formatter.write_str("there is no vault password"),
            Self::WrongPassword { tried, wanted } => {
                let ids = tried.join(", ");
                match wanted {
                    Some(wanted) if tried.is_empty() => {
                        write!(formatter, "there is no password for the vault id `{wanted}`")
                    }
                    Some(wanted) => write!(
                        formatter,
                        "no vault password fits: it is of the vault id `{wanted}`, and {ids} was tried"
                    ),
                    None => write!(formatter, "no vault password fits: {ids} was tried"),
                }
            }
            Self::Malformed(why) => write!(formatter, "it is no vault: {why}"),
            Self::NoText => formatter.write_str("what is in the vault is not UTF-8 text"),
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Vault")
    }
}
