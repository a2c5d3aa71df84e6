//! `openssl_privatekey`: a private key, which is made on the host and stays there.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{Changes, Maker};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look};
use crate::modules::Module;
use crate::modules::crypto::arguments::{Backend, State};
use crate::modules::crypto::kept::Kept;
use crate::modules::crypto::key::{
    Public, Sort, Source, first_error, need_openssl, openssl, passphrase,
};
use crate::modules::crypto::oid::CURVES;
use crate::modules::files::{Attributes, absolute};
use crate::stop::{Result, Stop};

/// Keeps a private key. It is made by the host's `openssl` and never leaves the host, unless its content is asked for.
#[derive(Args)]
#[module(
    name = "openssl_privatekey",
    collection = "community.crypto",
    required_if("type", "ECC", "curve")
)]
pub(crate) struct OpensslPrivatekey {
    /// The file of the key.
    path: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// The bits of an RSA key.
    #[arg(default = "4096")]
    size: i64,
    /// What sort of key it is.
    #[arg(name = "type", default = "RSA")]
    sort: Type,
    /// The curve of an ECC key.
    curve: Option<Curve>,
    /// The passphrase that protects the key.
    passphrase: Option<String>,
    /// How it protects the key. `auto` is AES-256.
    #[arg(default = "auto")]
    cipher: String,
    /// How the key is written; `auto_ignore` leaves one alone that is there.
    #[arg(default = "auto_ignore")]
    format: Format,
    /// What becomes of a key that is written otherwise.
    #[arg(default = "regenerate")]
    format_mismatch: Mismatch,
    /// When a key that is there is replaced by another.
    #[arg(default = "full_idempotence")]
    regenerate: Regenerate,
    /// Replace it whatever it is.
    #[arg(default = "no")]
    force: bool,
    /// Keep a copy of a key that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Return the key itself, which brings it to the controller.
    #[arg(default = "no")]
    return_content: bool,
    /// Which library does it. It is `openssl` of the host.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    select_crypto_backend: Backend,
    /// Owner, group and mode; 0600 where none is given.
    #[arg(shared)]
    attributes: Attributes,
}

/// Sorts of keys.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// DSA, which nobody should use.
    #[choice("DSA")]
    Dsa,
    /// On a curve.
    #[choice("ECC")]
    Ecc,
    /// Ed25519.
    #[choice("Ed25519")]
    Ed25519,
    /// Ed448.
    #[choice("Ed448")]
    Ed448,
    /// RSA.
    #[choice("RSA")]
    Rsa,
    /// X25519, which signs nothing.
    #[choice("X25519")]
    X25519,
    /// X448, which signs nothing.
    #[choice("X448")]
    X448,
}

/// The curves, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Curve(String);

impl crate::args::ArgValue for Curve {
    const KIND: crate::args::Kind =
        crate::args::Kind::Checked(&crate::args::Kind::Str, "the name of a curve", known);

    fn from_data(data: Data) -> Result<Self, String> {
        <String as crate::args::ArgValue>::from_data(data).map(Self)
    }
}

fn known(data: &Data) -> Result<(), String> {
    let name = data.as_str().unwrap_or_default();
    let names = || CURVES.iter().map(|(_, names)| names[0]);
    match names().any(|one| one == name) {
        true => Ok(()),
        false => Err(format!("`{name}`; there are {}", names().collect::<Vec<_>>().join(", "))),
    }
}

/// How a key is written.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// In the older way that is each sort's own.
    Pkcs1,
    /// In the way that is the same for all.
    Pkcs8,
    /// Bytes.
    Raw,
    /// `pkcs1` where there is such a way, else `pkcs8`.
    Auto,
    /// The same for a new key.
    AutoIgnore,
}

/// What becomes of a key that is written otherwise.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Mismatch {
    /// Another key.
    Regenerate,
    /// The same in the other format.
    Convert,
}

/// When a key that is there is replaced.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Regenerate {
    /// Never, and nothing of it is looked at.
    Never,
    /// Never; one that does not fit is a failure.
    Fail,
    /// Where it is of another sort.
    PartialIdempotence,
    /// Where it is of another sort, or the passphrase does not open it.
    FullIdempotence,
    /// Each time.
    Always,
}

