//! `x509_certificate`: a certificate, signed by its own key or by an authority's.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::change::{Changes, FileKind, Moment, Part};
use crate::data::{Data, Map};
use crate::der::{SEQUENCE, element, unsigned};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::crypto::arguments::{Backend, State};
use crate::modules::crypto::extensions::{self as ext, Extension};
use crate::modules::crypto::kept::Kept;
use crate::modules::crypto::key::{Public, Source, need_openssl};
use crate::modules::crypto::request::{Asked, Issued, same_extensions, same_name};
use crate::modules::crypto::times::{digits, moment};
use crate::modules::files::Attributes;
use crate::stop::{Result, Stop};

/// Keeps a certificate that says what a request asks for. Keys stay on the host, whose `openssl` signs.
#[derive(Args)]
#[module(
    name = "x509_certificate",
    collection = "community.crypto",
    alias = "openssl_certificate",
    exclusive("csr_path", "csr_content"),
    exclusive("privatekey_path", "privatekey_content"),
    exclusive("ownca_path", "ownca_content"),
    exclusive("ownca_privatekey_path", "ownca_privatekey_content"),
    required_if("state", "present", "provider")
)]
pub(crate) struct X509Certificate {
    /// The file of the certificate.
    path: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// Who signs: the key itself (`selfsigned`) or an authority of one's own (`ownca`). `acme` is for certbot and the like.
    provider: Option<Provider>,
    /// Make it anew even where it is right.
    #[arg(default = "no")]
    force: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Return the certificate itself.
    #[arg(default = "no")]
    return_content: bool,
    /// The request, on the host.
    csr_path: Option<PathBuf>,
    /// The request itself.
    csr_content: Option<String>,
    /// The private key, on the host.
    privatekey_path: Option<PathBuf>,
    /// The private key itself.
    privatekey_content: Option<String>,
    /// The passphrase of the private key.
    privatekey_passphrase: Option<String>,
    /// Leave a certificate alone whose times are others.
    #[arg(default = "yes")]
    ignore_timestamps: bool,
    /// The version. There is one only.
    #[arg(default = "3")]
    #[expect(dead_code, reason = "there is one only")]
    selfsigned_version: i64,
    /// The digest that is signed.
    #[arg(default = "sha256")]
    selfsigned_digest: String,
    /// From when it holds: `+1d`, or `20260101000000Z`.
    #[arg(alias = "selfsigned_notBefore", default = "+0s")]
    selfsigned_not_before: String,
    /// To when it holds.
    #[arg(alias = "selfsigned_notAfter", default = "+3650d")]
    selfsigned_not_after: String,
    /// Whether it has the identifier of its key.
    #[arg(default = "create_if_not_provided")]
    selfsigned_create_subject_key_identifier: Identifier,
    /// The certificate of the authority, on the host.
    ownca_path: Option<PathBuf>,
    /// The certificate of the authority itself.
    ownca_content: Option<String>,
    /// The private key of the authority, on the host.
    ownca_privatekey_path: Option<PathBuf>,
    /// The private key of the authority itself.
    ownca_privatekey_content: Option<String>,
    /// The passphrase of the authority's private key.
    ownca_privatekey_passphrase: Option<String>,
    /// The digest that is signed.
    #[arg(default = "sha256")]
    ownca_digest: String,
    /// The version. There is one only.
    #[arg(default = "3")]
    #[expect(dead_code, reason = "there is one only")]
    ownca_version: i64,
    /// From when it holds.
    #[arg(default = "+0s")]
    ownca_not_before: String,
    /// To when it holds.
    #[arg(default = "+3650d")]
    ownca_not_after: String,
    /// Whether it has the identifier of its key.
    #[arg(default = "create_if_not_provided")]
    ownca_create_subject_key_identifier: Identifier,
    /// Whether it has the identifier of the authority's key.
    #[arg(default = "yes")]
    ownca_create_authority_key_identifier: bool,
    /// An account of an ACME server. Not done.
    #[expect(dead_code, reason = "the provider is refused")]
    acme_accountkey_path: Option<PathBuf>,
    /// Where answers to challenges go. Not done.
    #[expect(dead_code, reason = "the provider is refused")]
    acme_challenge_path: Option<PathBuf>,
    /// Add the chain. Not done.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "the provider is refused")]
    acme_chain: bool,
    /// The ACME server. Not done.
    #[arg(default = "https://acme-v02.api.letsencrypt.org/directory")]
    #[expect(dead_code, reason = "the provider is refused")]
    acme_directory: String,
    /// Which library does it. It is `openssl` of the host.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    select_crypto_backend: Backend,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

/// Who signs.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    /// A server of the ACME protocol.
    Acme,
    /// An authority of one's own.
    Ownca,
    /// The key itself.
    Selfsigned,
}

