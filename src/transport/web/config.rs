//! What is asked, in the format of `curl --config`: only what this project writes, and only what needs no file of this machine.

use std::time::Duration;

use hyper::{Method, Uri};
use percent_encoding::percent_decode_str;

use crate::transport::web::Fault;

/// A request.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) url: Uri,
    pub(super) method: Method,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// A name and a password.
    pub(super) user: Option<(String, String)>,
    /// How long nothing may come.
    pub(super) patience: Duration,
    /// A file of the host that names the authorities.
    pub(super) authorities: Option<String>,
    /// Whether any certificate will do.
    pub(super) insecure: bool,
    pub(super) follow: bool,
    /// Whether the head is wanted, too.
    pub(super) include: bool,
    /// Whether a status of failure is a failure.
    pub(super) fail: bool,
    /// The longest content that is taken.
    pub(super) limit: Option<u64>,
    pub(super) write_out: String,
}

impl Config {
    /// Reads it; a fault where it asks for something else.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let text = String::from_utf8_lossy(bytes);
        let mut config = Self {
            url: Uri::default(),
            method: Method::GET,
            headers: vec![("Accept".to_owned(), "*/*".to_owned())],
            body: Vec::new(),
            user: None,
            patience: Duration::from_secs(30),
            authorities: None,
            insecure: false,
            follow: false,
            include: false,
            fail: false,
            limit: None,
            write_out: String::new(),
        };
        let mut has_body = false;
        for line in text.lines() {
            let (name, value) = match line.split_once(" = ") {
                Some((name, value)) => (name, plain(value)),
                None => (line, String::new()),
            };
            match name {
                "url" => config.set_url(&value)?,
                "head" => config.method = Method::HEAD,
                "request" => {
                    let method = Method::from_bytes(value.as_bytes());
                    config.method = method.map_err(|_| bad(3, "no method", &value))?;
                }
                "user-agent" => config.set_header("User-Agent", &value),
                "header" => match value.split_once(':') {
                    Some((name, value)) => config.set_header(name, value.trim()),
                    None => config.set_header(value.trim_end_matches(';'), ""),
                },
                "data-raw" => (config.body, has_body) = (value.into_bytes(), true),
                "data-binary" if !value.starts_with('@') => {
                    (config.body, has_body) = (value.into_bytes(), true);
                }
                "user" => {
                    let (name, password) = value.split_once(':').unwrap_or((&value, ""));
                    config.user = Some((name.to_owned(), password.to_owned()));
                }
                "speed-time" => {
                    config.patience = Duration::from_secs(value.parse().unwrap_or(30).max(1));
                }
                "cacert" => config.authorities = Some(value),
                "insecure" => config.insecure = true,
                "location" => config.follow = true,
                "include" => config.include = true,
                "fail" => config.fail = true,
                "max-filesize" => config.limit = value.parse().ok(),
                "write-out" => config.write_out = value,
                "silent" | "show-error" | "globoff" | "connect-timeout" | "speed-limit"
                | "noproxy" | "netrc-optional" => {}
                other => return Err(bad(2, "the controller can't do this for a host", other)),
            }
        }
        if has_body && !config.has_header("content-type") {
            config.set_header("Content-Type", "application/x-www-form-urlencoded");
        }
        Ok(config)
    }

    /// A name and a password may stand in the address.
    fn set_url(&mut self, text: &str) -> Result<(), Fault> {
        self.url = web(text)?;
        let authority = self.url.authority().map(|authority| authority.as_str().to_owned());
        if let Some((user, host)) = authority.as_deref().and_then(|all| all.rsplit_once('@')) {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
            self.user = Some((decoded(name), decoded(password)));
            self.url = web(&text.replacen(&format!("{user}@{host}"), host, 1))?;
        }
        Ok(())
    }

    fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }
}

/// An address of HTTP.
pub(super) fn web(text: &str) -> Result<Uri, Fault> {
    let url: Uri = text.parse().map_err(|_| bad(3, "no address", text))?;
    match (url.scheme_str(), url.host()) {
        (Some("http" | "https"), Some(_)) => Ok(url),
        _ => Err(bad(1, "no address of HTTP", text)),
    }
}

