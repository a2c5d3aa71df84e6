//! `openssl_csr`: a request for a certificate.

use std::path::PathBuf;

use crate::args::Args;
use crate::change::{Changes, Part};
use crate::data::{Data, Map};
use crate::der::{SEQUENCE, element, unsigned};
use crate::host::Host;
use crate::modules::Module;
use crate::modules::crypto::arguments::{Backend, State};
use crate::modules::crypto::extensions::{self as ext, Extension};
use crate::modules::crypto::kept::Kept;
use crate::modules::crypto::key::{Source, need_openssl};
use crate::modules::crypto::names::{self, Parts};
use crate::modules::crypto::oid;
use crate::modules::crypto::request::{ASKS, Asked, same_extensions, same_name};
use crate::modules::files::Attributes;
use crate::stop::{Result, Stop};

/// Keeps a request for a certificate that says what is asked for, signed by a private key that stays where it is.
#[derive(Args)]
#[module(
    name = "openssl_csr",
    collection = "community.crypto",
    exclusive("create_subject_key_identifier", "subject_key_identifier"),
    exclusive("privatekey_path", "privatekey_content"),
    exclusive("subject", "subject_ordered"),
    together("authority_cert_issuer", "authority_cert_serial_number")
)]
pub(crate) struct OpensslCsr {
    /// The file of the request.
    path: PathBuf,
    /// Whether it shall be there.
    #[arg(default = "present")]
    state: State,
    /// The private key, on the host.
    privatekey_path: Option<PathBuf>,
    /// The private key itself.
    privatekey_content: Option<String>,
    /// The passphrase of the private key.
    privatekey_passphrase: Option<String>,
    /// The digest that is signed.
    #[arg(default = "sha256")]
    digest: String,
    /// The version. There is one only.
    #[arg(default = "1")]
    #[expect(dead_code, reason = "there is one only")]
    version: i64,
    /// Make it anew even where it is right.
    #[arg(default = "no")]
    force: bool,
    /// Keep a copy of the file that is replaced.
    #[arg(default = "no")]
    backup: bool,
    /// Return the request itself.
    #[arg(default = "no")]
    return_content: bool,
    /// Parts of the name, by their short or long names or identifiers.
    subject: Option<Map>,
    /// The same in an order that counts.
    subject_ordered: Option<Vec<Map>>,
    /// The country, in two letters.
    #[arg(alias = "C", alias = "countryName")]
    country_name: Option<String>,
    /// The state or province.
    #[arg(alias = "ST", alias = "stateOrProvinceName")]
    state_or_province_name: Option<String>,
    /// The place.
    #[arg(alias = "L", alias = "localityName")]
    locality_name: Option<String>,
    /// The organization.
    #[arg(alias = "O", alias = "organizationName")]
    organization_name: Option<String>,
    /// Its unit.
    #[arg(alias = "OU", alias = "organizationalUnitName")]
    organizational_unit_name: Option<String>,
    /// The name itself.
    #[arg(alias = "CN", alias = "commonName")]
    common_name: Option<String>,
    /// The address.
    #[arg(alias = "E", alias = "emailAddress")]
    email_address: Option<String>,
    /// Further names: `DNS:example.org`, `IP:10.0.0.1`, `email:a@b`, `URI:http://…`, `RID:1.2.3`, `dirName:CN = x`, `otherName:1.2.3;UTF8:x`.
    #[arg(alias = "subjectAltName")]
    subject_alt_name: Option<Vec<String>>,
    /// Who does not understand them refuses the certificate.
    #[arg(alias = "subjectAltName_critical", default = "no")]
    subject_alt_name_critical: bool,
    /// Take the common name as a further name where there is none.
    #[arg(alias = "useCommonNameForSAN", default = "yes")]
    use_common_name_for_san: bool,
    /// What the key is used for: `digitalSignature`, `keyEncipherment`, …
    #[arg(alias = "keyUsage")]
    key_usage: Option<Vec<String>>,
    /// Who does not understand that refuses the certificate.
    #[arg(alias = "keyUsage_critical", default = "no")]
    key_usage_critical: bool,
    /// Further purposes: `serverAuth`, `clientAuth`, …
    #[arg(alias = "extKeyUsage", alias = "extendedKeyUsage")]
    extended_key_usage: Option<Vec<String>>,
    /// Who does not understand them refuses the certificate.
    #[arg(alias = "extKeyUsage_critical", alias = "extendedKeyUsage_critical", default = "no")]
    extended_key_usage_critical: bool,
    /// Whether it is for an authority: `CA:TRUE`, `pathlen:0`.
    #[arg(alias = "basicConstraints")]
    basic_constraints: Option<Vec<String>>,
    /// Who does not understand that refuses the certificate.
    #[arg(alias = "basicConstraints_critical", default = "no")]
    basic_constraints_critical: bool,
    /// Servers must bring proof that it is not revoked.
    #[arg(alias = "ocspMustStaple", default = "no")]
    ocsp_must_staple: bool,
    /// Who does not understand that refuses the certificate.
    #[arg(alias = "ocspMustStaple_critical", default = "no")]
    ocsp_must_staple_critical: bool,
    /// Names that an authority may sign for.
    name_constraints_permitted: Option<Vec<String>>,
    /// Names that it may not sign for.
    name_constraints_excluded: Option<Vec<String>>,
    /// Who does not understand that refuses the certificate.
    #[arg(default = "no")]
    name_constraints_critical: bool,
    /// Ask for the identifier that is made of the key.
    #[arg(default = "no")]
    create_subject_key_identifier: bool,
    /// The identifier of the key, in hexadecimal digits.
    subject_key_identifier: Option<String>,
    /// The identifier of the authority's key.
    authority_key_identifier: Option<String>,
    /// Who signed the authority's certificate.
    authority_cert_issuer: Option<Vec<String>>,
    /// The number of the authority's certificate.
    authority_cert_serial_number: Option<i64>,
    /// Where lists of revoked certificates are: `full_name`, `relative_name`, `crl_issuer`, `reasons`.
    crl_distribution_points: Option<Vec<Map>>,
    /// Which library does it. It is `openssl` of the host.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    select_crypto_backend: Backend,
    /// Owner, group and mode.
    #[arg(shared)]
    attributes: Attributes,
}

