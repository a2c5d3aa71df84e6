//! Private keys: read once per run however many hosts use them, and a passphrase is asked for once per key.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::{Error as KeyError, Signature};
use russh::keys::{Certificate, HashAlg, PrivateKey, PublicKey, decode_secret_key};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::redact::Secret;

/// Asks for the passphrase of a key file. The number counts the questions about this key from 1; `None` gives up.
pub type AskPassphrase = dyn Fn(&Path, usize) -> Option<Secret> + Send + Sync;

/// How often a passphrase is asked for, as OpenSSH does.
const ATTEMPTS: usize = 3;

/// The key files of a run.
pub struct KeyRing {
    ask: Option<Arc<AskPassphrase>>,
    files: Mutex<HashMap<PathBuf, Arc<Read>>>,
}

/// A file that is read once.
type Read = OnceCell<Result<Arc<KeyFile>, Absent>>;

/// Why a key file gives no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// There is no such file.
    Missing,
    /// Anything else.
    Unusable(String),
}

/// A private key file.
pub(super) struct KeyFile {
    pub(super) path: PathBuf,
    /// The public half, which encrypted files of OpenSSH's format and `.pub` files give away.
    pub(super) public: Option<PublicKey>,
    /// The certificate beside it: `…-cert.pub`.
    pub(super) certificate: Option<Certificate>,
    text: Option<Zeroizing<String>>,
    opened: OnceCell<Result<Arc<PrivateKey>, String>>,
}

/// Signs with a key file, which is opened when the server has agreed to the key and not before.
pub(super) struct FileSigner<'a> {
    pub(super) ring: &'a KeyRing,
    pub(super) file: &'a KeyFile,
}

/// Why nothing was signed.
#[derive(Debug)]
pub(super) enum SignError {
    /// The key could not be opened.
    Locked(String),
    /// The connection is gone.
    Gone,
}

impl KeyRing {
    /// A ring without keys. Without a way to ask, encrypted keys are of no use.
    pub fn new(ask: Option<Arc<AskPassphrase>>) -> Self {
        Self { ask, files: Mutex::new(HashMap::new()) }
    }

    /// The key in a file.
    pub(super) async fn file(&self, path: &Path) -> Result<Arc<KeyFile>, Absent> {
        let cell = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(path.to_owned()).or_default())
        };
        cell.get_or_init(|| async { KeyFile::read(path).map(Arc::new) }).await.clone()
    }

    /// The private key of a file; asks for its passphrase where it must.
    pub(super) async fn open(&self, file: &KeyFile) -> Result<Arc<PrivateKey>, String> {
        file.opened.get_or_init(|| self.unlock(file)).await.clone()
    }

    async fn unlock(&self, file: &KeyFile) -> Result<Arc<PrivateKey>, String> {
        let name = format!("key `{}`", file.path.display());
        let Some(text) = file.text.clone() else {
            return Err(format!("{name} has no private half"));
        };
        let Some(ask) = self.ask.clone() else {
            return Err(format!(
                "{name} is encrypted and there is nobody to ask for its passphrase"
            ));
        };
        let path = file.path.clone();
        // Both asking and the key derivation, made slow on purpose, would hold up every other connection here.
        let opened = tokio::task::spawn_blocking(move || {
            for attempt in 1..=ATTEMPTS {
                let Some(passphrase) = ask(&path, attempt) else {
                    return Err("is encrypted and no passphrase was given".to_owned());
                };
                match decode_secret_key(&text, Some(passphrase.expose())) {
                    Ok(key) => return Ok(Arc::new(key)),
                    Err(russh::keys::Error::SshKey(KeyError::AlgorithmUnsupported {
                        algorithm,
                    })) => {
                        return Err(format!("is of a kind that is not supported: {algorithm}"));
                    }
                    Err(_) => {}
                }
            }
            Err("could not be opened: the passphrase is wrong".to_owned())
        });
        match opened.await {
            Ok(result) => result.map_err(|why| format!("{name} {why}")),
            Err(error) => Err(format!("{name} could not be opened: {error}")),
        }
    }
}

impl KeyFile {
    fn read(path: &Path) -> Result<Self, Absent> {
        let beside = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            fs::read_to_string(PathBuf::from(name))
        };
        let certificate =
            beside("-cert.pub").ok().and_then(|text| Certificate::from_openssh(text.trim()).ok());
        let public_beside =
            || beside(".pub").ok().and_then(|text| PublicKey::from_openssh(text.trim()).ok());
        let unusable = |why: String| Absent::Unusable(format!("key `{}`: {why}", path.display()));
        let text = match fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Absent::Missing),
            Err(error) => return Err(unusable(error.to_string())),
        };
        let file = |public, opened, text| Self {
            path: path.to_owned(),
            public,
            certificate,
            text,
            opened: OnceCell::new_with(opened),
        };
        // A public key in place of a private one stands for a key that the agent holds.
        if let Ok(public) = PublicKey::from_openssh(text.trim()) {
            return Ok(file(Some(public), None, None));
        }
        if let Ok(key) = PrivateKey::from_openssh(&*text)
            && key.is_encrypted()
        {
            return Ok(file(Some(key.public_key().clone()), None, Some(text)));
        }
        match decode_secret_key(&text, None) {
            Ok(key) => Ok(file(Some(key.public_key().clone()), Some(Ok(Arc::new(key))), None)),
            Err(_) if text.contains("ENCRYPTED") => Ok(file(public_beside(), None, Some(text))),
            Err(error) => {
                Err(unusable(format!("this is not a private key that can be used here ({error})")))
            }
        }
    }

    /// Whether using it asks for a passphrase.
    pub(super) fn is_locked(&self) -> bool {
        !self.opened.initialized()
    }
}

impl russh::Signer for FileSigner<'_> {
    type Error = SignError;

    async fn auth_sign(
        &mut self,
        _identity: &AgentIdentity,
        hash: Option<HashAlg>,
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>, SignError> {
        let key = self.ring.open(self.file).await.map_err(SignError::Locked)?;
        let signature: Signature = match key.key_data() {
            KeypairData::Rsa(pair) => (pair, hash).try_sign(&data),
            other => other.try_sign(&data),
        }
        .map_err(|error| {
            SignError::Locked(format!("key `{}` cannot sign: {error}", self.file.path.display()))
        })?;
        signature.encode_prefixed(&mut data).map_err(|error| {
            SignError::Locked(format!("key `{}` cannot sign: {error}", self.file.path.display()))
        })?;
        Ok(data)
    }
}

impl From<russh::SendError> for SignError {
    fn from(_: russh::SendError) -> Self {
        Self::Gone
    }
}
