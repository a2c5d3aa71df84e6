//! `openssh_keypair`: a key for OpenSSH and its public half.

use std::path::{Path, PathBuf};

use crate::args::{Args, Choice};
use crate::change::{Changes, FileKind, FileState, Sign, ToolChange};
use crate::data::Map;
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::modules::crypto::arguments::State;
use crate::modules::crypto::kept::Kept;
use crate::modules::crypto::privatekey::Regenerate;
use crate::modules::file::remove;
use crate::modules::files::{Attributes, Subject, absolute};
use crate::modules::known::need;
use crate::stop::{Result, Stop, Why};

/// Keeps a private key for OpenSSH, and its public half in the file beside it that ends in `.pub`. Both are made by the host's
/// `ssh-keygen`.
#[derive(Args)]
#[module(name = "openssh_keypair", collection = "community.crypto")]
pub(crate) struct OpensshKeypair {
    /// The file of the private key.
    path: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// What sort of key it is.
    #[arg(name = "type", default = "rsa")]
    sort: Sort,
    /// How many bits; 4096 of an RSA key and 256 of one on a curve where none are given.
    size: Option<i64>,
    /// What stands behind the public key.
    comment: Option<String>,
    /// A passphrase. Not done: `ssh-keygen` takes one in its arguments only.
    passphrase: Option<String>,
    /// How the private key is written. `auto` is `ssh-keygen`'s own form.
    #[arg(default = "auto")]
    private_key_format: Format,
    /// Which program or library does it. It is `ssh-keygen`.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    backend: Backend,
    /// When a key that is there is replaced by another.
    #[arg(default = "partial_idempotence")]
    regenerate: Regenerate,
    /// Replace it whatever it is.
    #[arg(default = "no")]
    force: bool,
    /// Owner, group and mode of the private key.
    #[arg(shared)]
    attributes: Attributes,
}

/// Sorts of keys.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// RSA.
    Rsa,
    /// DSA, which OpenSSH has given up.
    Dsa,
    /// RSA of the first protocol, which nobody speaks.
    Rsa1,
    /// On a curve.
    Ecdsa,
    /// Ed25519.
    Ed25519,
}

/// How a private key is written.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// As `ssh-keygen` does it.
    Auto,
    /// In the older way.
    Pkcs1,
    /// In the way that is the same for all.
    Pkcs8,
    /// In OpenSSH's own.
    Ssh,
}

/// Programs and libraries of Ansible.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Backend {
    /// Whichever there is.
    Auto,
    /// Python's.
    Cryptography,
    /// The program.
    Opensshbin,
}

/// A key that is there, by what `ssh-keygen` tells of it.
struct There {
    bits: i64,
    sort: String,
    fingerprint: String,
    public: String,
    comment: String,
}

impl Module for OpensshKeypair {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let path = absolute(&self.path, host);
        changes.set("filename", path.display().to_string());
        changes.set("type", self.name());
        changes.set("size", self.bits());
        if self.state == State::Absent {
            for path in [path.clone(), public(&path)] {
                remove(&Subject::at(&path, host)?, host, changes)?;
            }
            return Ok(());
        }
        if self.passphrase.as_ref().is_some_and(|text| !text.is_empty()) {
            return Err(Stop::failed(
                "`passphrase` is not supported: `ssh-keygen` takes it in its arguments, where every user of the host can read it",
            ));
        }
        need(host, "ssh-keygen", "`openssh_keypair`")?;
        let look = host.resolve(&path)?.1;
        match look {
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                return Err(Stop::failed(format!("`{}` is a directory", path.display())));
            }
            Look::Absent => return self.generate(&path, host, changes),
            Look::Is(_) => {}
        }
        if self.force || self.regenerate == Regenerate::Always {
            return self.generate(&path, host, changes);
        }
        let there = self.there(&path, host)?;
        let fits = there
            .as_ref()
            .is_some_and(|there| there.sort == self.name() && there.bits == self.bits());
        match (&there, self.regenerate) {
            (_, Regenerate::Never) => {}
            (None, Regenerate::FullIdempotence) => return self.generate(&path, host, changes),
            (None, _) => {
                return Err(
                    self.refused("can't be read: it is protected by a passphrase, or is no key")
                );
            }
            (Some(_), Regenerate::Fail) if !fits => {
                return Err(self.refused("is of another sort or size"));
            }
            (Some(_), _) if !fits => return self.generate(&path, host, changes),
            _ => {}
        }
        if let Some(there) = there {
            self.keep_public(&path, &there, host, changes)?;
        }
        self.private(&path).stays(host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        results.shift_remove("rc");
        if self.state == State::Absent {
            return Ok(());
        }
        if let Some(there) = self.there(&absolute(&self.path, host), host)? {
            results.insert("fingerprint".into(), there.fingerprint.into());
            results.insert("public_key".into(), there.public.into());
            results.insert("comment".into(), self.comment.clone().unwrap_or(there.comment).into());
        }
        Ok(())
    }
}

