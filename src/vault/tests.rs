//! Vaults that the real `ansible-vault` wrote (`recorded`), and our own.

use std::sync::Arc;

use crate::redact::{Redactor, Secret};
use crate::vault::{Error, Vault, encrypt, is_encrypted};

const ONE: &str = include_str!("recorded/one.yml");
const LABELLED: &str = include_str!("recorded/labelled.yml");
const EMPTY: &str = include_str!("recorded/empty.txt");
const BINARY: &str = include_str!("recorded/binary");
const STRING: &str = include_str!("recorded/string.yml");

/// The passwords that they were written with.
const PASSWORDS: [(&str, &str); 2] = [("default", "correct horse"), ("prod", "battery staple")];

fn vault(passwords: &[(&str, &str)], strict: bool) -> (Vault, Arc<Redactor>) {
    let redactor = Arc::new(Redactor::new());
    let vault = Vault::new(Arc::clone(&redactor));
    let passwords = passwords.iter().map(|(label, word)| ((*label).into(), Secret::new(*word)));
    vault.unlock(passwords.collect(), strict);
    (vault, redactor)
}

#[test]
fn what_ansible_vault_wrote_is_read() {
    let (vault, _) = vault(&PASSWORDS, false);
    for text in [ONE, LABELLED] {
        assert!(is_encrypted(text.as_bytes()));
        assert_eq!(vault.text(text).unwrap().expose(), "user: ada\npassword: hunter22\n");
    }
    assert!(vault.bytes(EMPTY).unwrap().is_empty());
    assert_eq!(vault.bytes(BINARY).unwrap().as_slice(), b"\x00\xff\x10bytes");
    assert_eq!(vault.value(BINARY), Err(Error::NoText));
    let token: String = STRING.lines().skip(1).map(|line| format!("{}\n", line.trim())).collect();
    assert_eq!(vault.value(&token).unwrap().expose(), "s3cr3t-töken");
    assert_eq!(vault.open(LABELLED).unwrap().1, "prod");
}

#[test]
fn what_is_written_is_read_again() {
    let (vault, _) = vault(&PASSWORDS, false);
    for (label, password) in PASSWORDS {
        for clear in ["", "x", "exactly 16 bytes", "ä\n", &"long ".repeat(100)] {
            let text = encrypt(clear.as_bytes(), label, &Secret::new(password)).unwrap();
            assert_eq!(vault.bytes(&text).unwrap().as_slice(), clear.as_bytes());
            assert_eq!(vault.open(&text).unwrap().1, label);
            assert!(text.lines().all(|line| line.len() <= 80));
        }
    }
    let plain = encrypt(b"x", "default", &Secret::new("a")).unwrap();
    assert!(plain.starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
    let labelled = encrypt(b"x", "prod", &Secret::new("a")).unwrap();
    assert!(labelled.starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"));
    assert_ne!(plain, encrypt(b"x", "default", &Secret::new("a")).unwrap(), "each has its salt");
}

#[test]
fn a_password_of_another_label_is_tried_unless_labels_must_match() {
    let swapped = [("other", "battery staple")];
    assert_eq!(vault(&swapped, false).0.open(LABELLED).unwrap().1, "other");
    let error = vault(&swapped, true).0.open(LABELLED).unwrap_err();
    assert_eq!(error.to_string(), "there is no password for the vault id `prod`");
}

#[test]
fn what_cannot_be_read_says_why() {
    let (locked, _) = vault(&[], false);
    assert_eq!(locked.text(ONE).unwrap_err(), Error::NoPassword);
    let (wrong, _) = vault(&[("dev", "nope"), ("default", "nor this")], false);
    assert_eq!(
        wrong.text(LABELLED).unwrap_err().to_string(),
        "no vault password fits: it is of the vault id `prod`, and dev, default was tried"
    );
    let (open, _) = vault(&PASSWORDS, false);
    for (text, why) in [
        ("plain", "its first line is no header"),
        ("$ANSIBLE_VAULT;1.0;AES\n00", "there is no version `1.0`, only 1.1 and 1.2"),
        ("$ANSIBLE_VAULT;1.1;ROT13\n00", "there is no cipher `ROT13`, only AES256"),
        ("$ANSIBLE_VAULT;1.1;AES256\nxy", "it has other than hexadecimal digits"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3031", "it is damaged or cut off"),
    ] {
        let error = open.text(text).unwrap_err().to_string();
        assert_eq!(error, format!("it is no vault: {why}"), "{text}");
    }
    let flipped = ONE.replace("3", "4");
    assert!(open.text(&flipped).is_err(), "what was changed is not taken");
}

#[test]
fn what_was_opened_is_redacted_from_then_on() {
    let (vault, redactor) = vault(&PASSWORDS, false);
    assert_eq!(redactor.redact("correct horse"), "•••", "the password itself");
    let text =
        encrypt(b"line of a file\nsecond line\nx\n", "default", &Secret::new("correct horse"));
    vault.bytes(&text.unwrap()).unwrap();
    assert_eq!(redactor.redact("+second line\n+x"), "+•••\n+x");
    let token = encrypt("s3cr3t".as_bytes(), "prod", &Secret::new("battery staple")).unwrap();
    let secret = vault.value(&token).unwrap();
    assert_eq!(format!("{secret:?} {}", redactor.redact("token=s3cr3t")), "••• token=•••");
}
