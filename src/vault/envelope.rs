//! The text around what is encrypted: a line that says what it is, and hexadecimal digits.

use crate::vault::Error;
use crate::vault::cipher::Sealed;

/// How every vault begins.
const MARK: &str = "$ANSIBLE_VAULT";

/// The only cipher that there is.
const CIPHER: &str = "AES256";

/// Digits in a line.
const WIDTH: usize = 80;

/// A vault that was read.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The vault id, from version 1.2 on.
    pub(super) label: Option<String>,
    /// What is encrypted.
    pub(super) sealed: Sealed,
}

/// Whether a text is a vault.
pub fn is_encrypted(text: &[u8]) -> bool {
    text.starts_with(MARK.as_bytes()) && text.get(MARK.len()) == Some(&b';')
}

/// Reads a vault.
pub(super) fn read(text: &str) -> Result<Envelope, Error> {
    let wrong = |why: String| Error::Malformed(why);
    let mut lines = text.trim().lines();
    let head = lines.next().unwrap_or_default();
    let fields: Vec<&str> = head.trim().split(';').map(str::trim).collect();
    let [mark, version, cipher, rest @ ..] = fields.as_slice() else {
        return Err(wrong("its first line is no header".to_owned()));
    };
    if *mark != MARK {
        return Err(wrong(format!("it does not begin with `{MARK};`")));
    }
    if !matches!(*version, "1.1" | "1.2") {
        return Err(wrong(format!("there is no version `{version}`, only 1.1 and 1.2")));
    }
    if *cipher != CIPHER {
        return Err(wrong(format!("there is no cipher `{cipher}`, only {CIPHER}")));
    }
    let label = rest.first().filter(|_| *version == "1.2").map(|label| (*label).to_owned());
    let digits: String = lines.flat_map(str::split_whitespace).collect();
    let inner =
        unhex(&digits).ok_or_else(|| wrong("it has other than hexadecimal digits".into()))?;
    let inner = String::from_utf8(inner).map_err(|_| wrong("it is damaged".into()))?;
    let parts: Option<Vec<Vec<u8>>> = inner.split('\n').map(unhex).collect();
    match parts.as_deref() {
        Some([salt, tag, bytes]) => Ok(Envelope {
            label,
            sealed: Sealed { salt: salt.clone(), tag: tag.clone(), bytes: bytes.clone() },
        }),
        _ => Err(wrong("it is damaged or cut off".into())),
    }
}

/// Writes a vault.
pub(super) fn write(sealed: &Sealed, label: Option<&str>) -> String {
    let mut text = match label {
        Some(label) => format!("{MARK};1.2;{CIPHER};{label}\n"),
        None => format!("{MARK};1.1;{CIPHER}\n"),
    };
    let inner = [&sealed.salt, &sealed.tag, &sealed.bytes].map(|part| hex(part)).join("\n");
    let digits = hex(inner.as_bytes());
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, others) = rest.split_at(rest.len().min(WIDTH));
        text.push_str(line);
        text.push('\n');
        rest = others;
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}
