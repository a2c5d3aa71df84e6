//! Starting a helper where there may be none: a shell script that finds it or takes it in, and a listener for what the script
//! says. Used by the controller over SSH, and by a helper to start another one as another user. This file does no I/O.
//!
//! The helper is kept under its digest in a folder that only its user can enter, so a helper that is there is the right one.

use std::fmt::Write;

use crate::blob::Digest;
use crate::wire::MARKER;

/// Login shells may print this much before the script's first word.
const MOST_NOISE: usize = 256 * 1024;

/// A helper that could be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// `x86_64` or `aarch64`.
    pub arch: String,
    /// The digest of the helper.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Its size in bytes by gzip, where it can be sent so.
    pub packed: Option<u64>,
}

/// Listens to the script.
#[derive(Debug)]
pub struct Listener {
    token: String,
    heard: Vec<u8>,
    read: usize,
    /// The folder from which the helper was started; its greeting is all that is waited for then.
    started: Option<String>,
}

/// What the script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A shell waits for the script on its standard input (see [`shell`]).
    Shell,
    /// It waits for the helper on its standard input.
    Need {
        /// `x86_64` or `aarch64`.
        arch: String,
        /// Whether by gzip.
        packed: bool,
    },
    /// The helper runs; these bytes came after its marker.
    Started(Vec<u8>),
    /// The machine is of this kind, for which nothing was offered.
    Arch(String),
    /// The helper did not arrive whole in this folder.
    Failed {
        /// The folder.
        folder: String,
        /// Why.
        why: String,
    },
    /// No folder can hold and run a helper; these are the reasons.
    NoPlace(Vec<String>),
    /// Far too much came before the script's first word.
    Noise,
}

/// The script, as one line without single quotes. `token` must be unlikely in any other output; `skip` are folders in which
/// an earlier try failed.
pub fn script(offers: &[Offer], token: &str, skip: &[String]) -> String {
    let mut cases = String::new();
    for offer in offers {
        let names = match offer.arch.as_str() {
            "x86_64" => "x86_64|amd64",
            "aarch64" => "aarch64|arm64",
            other => other,
        };
        let Offer { arch, digest, size, packed } = offer;
        let (digest, packed) = (digest.hex(), packed.unwrap_or(0));
        // Writing to a string cannot fail.
        let _ = writeln!(cases, "{names}) a={arch}; d={digest}; n={size}; z={packed};;");
    }
    let skip = format!("|{}|", skip.join("|"));
    let text = include_str!("boot.sh")
        .replace("@TOKEN@", token)
        .replace("@OFFERS@\n", &cases)
        .replace("@SKIP@", &skip);
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.collect::<Vec<_>>().join(" ")
}

/// The script as an argument of `exec` over SSH: one line that any login shell passes on to a POSIX shell.
pub fn command(script: &str) -> String {
    format!("exec /bin/sh -c '{script}'")
}

/// A script that says it is there and then takes another from its standard input. It has no `$`, which `sudo -i` lets a login
/// shell expand, and is short enough to be quoted in messages.
pub fn shell(token: &str) -> String {
    format!("echo; echo {token} shell; exec /bin/sh")
}

/// Whether a folder that the script named can be named to it again without harm.
pub fn is_plain(folder: &str) -> bool {
    !folder.is_empty()
        && folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-@+".contains(&byte))
}

impl Listener {
    /// Listens for a token.
    pub fn new(token: &str) -> Self {
        Self { token: token.to_owned(), heard: Vec::new(), read: 0, started: None }
    }

    /// Listens to a helper that is started without the script: for its greeting.
    pub fn started() -> Self {
        Self { started: Some(String::new()), ..Self::new("") }
    }

