//! The checksums that modules return. None of them guards anything: contents are named by SHA-256, see [`crate::blob`].

mod md5;
mod sha1;

use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::args::Choice;
use crate::checksum::md5::Md5;
use crate::checksum::sha1::Sha1;

/// The algorithms that Ansible offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice, Serialize, Deserialize)]
pub enum Algorithm {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (RFC 3174).
    #[choice(alias = "sha")]
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl Algorithm {
    /// The checksum of bytes in hexadecimal digits.
    pub fn of(self, bytes: &[u8]) -> String {
        // Reading memory can't fail.
        self.of_reader(bytes).unwrap_or_default()
    }

    /// The checksum of bytes, as bytes.
    pub(crate) fn raw(self, bytes: &[u8]) -> Vec<u8> {
        let digits = self.of(bytes);
        let pairs =
            (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
        pairs.filter_map(Result::ok).collect()
    }

    /// The checksum of all that can be read, in hexadecimal digits.
    pub fn of_reader(self, reader: impl Read) -> io::Result<String> {
        match self {
            Self::Md5 => blocks(reader, Md5::new()),
            Self::Sha1 => blocks(reader, Sha1::new()),
            Self::Sha224 => secure::<Sha224>(reader),
            Self::Sha256 => secure::<Sha256>(reader),
            Self::Sha384 => secure::<Sha384>(reader),
            Self::Sha512 => secure::<Sha512>(reader),
        }
    }
}

/// An algorithm of the MD4 family: 64 bytes at a time, the length in bits at the end.
trait Block {
    /// Whether numbers have their highest byte first.
    const BIG_ENDIAN: bool;

    fn block(&mut self, block: &[u8; 64]);

    fn finish(self) -> Vec<u8>;
}

fn blocks<B: Block>(mut reader: impl Read, mut state: B) -> io::Result<String> {
    let (mut buffer, mut filled, mut length) = (vec![0; 64 * 1024], 0, 0_u64);
    loop {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                length += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let whole = filled - filled % 64;
        consume(&mut state, &buffer[..whole]);
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
    let mut tail = buffer[..filled].to_vec();
    tail.push(0x80);
    tail.resize(tail.len().next_multiple_of(64), 0);
    if tail.len() - filled < 9 {
        tail.resize(tail.len() + 64, 0);
    }
    let bits = length.wrapping_mul(8);
    let bits = if B::BIG_ENDIAN { bits.to_be_bytes() } else { bits.to_le_bytes() };
    let end = tail.len() - 8;
    tail[end..].copy_from_slice(&bits);
    consume(&mut state, &tail);
    Ok(hex(&state.finish()))
}

fn consume<B: Block>(state: &mut B, bytes: &[u8]) {
    for block in bytes.as_chunks::<64>().0 {
        state.block(block);
    }
}

fn secure<D: sha2::Digest>(mut reader: impl Read) -> io::Result<String> {
    let (mut hash, mut buffer) = (D::new(), vec![0; 64 * 1024]);
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Algorithm::{self, Md5, Sha1, Sha224, Sha256, Sha384, Sha512};

    #[track_caller]
    fn check(algorithm: Algorithm, bytes: &[u8], want: &str) {
        assert_eq!(algorithm.of(bytes), want);
    }

    #[test]
    fn checksums_are_those_of_the_coreutils() {
        check(Md5, b"", "d41d8cd98f00b204e9800998ecf8427e");
        check(Md5, b"y\n", "009520053b00386d1173f3988c55d192");
        check(Sha1, b"", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        check(Sha1, b"y\n", "9063a9f0e032b6239403b719cbbba56ac4e4e45f");
        check(Sha224, b"", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f");
        check(Sha256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(Sha384.of(b"abc").starts_with("cb00753f45a35e8b"));
        assert!(Sha512.of(b"abc").starts_with("ddaf35a193617aba"));
    }

    #[test]
    fn every_length_around_a_block_is_padded_right() {
        // Made with `head -c N /dev/zero | tr '\0' a | md5sum`, and sha1sum.
        check(Md5, &[b'a'; 55], "ef1772b6dff9a122358552954ad0df65");
        check(Md5, &[b'a'; 56], "3b0c8ac703f828b04c6c197006d17218");
        check(Md5, &[b'a'; 64], "014842d480b571495a4a0363793f7367");
        check(Sha1, &[b'a'; 55], "c1c8bbdc22796e28c0e15163d20899b65621d65a");
        check(Sha1, &[b'a'; 56], "c2db330f6083854c99d4b5bfb6e8f29f201be699");
        check(Sha1, &[b'a'; 64], "0098ba824b5c16427bd7a1122a5a442a25ec644d");
        check(Sha1, &vec![b'a'; 1_000_000], "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }
}
