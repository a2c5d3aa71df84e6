//! Is the server who it claims to be? The answer is given in the middle of the key exchange, before anything is said that
//! only the right server may hear.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate, EcdsaCurve, HashAlg, PublicKey, PublicKeyOrCertificate};

use crate::transport::error::{HostKeyError, HostKeyKind};
use crate::transport::ssh::config::pattern;
use crate::transport::ssh::config::{HostKeyPolicy, SshEndpoint, Via};
use crate::transport::ssh::known_hosts::{self, KnownHosts, Verdict};

/// New keys are added one after another, so that two connections to one host do not add its key twice.
static ADDING: Mutex<()> = Mutex::new(());

/// What is known about one server before it is connected to.
pub(super) struct Check {
    endpoint: SshEndpoint,
    known: KnownHosts,
    /// `[host]:port` or the alias.
    name: String,
    /// `host` alone, under which a key may also be known.
    plain: Option<String>,
}

/// That a server may be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Fully.
    Yes,
    /// Only because nobody wants to know; its key is not the one it used to have. No password may be sent.
    Blindly,
}

impl Check {
    /// Reads the files of known keys.
    pub(super) fn new(endpoint: &SshEndpoint) -> Result<Self, String> {
        let files = endpoint.host_key.user_files.iter().chain(&endpoint.host_key.global_files);
        let known = KnownHosts::load(files)
            .map_err(|error| format!("cannot read known host keys: {error}"))?;
        let plain = (endpoint.host_key.alias.is_none() && endpoint.port != 22)
            .then(|| endpoint.host.to_lowercase());
        Ok(Self { name: endpoint.key_name(), plain, known, endpoint: endpoint.clone() })
    }

    /// The algorithms to ask for: those of known keys first, since a key of another kind would look like a changed one.
    pub(super) fn order(&self, algorithms: &[Algorithm]) -> Vec<Algorithm> {
        let kinds: Vec<&str> = self.known.kinds(&self.name).collect();
        let is_known = |algorithm: &&Algorithm| match algorithm {
            Algorithm::Rsa { .. } => kinds.contains(&"ssh-rsa"),
            other => kinds.contains(&other.as_str()),
        };
        let (first, rest): (Vec<_>, Vec<_>) = algorithms.iter().partition(is_known);
        first.into_iter().chain(rest).cloned().collect()
    }

    /// The algorithms whose certificates to ask for: none, unless an authority is known that could have signed them.
    pub(super) fn certificates(&self) -> Vec<Algorithm> {
        if !self.known.has_authority(&self.name) {
            return Vec::new();
        }
        vec![
            Algorithm::Ed25519,
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
            Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
            Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
            Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
        ]
    }

    /// Judges what the server showed.
    pub(super) fn judge(&self, shown: &PublicKeyOrCertificate) -> Result<Trust, Box<HostKeyError>> {
        let key = shown.public_key();
        let mut problem = None;
        if let Some(certificate) = shown.certificate() {
            match self.certificate(certificate) {
                Ok(true) => return Ok(Trust::Yes),
                Ok(false) => {}
                Err(kind @ HostKeyKind::Revoked(_)) => return Err(self.error(&key, kind)),
                Err(kind) => problem = Some(kind),
            }
        }
        let blob = key.to_bytes().unwrap_or_default();
        let kind = match self.verdict(&blob) {
            Verdict::Known => return Ok(Trust::Yes),
            Verdict::Unknown => problem.unwrap_or(HostKeyKind::Unknown),
            Verdict::Changed(place) => HostKeyKind::Changed(place),
            Verdict::Revoked(place) => HostKeyKind::Revoked(place),
        };
        match (self.endpoint.host_key.policy, &kind) {
            (_, HostKeyKind::Revoked(_)) => Err(self.error(&key, kind)),
            (HostKeyPolicy::Off, HostKeyKind::Changed(_)) => Ok(Trust::Blindly),
            (HostKeyPolicy::Off, _) => Ok(Trust::Yes),
            (HostKeyPolicy::AcceptNew, HostKeyKind::Unknown) => self.learn(&key, &blob),
            _ => Err(self.error(&key, kind)),
        }
    }

    fn verdict(&self, blob: &[u8]) -> Verdict {
        match (self.known.check(&self.name, blob), &self.plain) {
            // As OpenSSH: a key that is known for the host without a port is good, and says nothing if it is another.
            (Verdict::Unknown, Some(plain)) => match self.known.check(plain, blob) {
                Verdict::Changed(_) => Verdict::Unknown,
                other => other,
            },
            (verdict, _) => verdict,
        }
    }

