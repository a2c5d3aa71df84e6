//! Secrets: text that never prints, and the filter that keeps it out of everything that does.
//!
//! A [`Secret`] guards one value on its way through the program. A [`Redactor`] knows all of them and cleans the text that
//! comes back from hosts, where a password may turn up in the middle of a command's output.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

/// What is printed in place of a secret.
pub const MASK: &str = "•••";

/// Shorter texts are not replaced in output: `no`, `root` or `1` would blot out half of every report.
const SHORTEST: usize = 5;

/// A line of a longer secret counts on its own from this length (in bytes) on, if it is one word: a line of a private key.
const SHORTEST_LINE: usize = 16;

/// Text that prints as `•••` and is wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// The secrets of a run; replaces them in text.
#[derive(Default)]
pub struct Redactor {
    /// By first byte, the longest first.
    needles: RwLock<BTreeMap<u8, Vec<Secret>>>,
}

impl Secret {
    /// Guards `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The guarded text. Do not print it, and do not keep copies.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(MASK)
    }
}

impl Redactor {
    /// A redactor that knows no secret.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns a secret. Besides the text itself, its escaped form (as in JSON) and the lines of a key are recognised.
    /// Texts of fewer than 5 bytes are ignored.
    pub fn add(&self, secret: &Secret) {
        let text = secret.expose();
        self.learn(text.trim());
        let escaped = Zeroizing::new(text.trim().escape_debug().to_string());
        self.learn(&escaped);
        if text.trim().contains('\n') {
            for line in text.lines().map(str::trim) {
                if line.len() >= SHORTEST_LINE && !line.contains(char::is_whitespace) {
                    self.learn(line);
                }
            }
        }
    }

    /// `text` with every known secret replaced by `•••`; where two overlap, the longer one counts.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let needles = self.needles.read().unwrap_or_else(PoisonError::into_inner);
        if needles.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::new();
        let mut copied = 0;
        let mut at = 0;
        while at < text.len() {
            let rest = &text.as_bytes()[at..];
            let found = needles.get(&rest[0]).and_then(|candidates| {
                candidates.iter().find(|one| rest.starts_with(one.expose().as_bytes()))
            });
            let Some(secret) = found else {
                at += 1;
                continue;
            };
            clean.push_str(&text[copied..at]);
            clean.push_str(MASK);
            at += secret.expose().len();
            copied = at;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }

    fn learn(&self, text: &str) {
        if text.len() < SHORTEST {
            return;
        }
        let mut needles = self.needles.write().unwrap_or_else(PoisonError::into_inner);
        let same_start = needles.entry(text.as_bytes()[0]).or_default();
        if same_start.iter().all(|known| known.expose() != text) {
            same_start.push(Secret::new(text));
            same_start.sort_by_key(|known| std::cmp::Reverse(known.expose().len()));
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Redactor, Secret};

    fn check(secrets: &[&str], text: &str, clean: &str) {
        let redactor = Redactor::new();
        for secret in secrets {
            redactor.add(&Secret::new(*secret));
        }
        assert_eq!(redactor.redact(text), clean, "secrets {secrets:?}");
    }

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::new("hunter22");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "••• ••• Some(•••)");
        assert_eq!(secret.expose(), "hunter22");
    }

    #[test]
    fn secrets_are_replaced_in_text() {
        check(&["hunter22"], "password=hunter22;", "password=•••;");
        check(&["hunter22"], "hunter22hunter22", "••••••");
        check(&["hunter22"], "hunter2", "hunter2");
        check(&[], "hunter22", "hunter22");
    }

    #[test]
    fn the_longest_secret_counts() {
        check(
            &["horse", "horse-battery"],
            "correct horse-battery staple, horse",
            "correct ••• staple, •••",
        );
    }

    #[test]
    fn short_and_empty_secrets_are_left_alone() {
        check(&["", "yes", "root"], "yes root", "yes root");
    }

    #[test]
    fn other_forms_of_a_secret_are_found() {
        check(&["say \"aloha\""], r#"{"word": "say \"aloha\""}"#, r#"{"word": "•••"}"#);
        check(&["trailing\n"], "trailing space", "••• space");
        let key =
            "-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUA\nAAAE\n-----END KEY-----\n";
        check(&[key], "+b3BlbnNzaC1rZXktdjEAAAAABG5vbmUA\n+AAAE", "+•••\n+AAAE");
    }

    #[test]
    fn characters_of_several_bytes_stay_whole() {
        check(&["pässwörd"], "é pässwörd ü", "é ••• ü");
    }

    #[test]
    fn clean_text_is_not_copied() {
        let redactor = Redactor::new();
        redactor.add(&Secret::new("hunter22"));
        assert!(matches!(redactor.redact("nothing here"), Cow::Borrowed(_)));
    }
}
