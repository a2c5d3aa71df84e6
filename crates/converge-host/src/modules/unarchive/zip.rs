//! Archives of `zip`. Their directory is read here, for `unzip` tells no checksums in a form that is easy to read; `unzip` unpacks
//! them.
//!
//! <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.12 and 4.3.16.

use crate::fnmatch::matches;
use crate::host::Host;
use crate::modules::unarchive::Unarchive;
use crate::modules::unarchive::compare::{Member, MemberKind};
use crate::modules::unarchive::source::{Archive, Place};
use crate::stop::{Result, Stop};

const END: [u8; 4] = [b'P', b'K', 5, 6];
const ENTRY: [u8; 4] = [b'P', b'K', 1, 2];

impl Unarchive {
    /// What is in the archive.
    pub(super) fn list_zip(&self, archive: &Archive, host: &dyn Host) -> Result<Vec<Member>> {
        let bytes = match &archive.place {
            Place::Here(blob) => host.fetch(blob)?,
            Place::Host(path) => host.fetch(&host.content(path)?)?,
        };
        let members = directory(&bytes).ok_or_else(|| {
            Stop::failed(format!("can't read `{}`: its directory is broken", archive.shown))
        })?;
        let any = |patterns: &Option<Vec<String>>, path: &str| {
            patterns.iter().flatten().any(|pattern| matches(pattern, path))
        };
        let meant = |member: &Member| {
            !any(&self.exclude, &member.path)
                && (self.include.is_none() || any(&self.include, &member.path))
        };
        Ok(members.into_iter().filter(meant).collect())
    }

    /// The command that unpacks it.
    pub(super) fn unpack_zip(&self, dest: &str) -> Vec<String> {
        let mut words: Vec<String> = vec!["unzip".into(), "-o".into(), "-q".into()];
        words.extend(self.extra_opts.iter().flatten().cloned());
        words.push("%a".into());
        words.extend(self.include.iter().flatten().cloned());
        if let Some(exclude) = &self.exclude {
            words.push("-x".into());
            words.extend(exclude.iter().cloned());
        }
        words.extend(["-d".into(), dest.to_owned()]);
        words
    }
}

/// The entries of the directory at the end of the archive.
fn directory(bytes: &[u8]) -> Option<Vec<Member>> {
    let end = bytes.windows(4).rposition(|window| window == END)?;
    let count = short(bytes, end + 10)?;
    let mut at = long(bytes, end + 16)? as usize;
    let mut members = Vec::new();
    for _ in 0..count {
        if bytes.get(at..at + 4)? != ENTRY {
            return None;
        }
        let made_by = bytes.get(at + 5)?;
        let (crc, size) = (long(bytes, at + 16)?, long(bytes, at + 24)?);
        let (name, extra, comment) =
            (short(bytes, at + 28)?, short(bytes, at + 30)?, short(bytes, at + 32)?);
        let attributes = long(bytes, at + 38)?;
        let start = at + 46;
        let path = String::from_utf8_lossy(bytes.get(start..start + name)?).into_owned();
        let next = start + name + extra + comment;
        // 3 is Unix, whose permission bits stand in the upper half.
        let unix = if *made_by == 3 { attributes >> 16 } else { 0 };
        let is_dir = path.ends_with('/');
        let kind = match unix & 0o170_000 {
            _ if is_dir => MemberKind::Dir,
            0o120_000 => match target(bytes, at) {
                Some(target) => MemberKind::Link(target.into()),
                None => MemberKind::Other,
            },
            _ => MemberKind::File(Some((size.into(), Some(crc)))),
        };
        let mode = match (unix & 0o7777, is_dir) {
            (0, true) => 0o755,
            (0, false) => 0o644,
            (mode, _) => mode,
        };
        let path = path.trim_end_matches('/').trim_start_matches("./").to_owned();
        members.push(Member { path, kind, mode, owner: None, group: None });
        at = next;
    }
    Some(members)
}

/// Where a link leads: the content of the entry of the directory at `at`, where it is stored as it is.
fn target(bytes: &[u8], at: usize) -> Option<String> {
    let (method, size) = (short(bytes, at + 10)?, long(bytes, at + 20)? as usize);
    let local = long(bytes, at + 42)? as usize;
    let start = local + 30 + short(bytes, local + 26)? + short(bytes, local + 28)?;
    let content = bytes.get(start..start + size).filter(|_| method == 0)?;
    Some(String::from_utf8_lossy(content).into_owned())
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The checksum of a file in an archive: CRC-32 as in ISO 3309.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::{crc32, directory};

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn broken_archives_are_none() {
        assert!(directory(b"").is_none());
        assert!(directory(b"PK\x05\x06").is_none());
        let mut end = b"PK\x05\x06".to_vec();
        end.extend([0; 18]);
        assert_eq!(directory(&end).map(|all| all.len()), Some(0));
        end[10] = 9;
        assert!(directory(&end).is_none());
    }
}