/// Whether a certificate has the identifier of its key.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Identifier {
    /// That of the request, or else a new one.
    CreateIfNotProvided,
    /// That of the key, whatever the request says.
    AlwaysCreate,
    /// That of the request, or none.
    NeverCreate,
}

/// What a certificate is to be, whoever signs it.
struct Wanted<'w> {
    asked: Asked,
    /// Who signs, as an element.
    issuer: Vec<u8>,
    extensions: Vec<Extension>,
    signer: Source<'w>,
    public: Public,
    digest: &'w str,
    from: &'w str,
    to: &'w str,
}

impl Module for X509Certificate {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.told(changes);
        let kept = self.kept();
        if self.state == State::Absent {
            return kept.goes(host, changes);
        }
        need_openssl(host, "x509_certificate")?;
        let (from, to) = self.times();
        let validity = (moment(from)?, moment(to)?);
        let wanted = match self.wanted(host) {
            // What it is made of is only going to be made: so it is made as well, if it is not there.
            Err(Stop::Unknown(why)) => {
                return match kept.text(host)? {
                    None => kept.write(FileKind::Open(why), None, host, changes),
                    Some(_) => Err(Stop::Unknown(why)),
                };
            }
            other => other?,
        };
        let there = kept.text(host)?;
        let issued = there.as_deref().and_then(Issued::read);
        if let Some(issued) =
            issued.filter(|issued| !self.force && self.right(issued, &wanted, validity))
        {
            set_issued(&issued, |name, value| changes.set(name, value));
            if self.return_content {
                changes.set("certificate", there.unwrap_or_default());
            }
            return kept.stays(host, changes);
        }
        let algorithm = algorithm(&wanted)?;
        let version = element(0xa0, &unsigned(&[2]));
        let parts = vec![
            Part::Elements(version),
            Part::Serial,
            Part::Elements([algorithm, wanted.issuer.clone()].concat()),
            Part::Validity(validity.0, validity.1),
            Part::Elements(
                [
                    wanted.asked.subject.clone(),
                    wanted.asked.key.clone(),
                    listed(&wanted.extensions),
                ]
                .concat(),
            ),
        ];
        let shown = match self.provider {
            Some(Provider::Ownca) => "signed by the authority's key".to_owned(),
            _ => "signed by its own key".to_owned(),
        };
        let what = ("CERTIFICATE", parts, format!("{shown}, until {to}"));
        let maker = wanted.signer.signs(&wanted.public, wanted.digest, what, host)?;
        kept.made(maker, "a new certificate", host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if self.state == State::Absent {
            return Ok(());
        }
        let text = self.kept().text(host)?;
        if let Some(issued) = text.as_deref().and_then(Issued::read) {
            set_issued(&issued, |name, value| {
                results.insert(name.to_owned(), value);
            });
        }
        if self.return_content {
            results.insert("certificate".into(), text.into());
        }
        Ok(())
    }
}

