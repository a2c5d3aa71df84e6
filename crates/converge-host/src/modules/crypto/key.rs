//! Private keys of the host: they stay there, and the host's own `openssl` answers for them.

use std::path::{Path, PathBuf};

use crate::change::{Maker, Part, Signed};
use crate::checksum::Algorithm;
use crate::data::{Data, Map};
use crate::der::{SEQUENCE, element, read};
use crate::host::{Command, Host, Look};
use crate::modules::crypto::oid;
use crate::modules::files::absolute;
use crate::modules::known::need;
use crate::stop::{Result, Stop};

/// The environment that a passphrase goes by.
const PASSPHRASE: &str = "CONVERGE_KEY_PASSPHRASE";

/// Where a private key is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'k> {
    pub(super) path: Option<&'k Path>,
    pub(super) content: Option<&'k str>,
    pub(super) passphrase: Option<&'k str>,
}

/// The half of a key that everybody may see.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Public {
    /// As certificates have it: the algorithm and the key, one element.
    pub(super) info: Vec<u8>,
    pub(super) sort: Sort,
}

/// What sort of key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// With so many bits.
    Rsa(usize),
    /// On a curve, by its name or identifier.
    Ecc(String),
    /// Any other, by its name.
    Other(&'static str),
}

/// Identifiers of keys that are named by nothing else.
const OTHERS: &[(&str, &str)] = &[
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.2.840.10040.4.1", "DSA"),
];

const RSA: &str = "1.2.840.113549.1.1.1";
const ECC: &str = "1.2.840.10045.2.1";

/// A run of `openssl`, with a passphrase where no other user of the host sees it.
pub(super) fn openssl(words: &[&str], passphrase: Option<&str>) -> Command {
    let command = Command::new(std::iter::once("openssl").chain(words.iter().copied()));
    command.env(PASSPHRASE, passphrase.unwrap_or_default()).env("LC_ALL", "C")
}

/// The word by which `openssl` finds the passphrase.
pub(super) fn passphrase() -> String {
    format!("env:{PASSPHRASE}")
}

/// Fails where the host has no `openssl` and nothing planned may bring it.
pub(super) fn need_openssl(host: &dyn Host, module: &str) -> Result<()> {
    need(host, "openssl", &format!("`{module}`"))
}

impl Source<'_> {
    /// The public half.
    pub(super) fn public(&self, host: &dyn Host) -> Result<Public> {
        let given = passphrase();
        let path;
        let mut command = match (self.path, self.content) {
            (Some(at), _) => {
                path = self.found(at, host)?.display().to_string();
                openssl(
                    &["pkey", "-pubout", "-outform", "DER", "-in", &path, "-passin", &given],
                    self.passphrase,
                )
            }
            (None, Some(_)) => {
                openssl(&["pkey", "-pubout", "-outform", "DER", "-passin", &given], self.passphrase)
            }
            (None, None) => {
                return Err(Stop::failed(
                    "one of `privatekey_path` and `privatekey_content` must be given",
                ));
            }
        };
        command.stdin =
            self.content.filter(|_| self.path.is_none()).map(|text| text.as_bytes().to_vec());
        let output = host.probe(&command)?;
        if !output.ok() {
            return Err(Stop::failed(format!(
                "can't read the private key{}: {}",
                self.path.map(|path| format!(" `{}`", path.display())).unwrap_or_default(),
                first_error(&output.error_text())
            )));
        }
        Public::new(&output.stdout).ok_or_else(|| {
            Stop::failed("what `openssl` prints of the private key is no public key")
        })
    }

    /// The key's file, which must be there.
    fn found(&self, path: &Path, host: &dyn Host) -> Result<PathBuf> {
        let path = absolute(path, host);
        match host.resolve(&path)? {
            (_, Look::Is(_)) => Ok(path),
            (_, Look::Unknown(why)) => Err(Stop::Unknown(why)),
            (_, Look::Absent) => {
                Err(Stop::failed(format!("there is no private key `{}`", path.display())))
            }
        }
    }

    /// What has the key sign something.
    pub(super) fn signs(
        &self,
        public: &Public,
        digest: &str,
        (label, parts, shown): (&str, Vec<Part>, String),
        host: &dyn Host,
    ) -> Result<Maker> {
        let algorithm = public.signature(digest)?;
        let key = match self.path {
            Some(path) => absolute(path, host).display().to_string(),
            None => "%0".to_owned(),
        };
        let given = passphrase();
        let flag = format!("-{}", digest.to_lowercase());
        let command = match public.sort {
            Sort::Other(_) => openssl(
                &["pkeyutl", "-sign", "-rawin", "-inkey", &key, "-in", "%b", "-passin", &given],
                self.passphrase,
            ),
            _ => openssl(&["dgst", &flag, "-sign", &key, "-passin", &given], self.passphrase),
        };
        let inputs = match (self.path, self.content) {
            (None, Some(content)) => vec![content.as_bytes().to_vec()],
            _ => Vec::new(),
        };
        let signed = Signed { label: label.into(), parts, algorithm };
        Ok(Maker { command, shown, inputs, signed: Some(Box::new(signed)), ..Maker::default() })
    }
}

