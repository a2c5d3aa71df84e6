//! TLS to a server of PostgreSQL, by what libpq calls `sslmode` and `sslrootcert`.
//!
//! See [the manual](https://www.postgresql.org/docs/current/libpq-ssl.html). Certificates of clients are not known here.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use percent_encoding::percent_decode_str;
use postgres::config::SslMode;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use postgres::{Config, Socket};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::rustls::crypto;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::{TlsConnector, client};

use crate::history::database::{Answer, Fault};
use crate::tls::{self, AUTHORITIES, Verifier};

/// What is asked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing: there is no TLS.
    Disable,
    /// Nothing: there is TLS where the server has it.
    Prefer,
    /// Nothing, but there is TLS.
    Require,
    /// Somebody who is trusted signed it.
    VerifyCa,
    /// And it is that of the host which is connected to.
    VerifyFull,
}

/// How a connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    mode: Mode,
    /// The certificates of those who are trusted; `system` is the machine's own.
    roots: Option<PathBuf>,
}

/// Makes connections with TLS.
#[derive(Clone)]
pub(super) struct Maker(TlsConnector);

/// Makes one.
pub(super) struct Connect {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// What travels in it.
pub(super) struct Stream(client::TlsStream<Socket>);

impl Tls {
    /// Takes what is about TLS out of a connection string, and gives the rest.
    pub(super) fn take(text: &str) -> Answer<(String, Self)> {
        let mut tls = Self { mode: Mode::Prefer, roots: None };
        let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let rest = if is_url { tls.take_url(text)? } else { tls.take_words(text)? };
        // As libpq has it: who names an authority wants it to be asked.
        if tls.mode == Mode::Require && tls.roots.is_some() {
            tls.mode = Mode::VerifyCa;
        }
        Ok((rest, tls))
    }

    /// What makes such connections.
    pub(super) fn maker(&self, config: &mut Config) -> Answer<Maker> {
        config.ssl_mode(match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        let provider = Arc::new(crypto::ring::default_provider());
        let verifier = match self.mode {
            Mode::Disable | Mode::Prefer | Mode::Require => Verifier::lenient(provider),
            Mode::VerifyCa | Mode::VerifyFull => {
                let roots = self.trusted()?;
                let names = self.mode == Mode::VerifyFull;
                Verifier::strict(provider, roots, names).map_err(unusable)?
            }
        };
        let config = tls::config(verifier).map_err(unusable)?;
        Ok(Maker(TlsConnector::from(Arc::new(config))))
    }

    fn set(&mut self, name: &str, value: &str) -> Answer<bool> {
        match name {
            "sslmode" => {
                self.mode = match value {
                    "disable" => Mode::Disable,
                    "allow" | "prefer" => Mode::Prefer,
                    "require" => Mode::Require,
                    "verify-ca" => Mode::VerifyCa,
                    "verify-full" => Mode::VerifyFull,
                    other => {
                        return Err(Fault::Unusable(format!(
                            "there is no sslmode `{other}`; there are disable, prefer, require, verify-ca and verify-full"
                        )));
                    }
                }
            }
            "sslrootcert" => {
                self.roots = Some(PathBuf::from(value)).filter(|_| !value.is_empty());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_url(&mut self, url: &str) -> Answer<String> {
        let Some((base, query)) = url.split_once('?') else { return Ok(url.to_owned()) };
        let mut kept = Vec::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !self.set(name, &percent_decode_str(value).decode_utf8_lossy())? {
                kept.push(pair);
            }
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        Ok(format!("{base}{mark}{}", kept.join("&")))
    }

    /// `name=value`, where a value with blanks stands in single quotes.
    fn take_words(&mut self, text: &str) -> Answer<String> {
        let mut kept = Vec::new();
        for word in words(text) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let value = value.trim();
            let value = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
            let value = value.map(|value| value.replace("\\'", "'").replace("\\\\", "\\"));
            let plain = word.split_once('=').map_or("", |(_, value)| value.trim()).to_owned();
            if !self.set(name.trim(), &value.unwrap_or(plain))? {
                kept.push(word);
            }
        }
        Ok(kept.join(" "))
    }

    /// The certificates of those who are trusted.
    fn trusted(&self) -> Answer<Vec<CertificateDer<'static>>> {
        let path = match &self.roots {
            Some(word) if word == Path::new("system") => {
                let bundle = AUTHORITIES.iter().map(PathBuf::from).find(|path| path.exists());
                bundle.ok_or_else(|| {
                    let places = AUTHORITIES.join(", ");
                    Fault::Unusable(format!(
                        "this machine trusts no authority: there is none of {places}"
                    ))
                })?
            }
            Some(path) => path.clone(),
            None => {
                let why = "nobody is trusted to sign its certificate: add `sslrootcert=FILE` (or `system`) beside `sslmode`";
                return Err(Fault::Unusable(why.into()));
            }
        };
        let unread = |error: &dyn std::fmt::Display| {
            Fault::Unusable(format!(
                "`sslrootcert` can't be read from `{}`: {error}",
                path.display()
            ))
        };
        let found: Vec<_> = CertificateDer::pem_file_iter(&path)
            .and_then(Iterator::collect)
            .map_err(|error| unread(&error))?;
        match found.is_empty() {
            true => Err(unread(&"there is no certificate in it")),
            false => Ok(found),
        }
    }
}

/// The words of a connection string, quotes and all.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut from, mut quoted, mut escaped) = (Vec::new(), None, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' => quoted = !quoted,
            _ if letter.is_whitespace() && !quoted => {
                words.extend(from.take().map(|from: usize| &text[from..at]));
                continue;
            }
            _ => {}
        }
        from.get_or_insert(at);
    }
    words.extend(from.map(|from| &text[from..]));
    words
}

