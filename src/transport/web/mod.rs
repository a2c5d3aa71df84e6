//! Requests of HTTP made for a host that has no program for them: it says what it wants as `curl` reads it, and gets what `curl`
//! would have written.
//!
//! The connection goes out from the host, through its server of SSH, so that names, routes and firewalls are the host's. HTTP and TLS
//! are spoken here.

mod config;
mod exchange;
mod way;

use converge_host::wire::Ended;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, LOCATION};
use hyper::{Method, Response, StatusCode, Uri};

pub(crate) use way::Way;

use crate::transport::web::config::Config;
use crate::transport::web::exchange::{Exchange, idle};

/// How many redirections are followed.
const REDIRECTIONS: usize = 50;

/// Takes what a request brings.
pub(crate) trait Sink {
    /// Takes the next bytes; says whether anybody wants more.
    async fn take(&self, bytes: &[u8]) -> bool;
}

/// Why a request came to nothing: an exit code of `curl` and words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) i32, pub(super) String);

/// Makes a request, gives what it brings to a sink, and tells how it ended.
pub(crate) async fn fetch(way: &Way, config: &[u8], sink: &impl Sink) -> Ended {
    let config = match Config::read(config) {
        Ok(config) => config,
        Err(Fault(rc, words)) => return ended(rc, String::new(), words),
    };
    let (mut status, mut url) = (0, config.url.to_string());
    let result = run(way, &config, sink, &mut status, &mut url).await;
    let told = config.write_out.replace("%{http_code}", &format!("{status:03}"));
    let told = told.replace("%{url_effective}", &url);
    match result {
        Ok(()) => ended(0, told, String::new()),
        Err(Fault(rc, words)) => ended(rc, told, words),
    }
}

fn ended(rc: i32, told: String, words: String) -> Ended {
    let error = if words.is_empty() { words } else { format!("curl: ({rc}) {words}") };
    Ended { rc, told, error }
}

async fn run(
    way: &Way,
    config: &Config,
    sink: &impl Sink,
    status: &mut u16,
    effective: &mut String,
) -> Result<(), Fault> {
    let mut exchange = Exchange::new(way, config);
    let mut followed = 0;
    let response = loop {
        *effective = exchange.url.to_string();
        let response = exchange.ask().await?;
        *status = response.status().as_u16();
        let Some(next) = redirection(&response, &exchange.url).filter(|_| config.follow) else {
            break response;
        };
        followed += 1;
        if followed > REDIRECTIONS {
            return Err(Fault(47, format!("Maximum ({REDIRECTIONS}) redirects followed")));
        }
        exchange.follow(next?, response.status());
    };
    give(response, config, sink).await
}

/// Where an answer leads.
fn redirection(response: &Response<Incoming>, from: &Uri) -> Option<Result<Uri, Fault>> {
    let leads = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| leads)?;
    let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let next = config::joined(from, &location).and_then(|url| config::web(&url));
    Some(next.map_err(|Fault(rc, words)| {
        Fault(rc, format!("it is redirected to `{location}`: {words}"))
    }))
}

/// Gives the head, where it is wanted, and the content to the sink.
async fn give(
    response: Response<Incoming>,
    config: &Config,
    sink: &impl Sink,
) -> Result<(), Fault> {
    let gone = || Fault(23, "Failure writing output to destination".to_owned());
    let status = response.status();
    if config.fail && status.as_u16() >= 400 {
        return Err(Fault(22, format!("The requested URL returned error: {}", status.as_u16())));
    }
    if config.include && !sink.take(&head(&response)).await {
        return Err(gone());
    }
    let longer = |length: u64| config.limit.is_some_and(|limit| length > limit);
    let length = response.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let too_long = || Fault(63, "Maximum file size exceeded".to_owned());
    if config.method != Method::HEAD && length.is_some_and(longer) {
        return Err(too_long());
    }
    let mut body = response.into_body();
    let mut got = 0;
    loop {
        let frame = idle(config.patience, body.frame()).await?;
        let Some(frame) = frame else { return Ok(()) };
        let frame = frame.map_err(|error| Fault(18, exchange::words(&error)))?;
        let Ok(bytes) = frame.into_data() else { continue };
        got += bytes.len() as u64;
        if longer(got) {
            return Err(too_long());
        }
        if !sink.take(&bytes).await {
            return Err(gone());
        }
    }
}

/// The head as it came, as far as it can be told.
fn head(response: &Response<Incoming>) -> Vec<u8> {
    let status = response.status();
    let reason = response.extensions().get::<hyper::ext::ReasonPhrase>();
    let reason = reason.map_or_else(|| usual(status).as_bytes(), |reason| reason.as_bytes());
    let mut head = format!("HTTP/1.1 {} ", status.as_u16()).into_bytes();
    head.extend_from_slice(reason);
    head.extend_from_slice(b"\r\n");
    for (name, value) in response.headers() {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn usual(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or_default()
}