impl X509Certificate {
    fn kept(&self) -> Kept<'_> {
        Kept::of(&self.path, &self.attributes, self.backup)
    }

    fn key(&self) -> Source<'_> {
        Source {
            path: self.privatekey_path.as_deref(),
            content: self.privatekey_content.as_deref(),
            passphrase: self.privatekey_passphrase.as_deref(),
        }
    }

    fn times(&self) -> (&str, &str) {
        match self.provider {
            Some(Provider::Ownca) => (&self.ownca_not_before, &self.ownca_not_after),
            _ => (&self.selfsigned_not_before, &self.selfsigned_not_after),
        }
    }

    fn wanted(&self, host: &dyn Host) -> Result<Wanted<'_>> {
        match self.provider {
            Some(Provider::Selfsigned) => self.selfsigned(host),
            Some(Provider::Ownca) => self.ownca(host),
            Some(Provider::Acme) => Err(Stop::failed(
                "`provider: acme` is not supported; the role `certbot` and `command: certbot certonly …` get certificates of an ACME server",
            )),
            None => Err(Stop::failed("`provider` must be given")),
        }
    }

    /// The request; none where none is given.
    fn request(&self, host: &dyn Host) -> Result<Option<Asked>> {
        let text = match (&self.csr_path, &self.csr_content) {
            (Some(path), _) => read_text(path, "the request", host)?,
            (None, Some(text)) => text.clone(),
            (None, None) => return Ok(None),
        };
        let asked = Asked::read(&text);
        asked
            .map(Some)
            .ok_or_else(|| Stop::failed("what should be a request for a certificate is none"))
    }

    fn selfsigned(&self, host: &dyn Host) -> Result<Wanted<'_>> {
        let signer = self.key();
        let public = signer.public(host)?;
        let asked = self.request(host)?.unwrap_or_else(|| Asked {
            subject: element(SEQUENCE, &[]),
            key: public.info.clone(),
            extensions: Vec::new(),
        });
        if asked.key != public.info {
            return Err(Stop::failed("the request is not signed by the private key that is given"));
        }
        let extensions = identified(&asked, &public, self.selfsigned_create_subject_key_identifier);
        let (digest, (from, to)) = (&self.selfsigned_digest, self.times());
        Ok(Wanted {
            issuer: asked.subject.clone(),
            asked,
            extensions,
            signer,
            public,
            digest,
            from,
            to,
        })
    }

    fn ownca(&self, host: &dyn Host) -> Result<Wanted<'_>> {
        let asked = self.request(host)?;
        let asked = asked.ok_or_else(|| {
            Stop::failed("`provider: ownca` needs a request, `csr_path` or `csr_content`")
        })?;
        let text = match (&self.ownca_path, &self.ownca_content) {
            (Some(path), _) => read_text(path, "the certificate of the authority", host)?,
            (None, Some(text)) => text.clone(),
            (None, None) => {
                return Err(Stop::failed(
                    "`provider: ownca` needs `ownca_path` or `ownca_content`",
                ));
            }
        };
        let authority = Issued::read(&text).ok_or_else(|| {
            Stop::failed("what should be the certificate of the authority is none")
        })?;
        let signer = Source {
            path: self.ownca_privatekey_path.as_deref(),
            content: self.ownca_privatekey_content.as_deref(),
            passphrase: self.ownca_privatekey_passphrase.as_deref(),
        };
        if signer.path.is_none() && signer.content.is_none() {
            return Err(Stop::failed(
                "`provider: ownca` needs `ownca_privatekey_path` or `ownca_privatekey_content`",
            ));
        }
        let public = signer.public(host)?;
        if authority.asked.key != public.info {
            return Err(Stop::failed(
                "the certificate of the authority is not that of its private key",
            ));
        }
        let own = Public::new(&asked.key).ok_or_else(|| {
            Stop::failed("the request has a key of a sort that converge does not know")
        })?;
        let mut extensions = identified(&asked, &own, self.ownca_create_subject_key_identifier);
        if self.ownca_create_authority_key_identifier {
            let named = authority.asked.extensions.iter().find(|one| one.id == ext::SUBJECT_KEY);
            let identifier = named
                .and_then(|one| Some(crate::der::read(&one.value)?.0.content.to_vec()))
                .unwrap_or_else(|| public.identifier());
            let value = element(SEQUENCE, &element(0x80, &identifier));
            extensions.retain(|one| one.id != ext::AUTHORITY_KEY);
            extensions.push(Extension::new(ext::AUTHORITY_KEY, false, value));
        }
        let (digest, (from, to)) = (&self.ownca_digest, self.times());
        Ok(Wanted {
            issuer: authority.asked.subject,
            asked,
            extensions,
            signer,
            public,
            digest,
            from,
            to,
        })
    }

    /// Whether a certificate that is there is what is wanted.
    fn right(&self, issued: &Issued, wanted: &Wanted<'_>, validity: (Moment, Moment)) -> bool {
        issued.asked.key == wanted.asked.key
            && same_name(&issued.asked.subject, &wanted.asked.subject, true)
            && same_name(&issued.issuer, &wanted.issuer, true)
            && same_extensions(&issued.asked.extensions, &wanted.extensions)
            && (self.ignore_timestamps
                || at(&issued.from, validity.0, wanted.from)
                    && at(&issued.to, validity.1, wanted.to))
    }

    /// What is returned however it goes.
    fn told(&self, changes: &mut Changes) {
        let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        changes.set("filename", self.path.display().to_string());
        changes.set("privatekey", shown(&self.privatekey_path));
        changes.set("csr", shown(&self.csr_path));
        if self.provider == Some(Provider::Ownca) && self.state == State::Present {
            changes.set("ca_cert", shown(&self.ownca_path));
            changes.set("ca_privatekey", shown(&self.ownca_privatekey_path));
        }
    }
}

