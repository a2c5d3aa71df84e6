//! What the modules that speak HTTP share.
//!
//! TLS and its certificates are those of the host: `curl` is asked, or where it is missing `wget`, or on Debian the program that
//! apt itself downloads with. A library for it would be several times as large as the helper. What they can't do, or where there
//! is none of them, the controller does, over a connection that goes out from the host.

mod controller;
mod curl;
mod fallback;
pub(crate) mod get;
mod response;

use std::path::PathBuf;

use crate::args::Args;
use crate::data::{Data, Map};
use crate::host::{Command, Host};
use crate::stop::{Result, Stop};

pub(crate) use curl::{Body, Part};
pub(crate) use fallback::{Program, is_for_apt, program};
pub(crate) use get::{get, is_url};
pub(crate) use response::Response;

/// How a request is made.
#[derive(Args, Clone, Debug)]
pub(crate) struct Requesting {
    /// Who asks, by name.
    #[arg(alias = "username", alias = "user")]
    pub(crate) url_username: Option<String>,
    /// And their password.
    #[arg(alias = "password")]
    pub(crate) url_password: Option<String>,
    /// Send name and password at once. They always are.
    #[arg(default = "no")]
    #[expect(dead_code, reason = "they always are")]
    pub(crate) force_basic_auth: bool,
    /// Check the certificate of the server.
    #[arg(default = "yes")]
    pub(crate) validate_certs: bool,
    /// Go through the proxy that the environment names.
    #[arg(default = "yes")]
    pub(crate) use_proxy: bool,
    /// What the server is told who asks.
    #[arg(default = "ansible-httpget")]
    pub(crate) http_agent: String,
    /// A file with the certificate that the host shows.
    #[arg(path)]
    pub(crate) client_cert: Option<PathBuf>,
    /// A file with its key.
    #[arg(path)]
    pub(crate) client_key: Option<PathBuf>,
    /// A file with the certificates of authorities that are trusted.
    #[arg(path)]
    pub(crate) ca_path: Option<PathBuf>,
    /// The ciphers that may be used.
    pub(crate) ciphers: Option<Vec<String>>,
    /// Decompress what comes compressed. Nothing does that is not asked for.
    #[arg(default = "yes")]
    #[expect(dead_code, reason = "nothing comes compressed")]
    pub(crate) decompress: bool,
    /// Take names and passwords from `~/.netrc` too.
    #[arg(default = "yes")]
    pub(crate) use_netrc: bool,
    /// Sign in by Kerberos.
    #[arg(default = "no")]
    pub(crate) use_gssapi: bool,
    /// Headers that are not sent on to where a redirection leads. `curl` sends all of them.
    #[expect(dead_code, reason = "`curl` sends all of them")]
    pub(crate) unredirected_headers: Option<Vec<String>>,
    /// Headers of the request.
    pub(crate) headers: Option<Map>,
}

impl Requesting {
    /// Without anything special.
    pub(crate) fn plain(validate_certs: bool) -> Self {
        Self {
            url_username: None,
            url_password: None,
            force_basic_auth: false,
            validate_certs,
            use_proxy: true,
            http_agent: "ansible-httpget".into(),
            client_cert: None,
            client_key: None,
            ca_path: None,
            ciphers: None,
            decompress: true,
            use_netrc: true,
            use_gssapi: false,
            unredirected_headers: None,
            headers: None,
        }
    }
}

/// One request.
pub(crate) struct Request<'r> {
    pub(crate) url: &'r str,
    pub(crate) method: &'r str,
    pub(crate) how: &'r Requesting,
    /// Headers beside those of the arguments.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) follow: bool,
    /// How many seconds nothing may come.
    pub(crate) timeout: i64,
    /// A socket that stands for the server.
    pub(crate) unix_socket: Option<&'r str>,
}

impl Request<'_> {
    /// All headers.
    fn all_headers(&self) -> Vec<(String, String)> {
        let own = self.how.headers.iter().flatten();
        let own = own.map(|(name, value)| (name.clone(), plain(value)));
        let named = |name: &str| {
            let mut given = self.how.headers.iter().flatten();
            given.any(|(own, _)| own.eq_ignore_ascii_case(name))
        };
        let more = self.headers.iter().filter(|(name, _)| !named(name)).cloned();
        own.chain(more).collect()
    }

    /// Asks while planning, for something that only reads. At most `limit` bytes are taken; a content that is longer is left
    /// out.
    pub(crate) fn ask(&self, limit: Option<u64>, host: &dyn Host) -> Result<Response> {
        match program(host)? {
            Program::Curl => {
                let output = host.probe(&curl::to_stdout(self, limit))?;
                Response::of_curl(&output, self.url)
            }
            Program::Wget if self.body.is_none() && matches!(self.method, "GET" | "HEAD") => {
                fallback::ask(self, host)
            }
            _ => {
                let output =
                    host.probe(&controller::instead(curl::to_stdout(self, limit), self, host)?)?;
                Response::of_curl(&output, self.url)
            }
        }
    }

    /// The command that asks and prints everything there is.
    pub(crate) fn command(&self, host: &dyn Host) -> Result<Command> {
        let command = curl::to_stdout(self, None);
        match host.program("curl") {
            Ok(None) => controller::instead(command, self, host),
            _ => Ok(command),
        }
    }

    /// The command that writes what comes to the file `%s`.
    pub(crate) fn download(&self, program: Program, host: &dyn Host) -> Result<Command> {
        match program {
            Program::Curl => Ok(curl::to_file(self)),
            _ => fallback::to_file(self, program)
                .or_else(|_| controller::instead(curl::to_file(self), self, host)),
        }
    }

    /// Why the answer may be another one by the time that is planned for: the server is this host itself, or named by it.
    pub(crate) fn is_here(&self) -> bool {
        let rest = self.url.split_once("://").map_or(self.url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let name = authority.rsplit_once('@').map_or(authority, |(_, name)| name);
        self.unix_socket.is_some()
            || name.starts_with("localhost")
            || name.starts_with("127.")
            || name.starts_with("[::1]")
            || name.starts_with("0.0.0.0")
            || self.url.starts_with("file:")
    }
}

/// A failure for want of `curl`.
pub(crate) fn needs_curl(url: &str) -> Stop {
    Stop::failed(format!(
        "can't ask `{url}` in this way: there is no `curl` on the host; install the package `curl` first"
    ))
}

/// A value as it stands in a header.
fn plain(value: &Data) -> String {
    match value {
        Data::Str(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Bool(true) => "True".into(),
        Data::Bool(false) => "False".into(),
        other => crate::json::dump(other),
    }
}