    /// Takes bytes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
    }

    /// What was said next; `None` where more has to be heard.
    pub fn heard(&mut self) -> Option<Heard> {
        loop {
            let rest = &self.heard[self.read..];
            if self.started.is_some() {
                let at = find(rest, MARKER)?;
                return Some(Heard::Started(rest[at + MARKER.len()..].to_vec()));
            }
            let Some(at) = find(rest, self.token.as_bytes()) else {
                return (rest.len() > MOST_NOISE).then_some(Heard::Noise);
            };
            let line = &rest[at + self.token.len()..];
            let end = line.iter().position(|&byte| byte == b'\n')?;
            let text = String::from_utf8_lossy(&line[..end]).trim().to_owned();
            self.read += at + self.token.len() + end + 1;
            let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
            match word {
                "shell" => return Some(Heard::Shell),
                "have" => self.started = Some(rest.to_owned()),
                "need" => {
                    let mut words = rest.splitn(3, ' ');
                    let arch = words.next().unwrap_or_default().to_owned();
                    return Some(Heard::Need { arch, packed: words.next() == Some("packed") });
                }
                "arch" => return Some(Heard::Arch(rest.to_owned())),
                "fail" => {
                    let (folder, why) = rest.split_once(' ').unwrap_or((rest, ""));
                    return Some(Heard::Failed { folder: folder.to_owned(), why: why.to_owned() });
                }
                "none" => {
                    let reasons = rest.split('|').filter(|reason| !reason.is_empty());
                    return Some(Heard::NoPlace(reasons.map(str::to_owned).collect()));
                }
                _ => {}
            }
        }
    }

    /// The folder from which a helper was started, whether or not it greeted.
    pub fn folder(&self) -> Option<&str> {
        self.started.as_deref()
    }

    /// What was heard and not understood: the words of a login shell that does not let the script run.
    pub fn noise(&self) -> String {
        String::from_utf8_lossy(&self.heard[self.read..]).trim().to_owned()
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::{Heard, Listener, Offer, command, is_plain, script};
    use crate::blob::Digest;
    use crate::wire::MARKER;

    /// A helper that greets and leaves.
    fn helper() -> Vec<u8> {
        b"#!/bin/sh\nprintf '\\000converge\\001\\r\\nhello from %s' \"$0\"\n".to_vec()
    }

    fn offer(bytes: &[u8]) -> Offer {
        let arch = std::env::consts::ARCH.to_owned();
        Offer { arch, digest: Digest::of(bytes), size: bytes.len() as u64, packed: None }
    }

    /// Runs the script with a home and gives what it said, answering a need by `sent`.
    fn run(script: &str, home: &Path, sent: &[u8]) -> (Vec<Heard>, String) {
        let mut child = Command::new("/bin/sh")
            .args(["-c", &command(script)])
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(sent).unwrap();
        let mut output = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
        child.wait().unwrap();
        let mut listener = Listener::new("token-1");
        let mut heard = Vec::new();
        for byte in output {
            listener.feed(&[byte]);
            while !matches!(heard.last(), Some(Heard::Started(_))) {
                let Some(one) = listener.heard() else { break };
                heard.push(one);
            }
        }
        (heard, listener.noise())
    }

    fn need() -> Heard {
        Heard::Need { arch: std::env::consts::ARCH.to_owned(), packed: false }
    }

    #[test]
    fn a_helper_is_taken_in_once() {
        let home = tempfile::tempdir().unwrap();
        let text = script(&[offer(&helper())], "token-1", &[]);
        let (heard, _) = run(&text, home.path(), &helper());
        assert_eq!(heard, [need(), Heard::Started(Vec::new())]);
        let folder = home.path().join(".cache/converge");
        let file = folder.join(Digest::of(&helper()).hex());
        assert_eq!(fs::read(&file).unwrap(), helper());
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left behind");
        let (heard, rest) = run(&text, home.path(), b"");
        assert_eq!(heard, [Heard::Started(Vec::new())]);
        assert!(rest.ends_with(&format!("hello from {}", file.display())), "{rest}");
    }

    #[test]
    fn half_a_helper_is_not_run() {
        let home = tempfile::tempdir().unwrap();
        let text = script(&[offer(&helper())], "token-1", &[]);
        let (heard, _) = run(&text, home.path(), &helper()[..10]);
        let folder = home.path().join(".cache/converge");
        let why = format!("10 of {} bytes arrived:", helper().len());
        assert_eq!(heard, [need(), Heard::Failed { folder: folder.display().to_string(), why }]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let mut other = helper();
        other[12] ^= 1;
        let (heard, _) = run(&text, home.path(), &other);
        assert!(matches!(heard[..], [_, Heard::Failed { .. }]), "a wrong digest: {heard:?}");
    }

    #[test]
    fn a_folder_that_is_skipped_or_foreign_is_not_used() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".cache/converge").display().to_string();
        let text = script(&[offer(&helper())], "token-1", std::slice::from_ref(&folder));
        // The next place is used; it stays empty because the transfer fails.
        let (heard, _) = run(&text, home.path(), b"");
        assert!(
            matches!(&heard[..], [_, Heard::Failed { folder: other, .. }] if *other != folder),
            "{heard:?}"
        );
        let elsewhere = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".cache")).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), home.path().join(".cache/converge")).unwrap();
        let text = script(&[offer(&helper())], "token-1", &[]);
        let (heard, _) = run(&text, home.path(), b"");
        assert!(
            matches!(&heard[..], [_, Heard::Failed { folder: other, .. }] if *other != folder),
            "a link is not followed: {heard:?}"
        );
        if let Some(Heard::Failed { folder, .. }) = heard.last() {
            // Not if it is in use: then it is not empty.
            let _in_use = fs::remove_dir(folder);
        }
    }

    #[test]
    fn another_kind_of_machine_is_named() {
        let home = tempfile::tempdir().unwrap();
        let mut other = offer(&helper());
        other.arch = "vax".to_owned();
        let (heard, _) = run(&script(&[other], "token-1", &[]), home.path(), b"");
        assert_eq!(heard, [Heard::Arch(std::env::consts::ARCH.to_owned())]);
    }

    #[test]
    fn the_script_survives_any_login_shell() {
        let text = script(&[offer(b"x")], "token-1", &["/tmp/converge-1".to_owned()]);
        assert!(!text.contains(['\'', '!', '\n', '@', '#']), "{text}");
        assert!(text.len() < 4096, "{} bytes", text.len());
    }

    #[test]
    fn noise_is_passed_over() {
        let mut listener = Listener::new("token-1");
        listener.feed(b"Welcome!\nyour token-0 \x1b[1mhave fun\x1b[0m\r\n");
        assert_eq!(listener.heard(), None);
        assert!(listener.noise().starts_with("Welcome!"));
        listener.feed(b"\ntoken-1 have /tmp/x\r\nmore noise");
        assert_eq!((listener.heard(), listener.folder()), (None, Some("/tmp/x")));
        listener.feed(MARKER);
        listener.feed(b"rest");
        assert_eq!(listener.heard(), Some(Heard::Started(b"rest".to_vec())));
        let mut listener = Listener::new("token-1");
        listener.feed(&vec![b'x'; 300 * 1024]);
        assert_eq!(listener.heard(), Some(Heard::Noise));
    }

    #[test]
    fn what_the_script_says_is_understood() {
        let mut listener = Listener::new("t");
        listener.feed(b"\nt none |/a: is mounted noexec|/b: cannot be made\n");
        let reasons = vec!["/a: is mounted noexec".to_owned(), "/b: cannot be made".to_owned()];
        assert_eq!(listener.heard(), Some(Heard::NoPlace(reasons)));
        listener.feed(b"\nt shell\n");
        assert_eq!(listener.heard(), Some(Heard::Shell));
        assert!(is_plain("/home/joe/.cache/converge") && !is_plain("/home/j'oe") && !is_plain(""));
    }
}
