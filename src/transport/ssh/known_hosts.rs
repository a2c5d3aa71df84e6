//! Files of known host keys, read as OpenSSH reads them (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain and hashed names,
//! wildcards and negation, `[host]:port`, `@cert-authority`, `@revoked`.
//!
//! The reader of the SSH library is not used: it knows no patterns and takes revoked keys for good ones.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::transport::ssh::config::pattern;

/// The keys of some files. Lines that cannot be read are passed over, as OpenSSH does.
#[derive(Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
}

/// What the files say about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The host has this key.
    Known,
    /// Nothing is known about the host.
    Unknown,
    /// The host is known by other keys.
    Changed(Place),
    /// The key must not be trusted any more.
    Revoked(Place),
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

#[derive(Debug)]
struct Line {
    place: Place,
    marker: Marker,
    names: Names,
    kind: String,
    blob: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    None,
    Authority,
    Revoked,
}

#[derive(Debug)]
enum Names {
    Patterns(Vec<String>),
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl KnownHosts {
    /// Reads files; one that does not exist is empty.
    pub fn load<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> io::Result<Self> {
        let mut known = Self::default();
        for file in files {
            match fs::read(file) {
                Ok(bytes) => known.parse(file, &String::from_utf8_lossy(&bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(io::Error::new(
                        error.kind(),
                        format!("`{}`: {error}", file.display()),
                    ));
                }
            }
        }
        Ok(known)
    }

    /// Adds the lines of one file.
    pub fn parse(&mut self, file: &Path, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let place = || Place { file: file.to_owned(), line: number + 1 };
            self.lines.extend(parse_line(line, place));
        }
    }

    /// Judges a host's key, given as the bytes of RFC 4253, section 6.6. `name` is as [`name`] makes it.
    pub fn check(&self, name: &str, blob: &[u8]) -> Verdict {
        if let Some(line) = self.find(name, Marker::Revoked).find(|line| line.blob == blob) {
            return Verdict::Revoked(line.place.clone());
        }
        let mut verdict = Verdict::Unknown;
        for line in self.find(name, Marker::None) {
            if line.blob == blob {
                return Verdict::Known;
            }
            if verdict == Verdict::Unknown {
                verdict = Verdict::Changed(line.place.clone());
            }
        }
        verdict
    }

    /// Judges the authority that signed a host's certificate: `Known` or `Unknown`, or `Revoked`.
    pub fn check_authority(&self, name: &str, authority: &[u8]) -> Verdict {
        if let Some(line) = self.find(name, Marker::Revoked).find(|line| line.blob == authority) {
            return Verdict::Revoked(line.place.clone());
        }
        match self.find(name, Marker::Authority).any(|line| line.blob == authority) {
            true => Verdict::Known,
            false => Verdict::Unknown,
        }
    }

    /// Whether certificates of this host can be judged at all.
    pub fn has_authority(&self, name: &str) -> bool {
        self.find(name, Marker::Authority).next().is_some()
    }

    /// The kinds of keys that a host is known by: `ssh-ed25519`, `ssh-rsa`, … Servers are asked for these first, lest a key
    /// of another kind look like a changed one.
    pub fn kinds<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.find(name, Marker::None).map(|line| line.kind.as_str())
    }

    fn find<'a>(&'a self, name: &'a str, marker: Marker) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.marker == marker && line.names.matches(name))
    }
}

/// The name that a host's keys are kept under.
pub fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// A line for a file. `salt` hashes the name.
pub fn line(name: &str, kind: &str, blob: &[u8], salt: Option<[u8; 20]>) -> String {
    let name = match salt {
        Some(salt) => {
            format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash(&salt, name)))
        }
        None => name.to_owned(),
    };
    format!("{name} {kind} {}", STANDARD.encode(blob))
}

/// Adds a line to a file, which is made (0600, its folder 0700) where it is missing.
pub fn append(file: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.exists()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    // A last line without its newline must not swallow ours.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let separator = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{separator}{line}\n").as_bytes())
}

impl Names {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Patterns(patterns) => {
                pattern::list_matches(patterns.iter().map(String::as_str), name)
            }
            Self::Hashed { salt, hash: expected } => hash(salt, name) == *expected,
        }
    }
}