/// Where a reference leads from an address (RFC 3986, section 5.2, as far as servers use it).
pub(super) fn joined(from: &Uri, reference: &str) -> Result<String, Fault> {
    if reference.contains("://") {
        return Ok(reference.to_owned());
    }
    let scheme = from.scheme_str().unwrap_or("http");
    let authority = from.authority().map_or("", |authority| authority.as_str());
    let base = format!("{scheme}://{authority}");
    let path = from.path();
    Ok(match reference {
        "" => from.to_string(),
        _ if reference.starts_with("//") => format!("{scheme}:{reference}"),
        _ if reference.starts_with('/') => format!("{base}{reference}"),
        _ if reference.starts_with('?') => format!("{base}{path}{reference}"),
        _ => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{base}{}", without_dots(&format!("{folder}/{reference}")))
        }
    })
}

fn without_dots(path: &str) -> String {
    let (path, query) =
        path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("/{}{query}", kept.join("/"))
}

/// What stands between quotation marks.
fn plain(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some('v') => out.push('\x0b'),
                other => out.extend(other),
            },
            letter => out.push(letter),
        }
    }
    out
}

fn bad(rc: i32, what: &str, value: &str) -> Fault {
    Fault(rc, format!("{what}: `{value}`"))
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::{Config, joined, web};

    #[test]
    fn what_is_asked_is_read_as_curl_reads_it() {
        let text = "silent\nurl = \"https://me:a%20b@h.test:8443/x?y\"\nrequest = \"POST\"\nheader = \"X-Empty;\"\nheader = \"X-One: \\\"1\\\"\"\n\
             user-agent = \"who\"\ndata-binary = \"two\\nlines\"\nspeed-time = \"7\"\nmax-filesize = 10\nwrite-out = \"\\nmark %{http_code}\\n\"\nlocation\n";
        let config = Config::read(text.as_bytes()).unwrap();
        assert_eq!(config.url.to_string(), "https://h.test:8443/x?y");
        assert_eq!(config.user, Some(("me".to_owned(), "a b".to_owned())));
        assert_eq!((config.method, config.body), (Method::POST, b"two\nlines".to_vec()));
        let header = |name: &str| {
            let mut all = config.headers.iter().filter(|(own, _)| own == name);
            all.next().map(|(_, value)| value.as_str())
        };
        assert_eq!((header("X-Empty"), header("X-One")), (Some(""), Some("\"1\"")));
        assert_eq!(header("Content-Type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(config.patience.as_secs(), 7);
        assert_eq!((config.limit, config.follow, config.insecure), (Some(10), true, false));
        assert_eq!(config.write_out, "\nmark %{http_code}\n");
    }

    #[test]
    fn nothing_of_this_machine_is_read() {
        for line in ["data-binary = \"@/etc/passwd\"", "unix-socket = \"/run/x\"", "cert = \"/x\""]
        {
            let text = format!("url = \"http://h/\"\n{line}\n");
            assert_eq!(Config::read(text.as_bytes()).unwrap_err().0, 2, "{line}");
        }
        for url in ["file:///etc/passwd", "file://h/etc/passwd", "ftp://h/x", "/etc/passwd"] {
            let text = format!("url = \"{url}\"");
            assert!(matches!(Config::read(text.as_bytes()).unwrap_err().0, 1 | 3), "{url}");
        }
    }

    #[test]
    fn redirections_lead_where_they_say() {
        let from = web("https://h:1/a/b?c").unwrap();
        for (reference, wanted) in [
            ("http://other/x", "http://other/x"),
            ("//other/x", "https://other/x"),
            ("/x?y", "https://h:1/x?y"),
            ("x", "https://h:1/a/x"),
            ("../x/./y?z=../w", "https://h:1/x/y?z=../w"),
            ("?d", "https://h:1/a/b?d"),
        ] {
            assert_eq!(joined(&from, reference).unwrap(), wanted);
        }
    }
}