impl Public {
    /// The key that is in an element of a certificate.
    pub(super) fn new(info: &[u8]) -> Option<Self> {
        let (whole, _) = read(info)?;
        let parts = whole.parts()?;
        let [algorithm, bits] = parts.as_slice() else { return None };
        let algorithm = algorithm.parts()?;
        let id = oid::decode(algorithm.first()?.content);
        let sort = match id.as_str() {
            RSA => {
                let (numbers, _) = read(bits.content.get(1..)?)?;
                let modulus = numbers.parts()?.first()?.content;
                let modulus = &modulus[modulus.iter().take_while(|byte| **byte == 0).count()..];
                let spare = modulus.first()?.leading_zeros() as usize;
                Sort::Rsa(modulus.len() * 8 - spare)
            }
            ECC => {
                let curve = oid::decode(algorithm.get(1)?.content);
                let known = oid::CURVES.iter().find(|(id, _)| *id == curve);
                Sort::Ecc(known.map_or(curve, |(_, names)| names[0].to_owned()))
            }
            other => Sort::Other(OTHERS.iter().find(|(id, _)| *id == other)?.1),
        };
        Some(Self { info: whole.whole.to_vec(), sort })
    }

    /// The algorithm of a signature, as an element.
    pub(super) fn signature(&self, digest: &str) -> Result<Vec<u8>> {
        const DIGESTS: [&str; 6] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
        let digest = digest.to_lowercase();
        let at = DIGESTS.iter().position(|one| *one == digest);
        let at = at.ok_or_else(|| {
            Stop::failed(format!("`{digest}` is no digest; there are {}", DIGESTS.join(", ")))
        })?;
        let (id, null) = match (&self.sort, at) {
            (Sort::Rsa(_), _) => {
                (format!("1.2.840.113549.1.1.{}", [4, 5, 14, 11, 12, 13][at]), true)
            }
            (Sort::Ecc(_), 1) => ("1.2.840.10045.4.1".to_owned(), false),
            (Sort::Ecc(_), 2..) => (format!("1.2.840.10045.4.3.{}", at - 1), false),
            (Sort::Other("Ed25519"), _) => ("1.3.101.112".to_owned(), false),
            (Sort::Other("Ed448"), _) => ("1.3.101.113".to_owned(), false),
            _ => return Err(Stop::failed("a key of this sort signs nothing")),
        };
        let mut parts = oid::encode(&id).unwrap_or_default();
        if null {
            parts.extend(element(0x05, &[]));
        }
        Ok(element(SEQUENCE, &parts))
    }

    /// What certificates call the key: SHA-1 of its bits.
    pub(super) fn identifier(&self) -> Vec<u8> {
        let bits =
            read(&self.info).and_then(|(whole, _)| Some(whole.parts()?.get(1)?.content.to_vec()));
        Algorithm::Sha1.raw(bits.unwrap_or_default().get(1..).unwrap_or_default())
    }

