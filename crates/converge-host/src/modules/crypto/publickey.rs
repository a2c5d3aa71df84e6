//! `openssl_publickey`: the half of a private key that everybody may see.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{Changes, FileKind};
use crate::data::{Data, Map};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::crypto::arguments::{Backend, State};
use crate::modules::crypto::kept::{Kept, block, unpem};
use crate::modules::crypto::key::{Public, Source, need_openssl};
use crate::modules::files::Attributes;
use crate::stop::{Result, Stop};

/// Keeps the public key of a private key.
#[derive(Args)]
#[module(
    name = "openssl_publickey",
    collection = "community.crypto",
    exclusive("privatekey_path", "privatekey_content")
)]
pub(crate) struct OpensslPublickey {
    /// The file of the public key.
    path: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// How it is written.
    #[arg(default = "PEM")]
    format: Format,
    /// The private key, on the host.
    privatekey_path: Option<PathBuf>,
    /// The private key itself.
    privatekey_content: Option<String>,
    /// The passphrase of the private key.
    privatekey_passphrase: Option<String>,
    /// Write it even where it is right.
    #[arg(default = "no")]
    force: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Return the key itself.
    #[arg(default = "no")]
    return_content: bool,
    /// Which library does it. It is `openssl` of the host.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    select_crypto_backend: Backend,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

/// How a public key is written.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// As OpenSSH has it in `authorized_keys`.
    #[choice("OpenSSH")]
    Openssh,
    /// As OpenSSL has it.
    #[choice("PEM")]
    Pem,
}

impl Module for OpensslPublickey {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("filename", self.path.display().to_string());
        changes.set("format", if self.format == Format::Pem { "PEM" } else { "OpenSSH" });
        let key = self.privatekey_path.as_ref().filter(|_| self.state == State::Present);
        changes.set("privatekey", key.map(|path| path.display().to_string()));
        let kept = Kept::of(&self.path, &self.attributes, self.backup);
        if self.state == State::Absent {
            changes.set("fingerprint", Map::new());
            return kept.goes(host, changes);
        }
        need_openssl(host, "openssl_publickey")?;
        let source = Source {
            path: self.privatekey_path.as_deref(),
            content: self.privatekey_content.as_deref(),
            passphrase: self.privatekey_passphrase.as_deref(),
        };
        let public = match source.public(host) {
            Err(Stop::Unknown(why)) => {
                return match kept.text(host)? {
                    None => kept.write(FileKind::Open(why), None, host, changes),
                    Some(_) => Err(Stop::Unknown(why)),
                };
            }
            other => other?,
        };
        let wanted = self.written(&public)?;
        let there = kept.text(host)?;
        let right = there.as_deref().is_some_and(|text| self.same(text, &public, &wanted));
        let text = there.filter(|_| right && !self.force).unwrap_or(wanted);
        changes.set("fingerprint", public.fingerprint());
        if self.return_content {
            changes.set("publickey", Data::from(text.as_str()));
        }
        kept.holds(&text, host, changes)
    }
}

impl OpensslPublickey {
    fn written(&self, public: &Public) -> Result<String> {
        match self.format {
            Format::Pem => Ok(block("PUBLIC KEY", &public.info)),
            Format::Openssh => public.openssh().ok_or_else(|| {
                Stop::failed(format!("OpenSSH has no keys of the sort {}", public.name()))
            }),
        }
    }

    /// Whether a text is the key, however its lines are broken or what it is called.
    fn same(&self, text: &str, public: &Public, wanted: &str) -> bool {
        match self.format {
            Format::Pem => unpem(text, &["PUBLIC KEY"]).is_some_and(|info| info == public.info),
            Format::Openssh => {
                let words = |text: &str| {
                    text.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
                };
                words(text) == words(wanted)
            }
        }
    }
}