fn hash(salt: &[u8], name: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(salt) else { return Vec::new() };
    mac.update(name.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn parse_line(line: &str, place: impl Fn() -> Place) -> Option<Line> {
    let mut fields = line.split_whitespace().peekable();
    if fields.peek()?.starts_with('#') {
        return None;
    }
    let marker = match fields.next_if(|field| field.starts_with('@')) {
        None => Marker::None,
        Some("@cert-authority") => Marker::Authority,
        Some("@revoked") => Marker::Revoked,
        Some(_) => return None,
    };
    let names = fields.next()?;
    let kind = fields.next()?.to_owned();
    let blob = STANDARD.decode(fields.next()?).ok()?;
    let names = match names.strip_prefix("|1|") {
        Some(hashed) => {
            let (salt, hash) = hashed.split_once('|')?;
            Names::Hashed { salt: STANDARD.decode(salt).ok()?, hash: STANDARD.decode(hash).ok()? }
        }
        None => Names::Patterns(names.split(',').map(str::to_lowercase).collect()),
    };
    Some(Line { place: place(), marker, names, kind, blob })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{KnownHosts, Place, Verdict, append, line, name};

    /// `AAAA` in the files below.
    const KEY: &[u8] = &[0, 0, 0];
    /// `BBBB` in the files below.
    const OTHER: &[u8] = &[4, 16, 65];

    fn known(text: &str) -> KnownHosts {
        let mut known = KnownHosts::default();
        known.parse(Path::new("k"), text);
        known
    }

    fn at(line: usize) -> Place {
        Place { file: PathBuf::from("k"), line }
    }

    fn check(text: &str, name: &str, expected: Verdict) {
        assert_eq!(known(text).check(name, KEY), expected, "{name} in:\n{text}");
    }

    #[test]
    fn plain_names() {
        check("web ssh-ed25519 AAAA comment here", "web", Verdict::Known);
        check("web\tssh-ed25519\tAAAA", "web", Verdict::Known);
        check("Web.Example,10.0.0.1 ssh-ed25519 AAAA", "web.example", Verdict::Known);
        check("web,10.0.0.1 ssh-ed25519 AAAA", "10.0.0.1", Verdict::Known);
        check("web ssh-ed25519 AAAA", "db", Verdict::Unknown);
        check("", "web", Verdict::Unknown);
        check("# web ssh-ed25519 AAAA\n\n", "web", Verdict::Unknown);
    }

    #[test]
    fn ports() {
        check("[web]:2222 ssh-ed25519 AAAA", &name("WEB", 2222), Verdict::Known);
        check("[web]:2222 ssh-ed25519 AAAA", &name("web", 22), Verdict::Unknown);
        check("web ssh-ed25519 AAAA", &name("web", 2222), Verdict::Unknown);
        check("[fd77::1]:2222 ssh-ed25519 AAAA", &name("fd77::1", 2222), Verdict::Known);
        check("[*.example]:22?? ssh-ed25519 AAAA", &name("web.example", 2222), Verdict::Known);
    }

    #[test]
    fn patterns_and_negation() {
        check("*.example,!test.example ssh-ed25519 AAAA", "web.example", Verdict::Known);
        check("*.example,!test.example ssh-ed25519 AAAA", "test.example", Verdict::Unknown);
        check("10.0.0.? ssh-ed25519 AAAA", "10.0.0.7", Verdict::Known);
    }

    #[test]
    fn hashed_names() {
        // Made by `ssh-keygen -H` of the name `web`.
        let text = "|1|EHIkUax/9s1+vTV+oQm4H7UGgyA=|2C5C824k6PcVcoMJBn+nZI75um8= ssh-ed25519 AAAA";
        check(text, "web", Verdict::Known);
        check(text, "we", Verdict::Unknown);
        let salted = line("web", "ssh-ed25519", KEY, Some([7; 20]));
        assert!(salted.starts_with("|1|BwcHBw"), "{salted}");
        check(&salted, "web", Verdict::Known);
        check(&salted, "db", Verdict::Unknown);
    }

    #[test]
    fn a_changed_key_names_its_line() {
        check("# keys\nweb ssh-ed25519 BBBB", "web", Verdict::Changed(at(2)));
        check("web ssh-rsa BBBB", "web", Verdict::Changed(at(1)));
        check("web ssh-ed25519 BBBB\nweb ssh-ed25519 AAAA", "web", Verdict::Known);
    }

    #[test]
    fn revoked_keys_are_never_good() {
        check("web ssh-ed25519 AAAA\n@revoked * ssh-ed25519 AAAA", "web", Verdict::Revoked(at(2)));
        check("@revoked * ssh-ed25519 BBBB\nweb ssh-ed25519 AAAA", "web", Verdict::Known);
        check("@revoked db ssh-ed25519 AAAA\nweb ssh-ed25519 AAAA", "web", Verdict::Known);
    }

    #[test]
    fn authorities_vouch_for_certificates_only() {
        let known =
            known("@cert-authority *.example ssh-ed25519 AAAA\n@revoked * ssh-ed25519 BBBB");
        assert!(known.has_authority("web.example") && !known.has_authority("web"));
        assert_eq!(known.check_authority("web.example", KEY), Verdict::Known);
        assert_eq!(known.check_authority("web", KEY), Verdict::Unknown);
        assert_eq!(known.check_authority("web.example", OTHER), Verdict::Revoked(at(2)));
        assert_eq!(known.check("web.example", KEY), Verdict::Unknown);
    }

    #[test]
    fn lines_that_cannot_be_read_are_passed_over() {
        check(
            "web\nweb ssh-ed25519\nweb ssh-ed25519 ???\n@what web ssh-ed25519 AAAA",
            "web",
            Verdict::Unknown,
        );
        check("|1|x|y ssh-ed25519 AAAA\nweb ssh-ed25519 AAAA", "web", Verdict::Known);
    }

    #[test]
    fn kinds_come_in_the_order_of_the_file() {
        let known = known("web ssh-rsa AAAA\ndb ecdsa-sha2-nistp256 AAAA\nweb ssh-ed25519 AAAA");
        assert_eq!(known.kinds("web").collect::<Vec<_>>(), ["ssh-rsa", "ssh-ed25519"]);
    }

    #[test]
    fn keys_are_added_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/known_hosts");
        append(&file, &line("web", "ssh-ed25519", KEY, None)).unwrap();
        append(&file, &line("[db]:2222", "ssh-ed25519", KEY, Some([1; 20]))).unwrap();
        assert!(fs::read_to_string(&file).unwrap().starts_with("web ssh-ed25519 AAAA\n|1|"));
        fs::write(&file, "unfinished ssh-rsa BBBB").unwrap();
        append(&file, &line("web", "ssh-ed25519", KEY, None)).unwrap();
        let missing = folder.path().join("missing");
        let known = KnownHosts::load([&missing, &file]).unwrap();
        assert_eq!(known.check("web", KEY), Verdict::Known);
        assert_eq!(known.check("unfinished", OTHER), Verdict::Known);
    }
}