impl Module for OpensslCsr {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        self.told(changes);
        let kept = self.kept();
        if self.state == State::Absent {
            return kept.goes(host, changes);
        }
        need_openssl(host, "openssl_csr")?;
        let wrong = |why: String| Stop::failed(why);
        let subject = names::distinguished(&self.name()?).map_err(wrong)?;
        let source = self.key();
        let why = "a new request";
        let public = match source.public(host) {
            // Its key is only going to be made: so it is made as well, if it is not there.
            Err(Stop::Unknown(reason)) => {
                return match kept.text(host)? {
                    None => kept.write(crate::change::FileKind::Open(reason), None, host, changes),
                    Some(_) => Err(Stop::Unknown(reason)),
                };
            }
            other => other?,
        };
        let mut wanted = self.extensions().map_err(wrong)?;
        let identifier = match &self.subject_key_identifier {
            Some(text) => Some(names::hexadecimal(text).ok_or_else(|| {
                Stop::failed(format!(
                    "`subject_key_identifier`: `{text}` is no list of bytes such as `00:11`"
                ))
            })?),
            None => self.create_subject_key_identifier.then(|| public.identifier()),
        };
        if let Some(bytes) = identifier {
            wanted.push(Extension::new(ext::SUBJECT_KEY, false, element(0x04, &bytes)));
        }
        let there = kept.text(host)?;
        let asked = there.as_deref().and_then(Asked::read);
        let ordered = self.subject_ordered.is_some();
        let right = asked.is_some_and(|asked| {
            asked.key == public.info
                && same_name(&asked.subject, &subject, ordered)
                && same_extensions(&asked.extensions, &wanted)
        });
        if right && !self.force {
            if self.return_content {
                changes.set("csr", there.unwrap_or_default());
            }
            return kept.stays(host, changes);
        }
        let parts = vec![Part::Elements(
            [unsigned(&[]), subject, public.info.clone(), attributes(&wanted)].concat(),
        )];
        let shown = format!("signed by {}", self.key_shown());
        let maker =
            source.signs(&public, &self.digest, ("CERTIFICATE REQUEST", parts, shown), host)?;
        kept.made(maker, why, host, changes)
    }

    fn report(&self, host: &dyn Host, performed: &Map, results: &mut Map) -> Result<()> {
        results.extend(performed.clone());
        if self.return_content && self.state == State::Present {
            results.insert("csr".into(), self.kept().text(host)?.into());
        }
        Ok(())
    }
}

