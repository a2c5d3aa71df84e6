//! TLS to servers: whose certificates are believed.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{
    VerifierBuilderError, WebPkiServerVerifier, verify_server_name,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Where machines keep the certificates of authorities that they trust.
pub(crate) const AUTHORITIES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Asks for as much as was wanted, and in any case that the server has the key of its certificate.
#[derive(Debug)]
pub(crate) struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Who is asked about a certificate; nobody where any will do.
    judge: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted.
    roots: Vec<CertificateDer<'static>>,
    /// Whether it must be that of the host.
    names: bool,
}

impl Verifier {
    /// Believes any certificate.
    pub(crate) fn lenient(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, judge: None, roots: Vec::new(), names: false }
    }

    /// Believes what these signed, and with `names` only for the host that it names.
    pub(crate) fn strict(
        provider: Arc<CryptoProvider>,
        roots: Vec<CertificateDer<'static>>,
        names: bool,
    ) -> Result<Self, VerifierBuilderError> {
        let known = Arc::new(store(&roots));
        let judge =
            WebPkiServerVerifier::builder_with_provider(known, Arc::clone(&provider)).build()?;
        Ok(Self { provider, judge: Some(judge), roots, names })
    }
}

/// How connections are made whose certificates this one believes.
pub(crate) fn config(verifier: Verifier) -> Result<ClientConfig, Error> {
    let provider = Arc::clone(&verifier.provider);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// Those who are trusted, as they are asked.
fn store(roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    store
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(judge) = &self.judge else { return Ok(ServerCertVerified::assertion()) };
        // A server that signed for itself is trusted by its own certificate, which as an authority it could not be.
        if self.roots.iter().any(|root| root == certificate) {
            if self.names {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match judge.verify_server_cert(certificate, between, name, stapled, now) {
            // The name is what is looked at last.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.names => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
