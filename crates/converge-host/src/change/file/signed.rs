//! Requests and certificates: what a private key signs, which stays where it is.
//!
//! The host's own program makes the signature. What is signed is put together when that happens, since a certificate has a number that
//! nobody can foresee, and begins when it is made.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::der::{BIT_STRING, SEQUENCE, element, pem, seconds, time, unsigned};
use crate::stop::{Result, Stop};

/// Something that is signed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signed {
    /// What it is, for the block of text: `CERTIFICATE`.
    pub label: String,
    /// What is signed, in order; one sequence in the end.
    pub parts: Vec<Part>,
    /// The algorithm of the signature, as an element.
    pub algorithm: Vec<u8>,
}

/// A part of what is signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Part {
    /// Elements as they are.
    Elements(Vec<u8>),
    /// A number that nobody can foresee.
    Serial,
    /// From when to when it holds.
    Validity(Moment, Moment),
}

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// So many seconds after it is made.
    In(i64),
    /// So many seconds after 1970 began.
    At(i64),
}

impl Signed {
    /// The bytes that are to be signed.
    pub(super) fn body(&self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        for part in &self.parts {
            match part {
                Part::Elements(bytes) => body.extend(bytes),
                Part::Serial => body.extend(serial()?),
                Part::Validity(from, to) => {
                    let now = seconds(SystemTime::now());
                    let both = [from.element(now), to.element(now)].concat();
                    body.extend(element(SEQUENCE, &both));
                }
            }
        }
        Ok(element(SEQUENCE, &body))
    }

    /// The whole of it, with its signature.
    pub(super) fn text(&self, body: &[u8], signature: &[u8]) -> String {
        let signature = element(BIT_STRING, &[&[0], signature].concat());
        pem(&self.label, &element(SEQUENCE, &[body, &self.algorithm, &signature].concat()))
    }
}

impl Moment {
    fn element(self, now: i64) -> Vec<u8> {
        let at = match self {
            Self::In(seconds) => now.saturating_add(seconds),
            Self::At(seconds) => seconds,
        };
        let since = Duration::from_secs(at.unsigned_abs());
        time(if at < 0 { UNIX_EPOCH - since } else { UNIX_EPOCH + since })
    }
}

/// 159 bits of chance: as many as RFC 5280 allows.
fn serial() -> Result<Vec<u8>> {
    let mut bytes = [0; 20];
    let read = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| Stop::failed(format!("can't read `/dev/urandom`: {error}")))?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(unsigned(&bytes))
}