    /// The name of the sort, as arguments have it.
    pub(super) fn name(&self) -> &'static str {
        match &self.sort {
            Sort::Rsa(_) => "RSA",
            Sort::Ecc(_) => "ECC",
            Sort::Other(name) => name,
        }
    }

    /// Digests of the key by several algorithms, with colons.
    pub(super) fn fingerprint(&self) -> Data {
        let all = [
            ("md5", Algorithm::Md5),
            ("sha1", Algorithm::Sha1),
            ("sha224", Algorithm::Sha224),
            ("sha256", Algorithm::Sha256),
            ("sha384", Algorithm::Sha384),
            ("sha512", Algorithm::Sha512),
        ];
        let digests = all
            .map(|(name, algorithm)| (name.to_owned(), colons(&algorithm.raw(&self.info)).into()));
        Data::Map(Map::from_iter(digests))
    }

    /// As a line of `authorized_keys`, for the sorts that OpenSSH has.
    pub(super) fn openssh(&self) -> Option<String> {
        let (whole, _) = read(&self.info)?;
        let bits = whole.parts()?.get(1)?.content.get(1..)?.to_vec();
        let text = |bytes: &[u8]| {
            let mut out = (bytes.len() as u32).to_be_bytes().to_vec();
            out.extend(bytes);
            out
        };
        let (name, blob) = match &self.sort {
            Sort::Rsa(_) => {
                let (numbers, _) = read(&bits)?;
                let numbers = numbers.parts()?;
                let [modulus, exponent] = numbers.as_slice() else { return None };
                ("ssh-rsa".to_owned(), [text(exponent.content), text(modulus.content)].concat())
            }
            Sort::Ecc(curve) => {
                let curve = match curve.as_str() {
                    "secp256r1" => "nistp256",
                    "secp384r1" => "nistp384",
                    "secp521r1" => "nistp521",
                    _ => return None,
                };
                (format!("ecdsa-sha2-{curve}"), [text(curve.as_bytes()), text(&bits)].concat())
            }
            Sort::Other("Ed25519") => ("ssh-ed25519".to_owned(), text(&bits)),
            Sort::Other(_) => return None,
        };
        let blob = [text(name.as_bytes()), blob].concat();
        Some(format!("{name} {}", crate::base64::encode(&blob)))
    }
}

/// Bytes in hexadecimal digits, with colons.
pub(super) fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// The line of `openssl` that says what is wrong.
pub(super) fn first_error(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next().unwrap_or("openssl says nothing about it").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Public, Sort, colons};
    use crate::base64;

    const ED: &str = "MCowBQYDK2VwAyEAri6u8EJnnOMaaE4KD2d+MOWdiPGZKlv0TRep3+peLF8=";
    const EC: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEEJtki30pUKUR3i5J1oBkP3MlQ/Z4nfob5iryFGiJii7slkMc7Mp52giT3u2WeLHcHigQSXvJhIFSe6Z1NF15XTjAxi25zxg/DWbOuHUusMWU5Bdi3OaMh1lspBABSM6P";

    #[test]
    fn keys_tell_what_they_are() {
        let public = |text| Public::new(&base64::decode(text).unwrap()).unwrap();
        let (ed, ec) = (public(ED), public(EC));
        assert_eq!((ed.name(), ec.sort.clone()), ("Ed25519", Sort::Ecc("secp384r1".into())));
        // As ansible's modules tell it of the same keys.
        assert_eq!(
            ed.fingerprint().as_map().unwrap()["md5"].as_str(),
            Some("0c:fb:f8:82:48:04:c6:62:a2:d1:62:a4:b3:95:b5:c1")
        );
        assert_eq!(
            colons(&ec.identifier()),
            "f8:a5:03:bf:e9:88:f5:19:2f:9f:68:ea:cb:5d:0f:78:4b:0c:2e:00"
        );
        assert!(ed.openssh().unwrap().starts_with("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"));
        assert!(
            ec.openssh()
                .unwrap()
                .starts_with("ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQ")
        );
        assert!(Public::new(b"none").is_none());
    }
}