/// Whether a time of a certificate is the one that is asked for. One that counts from now is another each time and is not compared.
fn at(there: &str, wanted: Moment, _written: &str) -> bool {
    match wanted {
        Moment::At(seconds) => there == digits(seconds),
        Moment::In(_) => true,
    }
}

/// The extensions that are asked for, and the identifier of the key.
fn identified(asked: &Asked, public: &Public, how: Identifier) -> Vec<Extension> {
    let mut extensions = asked.extensions.clone();
    let named = extensions.iter().any(|one| one.id == ext::SUBJECT_KEY);
    if how == Identifier::AlwaysCreate || how == Identifier::CreateIfNotProvided && !named {
        extensions.retain(|one| one.id != ext::SUBJECT_KEY);
        extensions.push(Extension::new(
            ext::SUBJECT_KEY,
            false,
            element(0x04, &public.identifier()),
        ));
    }
    extensions
}

fn listed(extensions: &[Extension]) -> Vec<u8> {
    if extensions.is_empty() { Vec::new() } else { element(0xa3, &ext::encode(extensions)) }
}

fn algorithm(wanted: &Wanted<'_>) -> Result<Vec<u8>> {
    wanted.public.signature(wanted.digest)
}

fn read_text(path: &std::path::Path, what: &str, host: &dyn Host) -> Result<String> {
    let path = crate::modules::files::absolute(path, host);
    if !host.exists(&path)? {
        return Err(Stop::failed(format!(
            "there is no `{}`, which should be {what}",
            path.display()
        )));
    }
    let blob = host.content(&path)?;
    Ok(String::from_utf8_lossy(&host.fetch(&blob)?).into_owned())
}

/// What is returned of a certificate.
fn set_issued(issued: &Issued, mut set: impl FnMut(&str, Data)) {
    set("notBefore", issued.from.as_str().into());
    set("notAfter", issued.to.as_str().into());
    set("serial_number", issued.number().into());
}