impl OpensshKeypair {
    fn name(&self) -> &'static str {
        match self.sort {
            Sort::Rsa | Sort::Rsa1 => "rsa",
            Sort::Dsa => "dsa",
            Sort::Ecdsa => "ecdsa",
            Sort::Ed25519 => "ed25519",
        }
    }

    fn bits(&self) -> i64 {
        match self.sort {
            Sort::Ed25519 => 256,
            Sort::Dsa => 1024,
            Sort::Ecdsa => self.size.unwrap_or(256),
            Sort::Rsa | Sort::Rsa1 => self.size.unwrap_or(4096),
        }
    }

    fn refused(&self, why: &str) -> Stop {
        Stop::failed(format!(
            "the key `{}` {why}, and is not replaced; `force: true` replaces it",
            self.path.display()
        ))
    }

    fn private<'k>(&'k self, path: &'k Path) -> Kept<'k> {
        Kept { path, attributes: &self.attributes, backup: false, mode: Some(0o600), private: true }
    }

    fn generate(&self, path: &Path, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if matches!(self.sort, Sort::Dsa | Sort::Rsa1) {
            return Err(Stop::failed(format!(
                "OpenSSH makes no keys of the sort `{}` any more",
                self.name()
            )));
        }
        Subject::at(path, host)?.need_folder()?;
        for path in [path.to_path_buf(), public(path)] {
            remove(&Subject::at(&path, host)?, host, changes)?;
        }
        let shown = path.display().to_string();
        let bits = self.bits().to_string();
        let comment = self.comment.clone().unwrap_or_default();
        let mut words =
            vec!["ssh-keygen", "-q", "-N", "", "-t", self.name(), "-b", &bits, "-C", &comment];
        match self.private_key_format {
            Format::Pkcs1 => words.extend(["-m", "PEM"]),
            Format::Pkcs8 => words.extend(["-m", "PKCS8"]),
            Format::Auto | Format::Ssh => {}
        }
        words.extend(["-f", &shown]);
        let what = format!("the key {shown} and {shown}.pub");
        let mut change = ToolChange::new(Sign::Create, what, vec![Command::new(words)]);
        change.facts = vec![format!("{}, {bits} bits", self.name())];
        let why = Why("a new key".into());
        for (path, mode) in [(path.to_path_buf(), 0o600), (public(path), 0o644)] {
            let subject = Subject::at(&path, host)?;
            let mut state: FileState = subject.fresh(FileKind::Open(why.clone()))?;
            state.mode = Some(mode & !host.umask() | mode & 0o600);
            if mode == 0o600 {
                self.attributes.onto(&path, &mut state, host)?;
            }
            change.makes.push((path, Some(state)));
        }
        change.tells = true;
        change.unknown = None;
        if let Some(steps) = self.attribute_steps(&shown) {
            change.steps.extend(steps);
        }
        changes.push(crate::change::Change::Tool(change));
        Ok(())
    }

    /// The commands that give the private key its attributes.
    fn attribute_steps(&self, path: &str) -> Option<Vec<Command>> {
        let mut steps = Vec::new();
        let (owner, group) = (&self.attributes.owner, &self.attributes.group);
        if owner.is_some() || group.is_some() {
            let group = group.as_ref().map(|group| format!(":{group}")).unwrap_or_default();
            let both = format!("{}{group}", owner.as_deref().unwrap_or_default());
            steps.push(Command::new(["chown", "--", &both, path]));
        }
        if let Some(mode) = &self.attributes.mode {
            steps.push(Command::new(["chmod", "--", &mode.0, path]));
        }
        (!steps.is_empty()).then_some(steps)
    }

    /// The key that is there; none where it can't be read.
    fn there(&self, path: &Path, host: &dyn Host) -> Result<Option<There>> {
        let shown = path.display().to_string();
        let public = host.probe(&Command::new(["ssh-keygen", "-y", "-P", "", "-f", &shown]))?;
        if !public.ok() {
            return Ok(None);
        }
        let listed = host.probe(&Command::new(["ssh-keygen", "-l", "-f", &shown]))?;
        let (public, listed) = (public.text(), listed.text());
        let mut words = public.trim().splitn(3, ' ');
        let key =
            format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let comment = words.next().unwrap_or_default().to_owned();
        let mut words = listed.split_whitespace();
        let bits = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
        let fingerprint = words.next().unwrap_or_default().to_owned();
        let sort = listed
            .trim()
            .rsplit('(')
            .next()
            .unwrap_or_default()
            .trim_end_matches(')')
            .to_lowercase();
        Ok(Some(There { bits, sort, fingerprint, public: key, comment }))
    }

    /// The public half is the key's, with its comment.
    fn keep_public(
        &self,
        path: &Path,
        there: &There,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        let at = public(path);
        let none = Attributes::default();
        let kept = Kept { path: &at, attributes: &none, backup: false, mode: None, private: false };
        let text = kept.text(host)?;
        let mut words = text.as_deref().unwrap_or_default().trim().splitn(3, ' ');
        let key =
            format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let said = words.next().unwrap_or_default();
        let comment = self.comment.as_deref().unwrap_or(said);
        if key == there.public && comment == said && text.is_some() {
            return Ok(());
        }
        let comment =
            if text.is_none() && self.comment.is_none() { &there.comment } else { comment };
        kept.holds(
            format!("{} {comment}\n", there.public).replace(" \n", "\n").as_str(),
            host,
            changes,
        )
    }
}

/// Where the public half is.
fn public(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}