impl OpensslCsr {
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

    fn key_shown(&self) -> String {
        self.privatekey_path
            .as_ref()
            .map_or_else(|| "the key that is given".into(), |path| path.display().to_string())
    }

    /// The parts of the name, in Ansible's order.
    fn name(&self) -> Result<Parts> {
        if let Some(ordered) = &self.subject_ordered {
            let mut parts = Parts::new();
            for one in ordered {
                match (one.len(), one.iter().next()) {
                    (1, Some((kind, value))) => parts.extend(pairs(kind, value)?),
                    _ => {
                        return Err(Stop::failed(
                            "each item of `subject_ordered` has one key and its value",
                        ));
                    }
                }
            }
            return Ok(parts);
        }
        let single = [
            ("C", &self.country_name),
            ("ST", &self.state_or_province_name),
            ("L", &self.locality_name),
            ("O", &self.organization_name),
            ("OU", &self.organizational_unit_name),
            ("CN", &self.common_name),
            ("emailAddress", &self.email_address),
        ];
        let single =
            single.into_iter().filter_map(|(kind, value)| Some((kind.to_owned(), value.clone()?)));
        let mut parts: Parts = single.collect();
        for (kind, value) in self.subject.iter().flatten() {
            parts.extend(pairs(kind, value)?);
        }
        Ok(parts)
    }

    /// The further names, or the common name for want of any.
    fn alternatives(&self) -> Option<Vec<String>> {
        self.subject_alt_name.clone().or_else(|| {
            let (_, name) = self
                .name()
                .ok()?
                .into_iter()
                .find(|(kind, _)| matches!(kind.as_str(), "CN" | "commonName"))?;
            self.use_common_name_for_san.then(|| vec![format!("DNS:{name}")])
        })
    }

    fn extensions(&self) -> Result<Vec<Extension>, String> {
        let mut list = Vec::new();
        let general = |names: &[String]| -> Result<Vec<u8>, String> {
            Ok(names
                .iter()
                .map(|name| names::general(name, false))
                .collect::<Result<Vec<_>, _>>()?
                .concat())
        };
        if let Some(names) = self.alternatives() {
            let value = element(SEQUENCE, &general(&names)?);
            list.push(Extension::new(ext::ALTERNATIVE, self.subject_alt_name_critical, value));
        }
        if let Some(names) = &self.key_usage {
            list.push(Extension::new(ext::KEY_USAGE, self.key_usage_critical, ext::uses(names)?));
        }
        if let Some(names) = &self.extended_key_usage {
            list.push(Extension::new(
                ext::PURPOSE,
                self.extended_key_usage_critical,
                ext::purposes(names)?,
            ));
        }
        if let Some(words) = &self.basic_constraints {
            list.push(Extension::new(
                ext::CONSTRAINTS,
                self.basic_constraints_critical,
                ext::constraints(words)?,
            ));
        }
        if self.ocsp_must_staple {
            let value = element(SEQUENCE, &unsigned(&[5]));
            list.push(Extension::new(ext::MUST_STAPLE, self.ocsp_must_staple_critical, value));
        }
        let limits =
            [(0xa0, &self.name_constraints_permitted), (0xa1, &self.name_constraints_excluded)];
        let mut value = Vec::new();
        for (tag, names) in limits {
            let mut trees = Vec::new();
            for name in names.iter().flatten() {
                trees.extend(element(SEQUENCE, &names::general(name, true)?));
            }
            if !trees.is_empty() {
                value.extend(element(tag, &trees));
            }
        }
        if !value.is_empty() {
            let value = element(SEQUENCE, &value);
            list.push(Extension::new(ext::NAME_CONSTRAINTS, self.name_constraints_critical, value));
        }
        list.extend(self.authority(&general)?);
        if let Some(points) = &self.crl_distribution_points {
            let mut all = Vec::new();
            for one in points {
                all.extend(point(one, &general)?);
            }
            list.push(Extension::new(ext::POINTS, false, element(SEQUENCE, &all)));
        }
        Ok(list)
    }

