//! Requests by `curl`. It reads its arguments from its standard input, so that no other user sees a password among them.

use std::fmt::Write as _;

use crate::host::Command;
use crate::modules::http::Request;

/// What is sent with a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    None,
    /// These bytes.
    Text(String),
    /// A file of the host.
    File(String),
    /// A form with several parts, as `curl` writes them.
    Form(Vec<Part>),
}

/// One part of a form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) filename: Option<String>,
    pub(crate) file: bool,
    pub(crate) mime: Option<String>,
}

/// Stands before what `curl` tells about a request after it.
pub(super) const MARK: &str = "\nconverge-http ";

impl Body {
    /// Whether there is none.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Headers and content go to standard output.
pub(super) fn to_stdout(request: &Request<'_>, limit: Option<u64>) -> Command {
    let mut config = config(request);
    config.push_str("include\n");
    if let Some(limit) = limit {
        let _ = writeln!(config, "max-filesize = {limit}");
    }
    let mut command = Command::new(["curl", "-q", "--config", "-"]);
    command.stdin = Some(config.into_bytes());
    command
}

/// The content goes to the file `%s`, and a status of failure is a failure.
pub(super) fn to_file(request: &Request<'_>) -> Command {
    let mut config = config(request);
    config.push_str("fail\n");
    let mut command = Command::new(["curl", "-q", "--config", "-", "--output", "%s"]);
    command.stdin = Some(config.into_bytes());
    command
}

fn config(request: &Request<'_>) -> String {
    let how = request.how;
    let mut config = String::from("silent\nshow-error\ngloboff\n");
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(config, "{name} = \"{}\"", escaped(value));
    };
    set("url", request.url);
    match request.method {
        "HEAD" => set("head", ""),
        "GET" if request.body.is_none() => {}
        method => set("request", method),
    }
    set("user-agent", &how.http_agent);
    for (name, value) in request.all_headers() {
        // A header without a value is written with a semicolon.
        let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        set("header", &line);
    }
    match &request.body {
        Body::None => {}
        // What begins with an at sign would be the name of a file; old versions know no other way.
        Body::Text(text) if text.starts_with('@') => set("data-raw", text),
        Body::Text(text) => set("data-binary", text),
        Body::File(path) => set("data-binary", &format!("@{path}")),
        Body::Form(parts) => {
            for part in parts {
                set("form", &form(part));
            }
        }
    }
    if let Some(name) = &how.url_username {
        set("user", &format!("{name}:{}", how.url_password.as_deref().unwrap_or_default()));
    } else if how.use_gssapi {
        set("user", ":");
    }
    let timeout = request.timeout.max(1).to_string();
    set("connect-timeout", &timeout);
    set("speed-time", &timeout);
    set("speed-limit", "1");
    for (name, path) in
        [("cert", &how.client_cert), ("key", &how.client_key), ("cacert", &how.ca_path)]
    {
        if let Some(path) = path {
            set(name, &path.display().to_string());
        }
    }
    if let Some(ciphers) = &how.ciphers {
        set("ciphers", &ciphers.join(":"));
    }
    if !how.use_proxy {
        set("noproxy", "*");
    }
    if let Some(socket) = request.unix_socket {
        set("unix-socket", socket);
    }
    set("write-out", &format!("{MARK}%{{http_code}} %{{url_effective}}\n"));
    let flags = [
        ("location", request.follow),
        ("insecure", !how.validate_certs),
        ("netrc-optional", how.use_netrc && how.url_username.is_none()),
        ("negotiate", how.use_gssapi),
    ];
    for (name, _) in flags.into_iter().filter(|(_, set)| *set) {
        let _ = writeln!(config, "{name}");
    }
    config.replace("head = \"\"\n", "head\n")
}

/// A part as `--form` reads it.
fn form(part: &Part) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let at = if part.file { "@" } else { "" };
    let mut form = format!("{}={at}{}", part.name, quoted(&part.value));
    if let Some(mime) = &part.mime {
        let _ = write!(form, ";type={mime}");
    }
    if let Some(name) = &part.filename {
        let _ = write!(form, ";filename={}", quoted(name));
    }
    form
}

/// A text as it stands between quotation marks in `curl`'s configuration.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            letter => out.push(letter),
        }
    }
    out
}