fn unusable(error: impl std::fmt::Display) -> Fault {
    Fault::Unusable(error.to_string())
}

impl MakeTlsConnect<Socket> for Maker {
    type Stream = Stream;
    type TlsConnect = Connect;
    type Error = Box<dyn Error + Send + Sync>;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Connect, Self::Error> {
        let name = ServerName::try_from(domain.to_owned())?;
        Ok(Connect { connector: self.0.clone(), name })
    }
}

impl TlsConnect<Socket> for Connect {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, socket).await.map(Stream) })
    }
}

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Tls};
    use crate::history::database::Fault;

    #[track_caller]
    fn check(text: &str, rest: &str, mode: Mode, roots: Option<&str>) {
        let expected = (rest.to_owned(), Tls { mode, roots: roots.map(Into::into) });
        assert_eq!(Tls::take(text), Ok(expected));
    }

    #[test]
    fn what_is_about_tls_is_taken_out() {
        check("postgresql://a@b/c", "postgresql://a@b/c", Mode::Prefer, None);
        check("postgresql://b/c?sslmode=require", "postgresql://b/c", Mode::Require, None);
        check(
            "postgres://b/c?connect_timeout=3&sslmode=verify-full&sslrootcert=/etc/a%20b.crt&x=1",
            "postgres://b/c?connect_timeout=3&x=1",
            Mode::VerifyFull,
            Some("/etc/a b.crt"),
        );
        check(
            "host=b password='a sslmode=x\\' b' sslmode = disable".replace(" = ", "=").as_str(),
            "host=b password='a sslmode=x\\' b'",
            Mode::Disable,
            None,
        );
        check("host=b sslrootcert='/a b' sslmode=require", "host=b", Mode::VerifyCa, Some("/a b"));
        let wrong = Tls::take("host=b sslmode=full").unwrap_err();
        assert!(
            matches!(&wrong, Fault::Unusable(why) if why.contains("no sslmode `full`")),
            "{wrong}"
        );
    }

    #[test]
    fn who_is_trusted_must_be_said() {
        let mut config = postgres::Config::new();
        let (_, tls) = Tls::take("host=b sslmode=verify-full").unwrap();
        let why = tls.maker(&mut config).err().unwrap().to_string();
        assert!(why.contains("sslrootcert=FILE"), "{why}");
        let (_, tls) = Tls::take("host=b sslmode=verify-ca sslrootcert=/no/such/file").unwrap();
        let why = tls.maker(&mut config).err().unwrap().to_string();
        assert!(why.contains("can't be read from `/no/such/file`"), "{why}");
    }
}