impl Module for OpensslPrivatekey {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        changes.set("filename", self.path.display().to_string());
        changes.set("type", self.name());
        changes.set("size", self.size);
        if let (Type::Ecc, Some(Curve(curve))) = (self.sort, &self.curve) {
            changes.set("curve", curve.as_str());
        }
        let kept = self.kept();
        if self.state == State::Absent {
            changes.set("fingerprint", Data::Null);
            return kept.goes(host, changes);
        }
        if self.passphrase.is_some() && self.cipher != "auto" && cipher(&self.cipher).is_none() {
            return Err(Stop::failed(format!(
                "`{}` is no cipher that converge knows, such as `aes256`",
                self.cipher
            )));
        }
        need_openssl(host, "openssl_privatekey")?;
        let subject = kept.subject(host)?;
        match subject.look {
            Look::Absent => return self.generate(host, changes),
            Look::Unknown(why) => return Err(Stop::Unknown(why)),
            Look::Is(_) => {}
        }
        if self.force || self.regenerate == Regenerate::Always {
            return self.generate(host, changes);
        }
        if self.regenerate != Regenerate::Never && self.unfit(host)? {
            return self.generate(host, changes);
        }
        if self.regenerate != Regenerate::Never && self.written_otherwise(host)? {
            if self.format_mismatch == Mismatch::Convert {
                return self.convert(host, changes);
            }
            return match self.regenerate {
                Regenerate::PartialIdempotence | Regenerate::FullIdempotence => {
                    self.generate(host, changes)
                }
                _ => Err(self.refused("it is written in another format")),
            };
        }
        kept.stays(host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if self.state == State::Absent {
            return Ok(());
        }
        results.insert("fingerprint".into(), self.source().public(host)?.fingerprint());
        if self.return_content {
            results.insert("privatekey".into(), self.kept().text(host)?.into());
        }
        Ok(())
    }
}

