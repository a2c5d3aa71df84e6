//! One question to a server and its answer.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use crate::tls::{self, Verifier};
use crate::transport::web::Fault;
use crate::transport::web::config::Config;
use crate::transport::web::way::{Stream, Way};

/// What belongs to whom it was meant for, and to nobody to whom they lead.
const PERSONAL: &[&str] = &["authorization", "cookie"];

/// A question that may lead to others.
pub(super) struct Exchange<'a> {
    way: &'a Way,
    config: &'a Config,
    /// Where it is asked now.
    pub(super) url: Uri,
    method: Method,
    body: Bytes,
    /// Whether the one who is asked now is the one that the secrets are meant for.
    personal: bool,
    /// Who is trusted, once it was needed.
    trusted: Option<(TlsConnector, String)>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(way: &'a Way, config: &'a Config) -> Self {
        let (url, method) = (config.url.clone(), config.method.clone());
        let body = Bytes::from(config.body.clone());
        Self { way, config, url, method, body, personal: true, trusted: None }
    }

    /// Goes where an answer leads.
    pub(super) fn follow(&mut self, url: Uri, status: StatusCode) {
        if (url.scheme(), url.authority()) != (self.url.scheme(), self.url.authority()) {
            self.personal = false;
        }
        let repeats = matches!(status.as_u16(), 307 | 308);
        if !repeats && !matches!(self.method, Method::GET | Method::HEAD) {
            self.method = Method::GET;
            self.body = Bytes::new();
        }
        self.url = url;
    }

    /// Asks.
    pub(super) async fn ask(&mut self) -> Result<Response<Incoming>, Fault> {
        let request = self.request()?;
        let patience = self.config.patience;
        let stream = idle(patience, self.connect()).await??;
        let shaken = http1::Builder::new()
            .title_case_headers(true)
            .handshake::<_, Full<Bytes>>(TokioIo::new(stream));
        let (mut sender, connection) =
            idle(patience, shaken).await?.map_err(|error| Fault(56, words(&error)))?;
        // It ends when the answer was read, or is not wanted any more.
        tokio::spawn(connection);
        let answer = idle(patience, sender.send_request(request)).await?;
        answer.map_err(|error| match error.is_incomplete_message() {
            true => Fault(52, "Empty reply from server".to_owned()),
            false => Fault(56, words(&error)),
        })
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, Fault> {
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.url.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::builder().method(&self.method).uri(path);
        let is_given =
            |name: &str| self.config.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if !self.personal || !is_given("host") {
            request = request.header(HOST, authority);
        }
        let kept = |name: &str| {
            let name = name.to_ascii_lowercase();
            let of_body =
                name == "content-type" && self.body.is_empty() && !self.config.body.is_empty();
            !of_body && (self.personal || name != "host" && !PERSONAL.contains(&name.as_str()))
        };
        for (name, value) in self.config.headers.iter().filter(|(name, _)| kept(name)) {
            request = request.header(name.as_str(), value.as_str());
        }
        if let Some((name, password)) = self.config.user.as_ref().filter(|_| self.personal)
            && !is_given("authorization")
        {
            let basic = STANDARD.encode(format!("{name}:{password}"));
            request = request.header(AUTHORIZATION, format!("Basic {basic}"));
        }
        let request = request.body(Full::new(self.body.clone()));
        request.map_err(|error| Fault(3, format!("it can't be asked like this: {error}")))
    }

    /// A connection to the server, through TLS where the address says so.
    async fn connect(&mut self) -> Result<Box<dyn Stream>, Fault> {
        let is_tls = self.url.scheme_str() == Some("https");
        let host = self.url.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = self.url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = self.way.reach(&host, port).await?;
        if !is_tls {
            return Ok(stream);
        }
        let name = ServerName::try_from(host.clone())
            .map_err(|error| Fault(60, format!("`{host}` is no name of a server: {error}")))?;
        let (connector, trusted) = self.trusted().await?;
        let secured = connector.connect(name, stream).await;
        secured.map(|stream| Box::new(stream) as Box<dyn Stream>).map_err(|error| {
            Fault(60, format!("SSL: {error} (authorities that are trusted: {trusted})"))
        })
    }

    /// What makes connections with TLS, and who is trusted, in words.
    async fn trusted(&mut self) -> Result<(TlsConnector, String), Fault> {
        if let Some(trusted) = &self.trusted {
            return Ok(trusted.clone());
        }
        let provider = Arc::new(ring::default_provider());
        let unusable =
            |why: &dyn std::fmt::Display| Fault(77, format!("certificates of authorities: {why}"));
        let (verifier, named) = if self.config.insecure {
            (Verifier::lenient(provider), "any".to_owned())
        } else {
            let (bytes, named) = match &self.config.authorities {
                Some(path) => {
                    let bytes = self.way.read(path).await;
                    let bytes = bytes.map_err(|why| unusable(&format!("`{path}`: {why}")))?;
                    (bytes, format!("those in {path} of the host"))
                }
                None => self.way.authorities().await,
            };
            let roots = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
            let roots = roots.map_err(|error| unusable(&format!("{named}: {error}")))?;
            let verifier = Verifier::strict(provider, roots, true);
            (verifier.map_err(|error| unusable(&format!("{named}: {error}")))?, named)
        };
        let config = tls::config(verifier).map_err(|error| unusable(&error))?;
        let trusted = (TlsConnector::from(Arc::new(config)), named);
        Ok(self.trusted.insert(trusted).clone())
    }
}

/// Waits as long as nothing may come.
pub(super) async fn idle<T>(patience: Duration, what: impl Future<Output = T>) -> Result<T, Fault> {
    let slow =
        |_| Fault(28, format!("Operation timed out: nothing came for {} s", patience.as_secs()));
    timeout(patience, what).await.map_err(slow)
}

/// An error and what caused it.
pub(super) fn words(error: &hyper::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