    fn authority(
        &self,
        general: &dyn Fn(&[String]) -> Result<Vec<u8>, String>,
    ) -> Result<Option<Extension>, String> {
        let mut value = Vec::new();
        if let Some(text) = &self.authority_key_identifier {
            let bytes = names::hexadecimal(text).ok_or_else(|| {
                format!("`authority_key_identifier`: `{text}` is no list of bytes such as `00:11`")
            })?;
            value.extend(element(0x80, &bytes));
        }
        if let (Some(names), Some(number)) =
            (&self.authority_cert_issuer, self.authority_cert_serial_number)
        {
            value.extend(element(0xa1, &general(names)?));
            let mut number = unsigned(&number.to_be_bytes());
            number[0] = 0x82;
            value.extend(number);
        }
        let value = (!value.is_empty()).then(|| element(SEQUENCE, &value));
        Ok(value.map(|value| Extension::new(ext::AUTHORITY_KEY, false, value)))
    }

    /// What is returned however it goes.
    fn told(&self, changes: &mut Changes) {
        let present = self.state == State::Present;
        let list = |names: &Option<Vec<String>>| Data::from(names.clone().filter(|_| present));
        let key = self.privatekey_path.as_ref().filter(|_| present);
        changes.set("privatekey", key.map(|path| path.display().to_string()));
        changes.set("filename", self.path.display().to_string());
        let name = self.name().unwrap_or_default().into_iter().filter(|_| present);
        let name: Vec<Data> = name.map(|(kind, value)| Data::from(vec![kind, value])).collect();
        changes.set("subject", name);
        changes.set("subjectAltName", Data::from(self.alternatives().filter(|_| present)));
        changes.set("keyUsage", list(&self.key_usage));
        changes.set("extendedKeyUsage", list(&self.extended_key_usage));
        changes.set("basicConstraints", list(&self.basic_constraints));
        changes.set("ocspMustStaple", self.ocsp_must_staple && present);
        let limits = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        changes.set("name_constraints_permitted", limits(&self.name_constraints_permitted));
        changes.set("name_constraints_excluded", limits(&self.name_constraints_excluded));
    }
}

/// A part of a name, or several of a kind.
fn pairs(kind: &str, value: &Data) -> Result<Parts> {
    let one = |value: &Data| match value {
        Data::Str(text) => Ok((kind.to_owned(), text.clone())),
        Data::Int(number) => Ok((kind.to_owned(), number.to_string())),
        other => Err(Stop::failed(format!(
            "`{kind}` of the subject takes text, not {}",
            other.type_name()
        ))),
    };
    match value {
        Data::List(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

/// The attributes of a request: that for extensions, if there are any.
fn attributes(wanted: &[Extension]) -> Vec<u8> {
    if wanted.is_empty() {
        return element(0xa0, &[]);
    }
    let id = oid::encode(ASKS).unwrap_or_default();
    let values = element(0x31, &ext::encode(wanted));
    element(0xa0, &element(SEQUENCE, &[id, values].concat()))
}

/// A place where a list of revoked certificates is.
fn point(
    one: &Map,
    general: &dyn Fn(&[String]) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    let texts = |name: &str| -> Option<Vec<String>> {
        let list = one.get(name)?.as_list()?;
        Some(list.iter().filter_map(Data::as_str).map(str::to_owned).collect())
    };
    if let Some(other) = one.keys().find(|key| {
        !["full_name", "relative_name", "crl_issuer", "reasons"].contains(&key.as_str())
    }) {
        return Err(format!(
            "`crl_distribution_points`: `{other}` is none of full_name, relative_name, crl_issuer, reasons"
        ));
    }
    let mut value = Vec::new();
    if let Some(names) = texts("full_name") {
        value.extend(element(0xa0, &element(0xa0, &general(&names)?)));
    } else if let Some(parts) = texts("relative_name") {
        let parts: Option<Parts> = parts
            .iter()
            .map(|part| {
                part.split_once('=')
                    .map(|(kind, value)| (kind.trim().to_owned(), value.trim().to_owned()))
            })
            .collect();
        let name = names::distinguished(&parts.ok_or("`relative_name` has parts such as `CN=x`")?)?;
        // The parts of one set, under a tag of its own.
        let sets = crate::der::read(&name).and_then(|(whole, _)| whole.parts()).unwrap_or_default();
        let set: Vec<u8> = sets.iter().flat_map(|set| set.content.to_vec()).collect();
        value.extend(element(0xa0, &element(0xa1, &set)));
    }
    if let Some(names) = texts("reasons") {
        value.extend(ext::reasons(&names)?);
    }
    if let Some(names) = texts("crl_issuer") {
        value.extend(element(0xa2, &general(&names)?));
    }
    Ok(element(SEQUENCE, &value))
}