impl OpensslPrivatekey {
    fn kept(&self) -> Kept<'_> {
        let path = &self.path;
        Kept {
            path,
            attributes: &self.attributes,
            backup: self.backup,
            mode: Some(0o600),
            private: true,
        }
    }

    fn source(&self) -> Source<'_> {
        Source { path: Some(&self.path), content: None, passphrase: self.passphrase.as_deref() }
    }

    fn name(&self) -> &'static str {
        match self.sort {
            Type::Dsa => "DSA",
            Type::Ecc => "ECC",
            Type::Ed25519 => "Ed25519",
            Type::Ed448 => "Ed448",
            Type::Rsa => "RSA",
            Type::X25519 => "X25519",
            Type::X448 => "X448",
        }
    }

    /// Whether the key is another one than is asked for and is to be replaced.
    fn unfit(&self, host: &dyn Host) -> Result<bool> {
        let public = match self.protected(host)? == self.passphrase.is_some() {
            true => self.source().public(host),
            false => Err(Stop::failed("it is protected otherwise")),
        };
        let public = match (public, self.regenerate) {
            (Ok(public), _) => public,
            (Err(Stop::Failed(_)), Regenerate::FullIdempotence) => return Ok(true),
            (Err(Stop::Failed(_)), _) => {
                return Err(self.refused("the passphrase does not open it"));
            }
            (Err(stop), _) => return Err(stop),
        };
        match (self.fits(&public), self.regenerate) {
            (true, _) => Ok(false),
            (false, Regenerate::Fail) => Err(self.refused("it is of another sort or size")),
            (false, _) => Ok(true),
        }
    }

    fn fits(&self, public: &Public) -> bool {
        let curve = self.curve.as_ref().map(|Curve(name)| name);
        public.name() == self.name()
            && match &public.sort {
                Sort::Rsa(bits) => usize::try_from(self.size) == Ok(*bits),
                Sort::Ecc(name) => curve == Some(name),
                Sort::Other(_) => true,
            }
    }

    fn refused(&self, why: &str) -> Stop {
        Stop::failed(format!(
            "the private key `{}` is not replaced, though {why}; `regenerate: full_idempotence` or `force: true` replaces it",
            self.path.display()
        ))
    }

    /// The lines around the key, none of which has any of it.
    fn header(&self, host: &dyn Host) -> Result<String> {
        let path = absolute(&self.path, host).display().to_string();
        let lines = Command::new(["grep", "-E", "-e", "^-----BEGIN |^Proc-Type:", "--", &path]);
        Ok(host.probe(&lines)?.text())
    }

    fn protected(&self, host: &dyn Host) -> Result<bool> {
        Ok(self.header(host)?.contains("ENCRYPTED"))
    }

    /// Whether a key of the older form is asked for.
    fn older(&self) -> bool {
        let has = matches!(self.sort, Type::Rsa | Type::Ecc | Type::Dsa);
        match self.format {
            Format::Pkcs1 => true,
            Format::Auto | Format::AutoIgnore => has,
            Format::Pkcs8 | Format::Raw => false,
        }
    }

    fn written_otherwise(&self, host: &dyn Host) -> Result<bool> {
        if self.format == Format::AutoIgnore {
            return Ok(false);
        }
        let header = self.header(host)?;
        let is_older = !header.contains("BEGIN PRIVATE KEY")
            && !header.contains("BEGIN ENCRYPTED PRIVATE KEY");
        Ok(is_older != self.older())
    }

    fn generate(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let size = self.size.to_string();
        let bits = format!("rsa_keygen_bits:{size}");
        let newer = newer(host)?;
        let curve = self.curve.as_ref().map(|Curve(name)| openssl_name(name)).unwrap_or_default();
        let named = format!("ec_paramgen_curve:{curve}");
        let older = self.older();
        let mut words: Vec<&str> = match self.sort {
            Type::Rsa if older && newer => vec!["genrsa", "-traditional"],
            Type::Rsa if older => vec!["genrsa"],
            Type::Rsa => vec!["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits],
            Type::Ecc if older && self.passphrase.is_none() => {
                vec!["ecparam", "-genkey", "-noout", "-name", curve]
            }
            Type::Ecc => {
                vec![
                    "genpkey",
                    "-algorithm",
                    "EC",
                    "-pkeyopt",
                    &named,
                    "-pkeyopt",
                    "ec_param_enc:named_curve",
                ]
            }
            Type::Dsa => {
                return Err(Stop::failed(
                    "converge makes no DSA keys: nobody accepts them any more",
                ));
            }
            other => vec![
                "genpkey",
                "-algorithm",
                match other {
                    Type::Ed25519 => "ED25519",
                    Type::Ed448 => "ED448",
                    Type::X25519 => "X25519",
                    _ => "X448",
                },
            ],
        };
        if self.format == Format::Raw
            || self.format == Format::Pkcs1 && words[0] == "genpkey" && self.sort != Type::Ecc
        {
            return Err(Stop::failed(format!(
                "converge writes no {} key in that `format`; leave it out, or use `pkcs8`",
                self.name()
            )));
        }
        let given = passphrase();
        let chosen = cipher(&self.cipher).unwrap_or("-aes256");
        if self.passphrase.is_some() {
            let flag = if words[0] == "genpkey" { "-pass" } else { "-passout" };
            words.extend([chosen, flag, given.as_str()]);
        }
        if words[0] == "genrsa" {
            words.push(&size);
        }
        let shown = match (self.sort, &self.curve) {
            (Type::Rsa, _) => format!("RSA, {size} bits"),
            (Type::Ecc, Some(Curve(curve))) => format!("ECC, {curve}"),
            _ => self.name().to_owned(),
        };
        let maker = Maker {
            command: openssl(&words, self.passphrase.as_deref()),
            shown: format!("make a key: {shown}"),
            ..Maker::default()
        };
        self.kept().made(maker, "a new private key", host, changes)
    }

    fn convert(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let (path, given) = (absolute(&self.path, host).display().to_string(), passphrase());
        let mut words = vec!["pkey", "-in", &path, "-passin", &given];
        if self.older() {
            words.push("-traditional");
        }
        if self.passphrase.is_some() {
            words.extend([cipher(&self.cipher).unwrap_or("-aes256"), "-passout", &given]);
        }
        let maker = Maker {
            command: openssl(&words, self.passphrase.as_deref()),
            shown: "write the same key in another format".into(),
            ..Maker::default()
        };
        self.kept().made(maker, "the same key, written otherwise", host, changes)
    }
}

/// Whether the host has OpenSSL 3, which writes the newer form unless it is told otherwise.
fn newer(host: &dyn Host) -> Result<bool> {
    let output = host.probe(&openssl(&["version"], None))?;
    if !output.ok() {
        return Err(Stop::failed(format!(
            "`openssl version` fails: {}",
            first_error(&output.error_text())
        )));
    }
    let text = output.text();
    let major =
        text.strip_prefix("OpenSSL ").and_then(|rest| rest.split('.').next()?.parse::<u32>().ok());
    Ok(major.is_some_and(|major| major >= 3))
}

/// The option of a cipher; none of one that is not known.
fn cipher(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().replace(['-', '_'], "").as_str() {
        "auto" | "aes256" | "aes256cbc" => "-aes256",
        "aes192" | "aes192cbc" => "-aes192",
        "aes128" | "aes128cbc" => "-aes128",
        "des3" | "3des" | "desede3cbc" => "-des3",
        "camellia256" => "-camellia256",
        _ => return None,
    })
}

/// A curve as `openssl` calls it.
fn openssl_name(name: &str) -> &str {
    let known = CURVES.iter().find(|(_, names)| names[0] == name);
    known.and_then(|(_, names)| names.get(1)).copied().unwrap_or(name)
}
