//! The helpers that this build carries: static programs for the machines that hosts may be.

use std::io::{self, Read};

use converge_host::blob::Digest;
use converge_host::boot::Offer;
use flate2::read::GzDecoder;

/// A helper.
pub struct Helper {
    /// `x86_64` or `aarch64`.
    pub arch: &'static str,
    /// The digest of the program.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The program by gzip.
    pub packed: &'static [u8],
}

/// Every helper; `build.rs` makes them.
pub static ALL: &[Helper] = &include!(concat!(env!("OUT_DIR"), "/helpers.rs"));

impl Helper {
    /// As it is offered to a host.
    pub fn offer(&self) -> Offer {
        Offer {
            arch: self.arch.to_owned(),
            digest: self.digest,
            size: self.size,
            packed: Some(self.packed.len() as u64),
        }
    }

    /// The program itself.
    pub fn unpack(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.size as usize);
        GzDecoder::new(self.packed).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use converge_host::blob::Digest;

    use super::ALL;

    #[test]
    fn every_helper_is_a_static_program_that_unpacks_to_its_digest() {
        assert!(ALL.iter().any(|helper| helper.arch == std::env::consts::ARCH));
        for helper in ALL {
            let bytes = helper.unpack().unwrap();
            assert_eq!(Digest::of(&bytes), helper.digest, "{}", helper.arch);
            assert_eq!(bytes.len() as u64, helper.size);
            assert!(bytes.starts_with(b"\x7fELF"));
            assert!(
                !bytes.windows(8).any(|window| window == b"/ld-linu"),
                "{} is not static",
                helper.arch
            );
        }
    }
}
