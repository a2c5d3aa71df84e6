//! `get_certificate`: what a server shows.

use std::path::PathBuf;

use crate::args::{Args, Choice};
use crate::base64;
use crate::change::Changes;
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::modules::Module;
use crate::modules::crypto::arguments::Backend;
use crate::modules::crypto::kept::{block, blocks};
use crate::modules::crypto::key::need_openssl;
use crate::modules::crypto::oid::ATTRIBUTES;
use crate::modules::crypto::request::{Issued, parts};
use crate::modules::crypto::times::digits;
use crate::modules::files::absolute;
use crate::stop::{Result, Stop};

/// Asks a server for its certificate. It changes nothing, so it is asked while planning, unless something planned may change the answer.
#[derive(Args)]
#[module(name = "get_certificate", collection = "community.crypto")]
pub(crate) struct GetCertificate {
    /// The server.
    host: String,
    /// Its port.
    port: i64,
    /// The name that the server is asked for; `host` where none is given.
    server_name: Option<String>,
    /// Certificates of authorities, one of which must have signed the server's.
    ca_cert: Option<PathBuf>,
    /// A proxy on the way.
    proxy_host: Option<String>,
    /// Its port.
    #[arg(default = "8080")]
    proxy_port: i64,
    /// How it is asked to speak TLS.
    starttls: Option<Starttls>,
    /// How many seconds it may take.
    #[arg(default = "10")]
    timeout: i64,
    /// Ciphers that are offered.
    ciphers: Option<Vec<String>>,
    /// Options of Python's library. Not done.
    tls_ctx_options: Option<Vec<Data>>,
    /// Return contents of extensions in base64. They always are.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "they always are")]
    asn1_base64: bool,
    /// Return all certificates that the server shows.
    #[arg(default = "no")]
    get_certificate_chain: bool,
    /// Which library does it. It is `openssl` of the host.
    #[arg(default = "auto")]
    #[expect(dead_code, reason = "there is one only")]
    select_crypto_backend: Backend,
}

/// How a server is asked to speak TLS.
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
enum Starttls {
    /// As MySQL is.
    Mysql,
}

/// Names of extensions.
const EXTENSIONS: &[(&str, &str)] = &[
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.18", "issuerAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.30", "nameConstraints"),
    ("2.5.29.31", "crlDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.37", "extendedKeyUsage"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.5.5.7.1.24", "TLSFeature"),
    ("1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestampList"),
];

/// Names of the algorithms of signatures.
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "ed25519"),
    ("1.3.101.113", "ed448"),
];

impl Module for GetCertificate {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        if self.tls_ctx_options.as_ref().is_some_and(|options| !options.is_empty()) {
            return Err(Stop::failed(
                "`tls_ctx_options` are options of Python's library, which converge does not use",
            ));
        }
        need_openssl(host, "get_certificate")?;
        if let Some(why) = host.unsettled() {
            return Err(Stop::Unknown(why));
        }
        let output = host.probe(&self.asking(host))?;
        let (text, told) = (output.text(), output.error_text());
        let shown = blocks(&text, &["CERTIFICATE"]);
        let refused = |why: &str| {
            Stop::failed(format!(
                "Failed to get cert from {}:{}, error: {why}",
                self.host, self.port
            ))
        };
        if self.ca_cert.is_some() && !output.ok() {
            return Err(refused(&verification(&told, &text)));
        }
        let Some(issued) = shown.first().and_then(|bytes| Issued::of(bytes)) else {
            let why = told
                .lines()
                .map(str::trim)
                .find(|line| line.contains("error") || line.contains("errno"));
            let why = match output.rc {
                124 => "it took too long",
                _ => why.unwrap_or("the server shows no certificate"),
            };
            return Err(refused(why));
        };
        self.tell(&issued, &shown, host, changes);
        Ok(())
    }
}

impl GetCertificate {
    fn asking(&self, host: &dyn Host) -> Command {
        let name = self.server_name.as_ref().unwrap_or(&self.host);
        let to = if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        };
        let mut words: Vec<String> = [
            "timeout",
            &self.timeout.max(1).to_string(),
            "openssl",
            "s_client",
            "-connect",
            &to,
            "-showcerts",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
        // An address is no name of a server.
        if name.parse::<std::net::IpAddr>().is_err() {
            add("-servername", name.clone());
        }
        if let Some(path) = &self.ca_cert {
            add("-CAfile", absolute(path, host).display().to_string());
            words.push("-verify_return_error".into());
        }
        let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
        if let Some(proxy) = &self.proxy_host {
            add("-proxy", format!("{proxy}:{}", self.proxy_port));
        }
        if self.starttls.is_some() {
            add("-starttls", "mysql".into());
        }
        if let Some(ciphers) = &self.ciphers {
            add("-cipher", ciphers.join(":"));
        }
        let mut command = Command::new(words).env("LC_ALL", "C");
        command.stdin = Some(Vec::new());
        command
    }

    fn tell(&self, issued: &Issued, shown: &[Vec<u8>], host: &dyn Host, changes: &mut Changes) {
        let text = |bytes: &Vec<u8>| block("CERTIFICATE", bytes);
        changes.set("cert", shown.first().map(text));
        let now = digits(crate::der::seconds(now(host)));
        changes.set("expired", issued.to < now);
        changes.set("not_before", issued.from.as_str());
        changes.set("not_after", issued.to.as_str());
        changes.set("serial_number", issued.number());
        changes.set("subject", named(&issued.asked.subject));
        changes.set("issuer", named(&issued.issuer));
        changes.set("signature_algorithm", known(SIGNATURES, &issued.signature));
        changes.set("version", 2_i64);
        let extensions = issued.asked.extensions.iter().map(|one| {
            let fields: [(String, Data); 3] = [
                ("critical".into(), one.critical.into()),
                ("asn1_data".into(), base64::encode(&one.value).into()),
                ("name".into(), known(EXTENSIONS, &one.id).into()),
            ];
            Data::Map(Map::from_iter(fields))
        });
        changes.set("extensions", extensions.collect::<Vec<Data>>());
        if self.get_certificate_chain {
            let chain: Vec<String> = shown.iter().map(text).collect();
            changes.set("unverified_chain", chain.clone());
            changes.set("verified_chain", self.ca_cert.as_ref().map(|_| chain));
        }
    }
}

fn now(_host: &dyn Host) -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// The parts of a name by their short names.
fn named(name: &[u8]) -> Data {
    let mut map = Map::new();
    for (id, value) in parts(name) {
        let short = ATTRIBUTES
            .iter()
            .find(|(own, _)| *own == id)
            .map_or(id.as_str(), |(_, names)| names[0]);
        map.insert(short.to_owned(), value.into());
    }
    Data::Map(map)
}

fn known(table: &[(&str, &str)], id: &str) -> String {
    table.iter().find(|(own, _)| *own == id).map_or(id, |(_, name)| name).to_owned()
}

/// What `openssl` says of a certificate that it does not accept.
fn verification(told: &str, text: &str) -> String {
    let lines = || told.lines().chain(text.lines()).map(str::trim);
    let error = lines().find_map(|line| line.strip_prefix("verify error:num="));
    match error.and_then(|error| error.split_once(':')) {
        Some((_, why)) => format!("certificate verify failed: {why}"),
        None => lines()
            .find(|line| line.contains("error"))
            .unwrap_or("the connection failed")
            .to_owned(),
    }
}
