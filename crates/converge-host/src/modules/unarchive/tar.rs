//! Archives of `tar`. GNU's reads and unpacks them, as it does for Ansible.

use crate::host::Host;
use crate::modules::unarchive::Unarchive;
use crate::modules::unarchive::compare::{Member, MemberKind};
use crate::modules::unarchive::source::Archive;
use crate::stop::{Result, Stop};

impl Unarchive {
    /// The words that choose what is meant in the archive.
    fn choosing(&self, compression: &str) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        if !compression.is_empty() {
            words.push(compression.to_owned());
        }
        words.extend(self.extra_opts.iter().flatten().cloned());
        words.extend(self.exclude.iter().flatten().map(|pattern| format!("--exclude={pattern}")));
        if self.include.is_some() {
            words.push("--wildcards".into());
        }
        words
    }

    /// What is in the archive.
    pub(super) fn list_tar(
        &self,
        archive: &Archive,
        compression: &str,
        host: &dyn Host,
    ) -> Result<Vec<Member>> {
        let mut words: Vec<String> =
            ["tar", "--list", "--verbose", "--numeric-owner", "--full-time"]
                .into_iter()
                .chain(["--quoting-style=escape", "--show-transformed-names"])
                .map(Into::into)
                .collect();
        words.extend(self.choosing(compression));
        words.extend(["--file".into(), "%a".into(), "--".into()]);
        words.extend(self.include.iter().flatten().cloned());
        let output = host.observe(&archive.reading(words).env("LC_ALL", "C.UTF-8"))?;
        if !output.ok() {
            let told = output.error_text();
            return Err(Stop::failed(format!("can't read `{}`: {}", archive.shown, told.trim())));
        }
        Ok(output.text().lines().filter_map(member).collect())
    }

    /// The command that unpacks it.
    pub(super) fn unpack_tar(&self, compression: &str, dest: &str) -> Vec<String> {
        let mut words: Vec<String> = vec!["tar".into(), "--extract".into(), "--directory".into()];
        words.push(dest.to_owned());
        words.extend(self.choosing(compression));
        if self.keep_newer {
            words.push("--keep-newer-files".into());
        }
        words.extend(["--file".into(), "%a".into(), "--".into()]);
        words.extend(self.include.iter().flatten().cloned());
        words
    }

    /// The command that compares what it has with what is there.
    pub(super) fn diff_tar(&self, compression: &str, dest: &str) -> Vec<String> {
        let mut words: Vec<String> = vec!["tar".into(), "--diff".into(), "--directory".into()];
        words.push(dest.to_owned());
        words.extend(self.choosing(compression));
        words.extend(["--file".into(), "%a".into(), "--".into()]);
        words.extend(self.include.iter().flatten().cloned());
        words
    }
}

/// A line of the list: `-rw-r--r-- 0/0 6 2026-11-25 23:34:02 name`.
fn member(line: &str) -> Option<Member> {
    let mut rest = line;
    let mut word = || {
        rest = rest.trim_start();
        let end = rest.find(' ').unwrap_or(rest.len());
        let (word, more) = rest.split_at(end);
        rest = more;
        word
    };
    let (permissions, owners, size) = (word(), word(), word());
    let (_date, _time) = (word(), word());
    let name = rest.strip_prefix(' ')?;
    let (name, kind) = match permissions.chars().next()? {
        'd' => (name, MemberKind::Dir),
        'l' => {
            let (name, target) = name.split_once(" -> ")?;
            (name, MemberKind::Link(unescaped(target).into()))
        }
        'h' => (name.split_once(" link to ")?.0, MemberKind::File(None)),
        '-' => (name, MemberKind::File(Some((size.parse().ok()?, None)))),
        _ => (name, MemberKind::Other),
    };
    let path = unescaped(name.trim_end_matches('/'));
    let path = path.trim_start_matches("./").trim_start_matches('/').to_owned();
    let (uid, gid) = owners.split_once('/')?;
    let mode = mode(permissions);
    Some(Member { path, kind, mode, owner: uid.parse().ok(), group: gid.parse().ok() })
}

/// The bits that `rwxr-xr-x` stands for.
fn mode(permissions: &str) -> u32 {
    let letters: Vec<char> = permissions.chars().skip(1).collect();
    let mut mode = 0;
    for (place, letter) in letters.iter().take(9).enumerate() {
        let bit = 0o400 >> place;
        let special = 0o4000 >> (place / 3);
        mode |= match letter {
            'r' | 'w' | 'x' => bit,
            's' | 't' => bit | special,
            'S' | 'T' => special,
            _ => 0,
        };
    }
    mode
}

/// A name without the backslashes that `--quoting-style=escape` put in.
fn unescaped(name: &str) -> String {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(digit @ b'0'..=b'7') => {
                let mut value = u32::from(digit - b'0');
                while let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                    value = value * 8 + u32::from(digit - b'0');
                }
                bytes.push(value as u8);
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{member, mode, unescaped};
    use crate::modules::unarchive::compare::MemberKind;

    #[test]
    fn lines_are_read() {
        let read = member("-rwxr-sr-x 10/20         6 2026-11-25 23:34:02 ./a\\ b/c").unwrap();
        assert_eq!((read.path.as_str(), read.mode), ("a b/c", 0o2755));
        assert_eq!((read.owner, read.group), (Some(10), Some(20)));
        assert_eq!(read.kind, MemberKind::File(Some((6, None))));
        let link = member("lrwxrwxrwx 0/0 0 2026-11-25 23:34:02 l -> to").unwrap();
        assert_eq!(link.kind, MemberKind::Link("to".into()));
        let dir = member("drwxr-xr-t 0/0 0 2026-11-25 23:34:02 d/").unwrap();
        assert_eq!((dir.path.as_str(), dir.mode), ("d", 0o1755));
        assert_eq!(mode("-rwSr-xrwT"), 0o5656);
        assert_eq!(unescaped("a\\303\\251\\\\"), "aé\\");
    }
}