    /// Whether a known authority vouches for the certificate; an error says why its word does not count.
    fn certificate(&self, certificate: &Certificate) -> Result<bool, HostKeyKind> {
        let invalid = |why: &str| Err(HostKeyKind::Certificate(why.to_owned()));
        let authority = PublicKey::new(certificate.signature_key().clone(), "");
        let blob = authority.to_bytes().unwrap_or_default();
        match self.known.check_authority(&self.name, &blob) {
            Verdict::Known => {}
            Verdict::Revoked(place) => return Err(HostKeyKind::Revoked(place)),
            Verdict::Unknown | Verdict::Changed(_) => return Ok(false),
        }
        let key =
            PublicKey::new(certificate.public_key().clone(), "").to_bytes().unwrap_or_default();
        if let Verdict::Revoked(place) = self.known.check(&self.name, &key) {
            return Err(HostKeyKind::Revoked(place));
        }
        if certificate.cert_type() != CertType::Host {
            return invalid("it is a user's certificate");
        }
        let host =
            self.endpoint.host_key.alias.as_ref().unwrap_or(&self.endpoint.host).to_lowercase();
        let principals = certificate.valid_principals();
        if !principals.is_empty()
            && !principals.iter().any(|one| pattern::matches(&one.to_lowercase(), &host))
        {
            return invalid(&format!("it is for {}", principals.join(", ")));
        }
        if certificate.critical_options().iter().next().is_some() {
            return invalid("it has critical options that are not known here");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        match certificate.validate_at(now, [&authority.fingerprint(HashAlg::Sha256)]) {
            Ok(()) => Ok(true),
            Err(_) if now >= certificate.valid_before() => invalid("it has expired"),
            Err(_) if now < certificate.valid_after() => invalid("it is not valid yet"),
            Err(error) => invalid(&error.to_string()),
        }
    }

    /// Adds a key to the user's file.
    fn learn(&self, key: &PublicKey, blob: &[u8]) -> Result<Trust, Box<HostKeyError>> {
        let _one_at_a_time = ADDING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = self.file() else { return Ok(Trust::Yes) };
        let now_known = KnownHosts::load([&file]).unwrap_or_default();
        match now_known.check(&self.name, blob) {
            Verdict::Known => Ok(Trust::Yes),
            Verdict::Unknown => {
                let added = known_hosts::append(&file, &self.line(key, blob));
                if let Err(error) = added {
                    tracing::warn!(
                        "cannot add the host key of {} to {}: {error}",
                        self.name,
                        file.display()
                    );
                }
                Ok(Trust::Yes)
            }
            Verdict::Changed(place) => Err(self.error(key, HostKeyKind::Changed(place))),
            Verdict::Revoked(place) => Err(self.error(key, HostKeyKind::Revoked(place))),
        }
    }

    fn file(&self) -> Option<PathBuf> {
        self.endpoint.host_key.user_files.first().cloned()
    }

    fn line(&self, key: &PublicKey, blob: &[u8]) -> String {
        let salt = self.endpoint.host_key.hash.then(rand::random);
        known_hosts::line(&self.name, key.algorithm().as_str(), blob, salt)
    }

    fn error(&self, key: &PublicKey, kind: HostKeyKind) -> Box<HostKeyError> {
        let endpoint = &self.endpoint;
        let kind_of_key = key.algorithm().as_str().to_owned();
        let fetches = matches!(endpoint.via, Via::Direct) && endpoint.host_key.alias.is_none();
        let command = match (fetches, self.file()) {
            (true, Some(file)) => {
                let port = if endpoint.port == 22 {
                    String::new()
                } else {
                    format!("-p {} ", endpoint.port)
                };
                format!("ssh-keyscan {port}{} >> {}", endpoint.host, file.display())
            }
            _ => {
                let port = if endpoint.port == 22 {
                    String::new()
                } else {
                    format!("-p {} ", endpoint.port)
                };
                format!("ssh {port}{}@{} true", endpoint.user, endpoint.host)
            }
        };
        Box::new(HostKeyError {
            host: endpoint.name.clone(),
            address: endpoint.address(),
            kind,
            algorithm: kind_of_key,
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            line: self.line(key, &key.to_bytes().unwrap_or_default()),
            file: self.file(),
            command,
        })
    }
}
