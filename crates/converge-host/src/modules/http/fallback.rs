//! Hosts without `curl`.

use crate::host::{Command, Host};
use crate::modules::http::response::{Response, read_head};
use crate::modules::http::{Request, needs_curl};
use crate::stop::{Result, Stop};

/// Where Debian keeps what apt downloads with.
const APT_HELPER: &str = "/usr/lib/apt/apt-helper";

/// The programs of a host that speak HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// curl(1), which can do everything.
    Curl,
    /// wget(1), which downloads.
    Wget,
    /// apt's own, which downloads and tells nothing.
    Apt,
    /// None: the controller asks in place of the host.
    Controller,
}

/// The best one that there is.
pub(crate) fn program(host: &dyn Host) -> Result<Program> {
    let curl = host.program("curl");
    if let Ok(Some(_)) = curl {
        return Ok(Program::Curl);
    }
    for (name, program) in [("wget", Program::Wget), (APT_HELPER, Program::Apt)] {
        if let Ok(Some(_)) = host.program(name) {
            return Ok(program);
        }
    }
    match curl {
        Err(Stop::Unknown(why)) => Err(Stop::Unknown(why)),
        _ => Ok(Program::Controller),
    }
}

/// Asks by `wget`, which tells the headers on standard error.
pub(super) fn ask(request: &Request<'_>, host: &dyn Host) -> Result<Response> {
    let mut command = wget(request, "-")?;
    if request.method == "HEAD" {
        command.argv.insert(1, "--spider".into());
    }
    let output = host.probe(&command)?;
    let told = output.error_text();
    let head = told.rfind("  HTTP/").map(|at| &told[at..]).unwrap_or_default();
    let lines: Vec<&str> = head.lines().map(str::trim).collect();
    let (reason, headers) = read_head(&lines.join("\n"));
    let status = lines.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let Some(status) = status else {
        return Err(Stop::failed(format!("Request failed: {}", told.trim())));
    };
    let body = Some(output.stdout);
    Ok(Response { status, reason, headers, body, url: request.url.to_owned() })
}

/// Downloads to the file `%s`.
pub(super) fn to_file(request: &Request<'_>, program: Program) -> Result<Command> {
    if let Some(path) = request.url.strip_prefix("file://") {
        // apt's own makes a link to it in place of a file, and wget does not know such URLs.
        let path = path.strip_prefix("localhost").unwrap_or(path);
        if !path.starts_with('/') || path.contains('%') {
            return Err(needs_curl(request.url));
        }
        return Ok(Command::new(["cp", "--", path, "%s"]));
    }
    if program == Program::Wget {
        return wget(request, "%s");
    }
    if program != Program::Apt || !is_for_apt(request) {
        return Err(needs_curl(request.url));
    }
    Ok(Command::new([APT_HELPER, "download-file", request.url, "%s"]))
}

/// Whether apt's own can do it.
pub(crate) fn is_for_apt(request: &Request<'_>) -> bool {
    let how = request.how;
    how.url_username.is_none()
        && how.validate_certs
        && how.client_cert.is_none()
        && request.all_headers().is_empty()
        && !request.url.contains('@')
}

/// `wget` takes its arguments where others see them, so it gets no password.
fn wget(request: &Request<'_>, output: &str) -> Result<Command> {
    let how = request.how;
    if how.url_username.is_some() || how.client_key.is_some() || request.unix_socket.is_some() {
        return Err(needs_curl(request.url));
    }
    let mut argv = vec![
        "wget".to_owned(),
        "--no-config".into(),
        "--no-verbose".into(),
        "--server-response".into(),
        "--tries=1".into(),
        format!("--timeout={}", request.timeout),
        format!("--user-agent={}", how.http_agent),
        format!("--output-document={output}"),
    ];
    // The file is a word of its own, so that it can be replaced.
    if output == "%s" {
        argv.pop();
        argv.extend(["--output-document".into(), "%s".into()]);
    }
    for (name, value) in request.all_headers() {
        argv.push(format!("--header={name}: {value}"));
    }
    if !how.validate_certs {
        argv.push("--no-check-certificate".into());
    }
    if !how.use_proxy {
        argv.push("--no-proxy".into());
    }
    if !request.follow {
        argv.push("--max-redirect=0".into());
    }
    if let Some(path) = &how.ca_path {
        argv.push(format!("--ca-certificate={}", path.display()));
    }
    argv.extend(["--".into(), request.url.to_owned()]);
    Ok(Command::new(argv))
}

#[cfg(test)]
mod tests {
    use super::{Program, to_file};
    use crate::modules::http::{Body, Request, Requesting};

    #[test]
    fn files_of_the_host_are_copied() {
        let how = Requesting::plain(true);
        let argv = |url: &str| {
            let request = Request {
                url,
                method: "GET",
                how: &how,
                headers: Vec::new(),
                body: Body::None,
                follow: true,
                timeout: 10,
                unix_socket: None,
            };
            [Program::Apt, Program::Wget].map(|program| {
                to_file(&request, program).map(|command| command.argv.join(" ")).ok()
            })
        };
        let copied = || Some("cp -- /srv/a key %s".to_owned());
        assert_eq!(argv("file:///srv/a key"), [copied(), copied()]);
        assert_eq!(argv("file://localhost/srv/a key"), [copied(), copied()]);
        assert_eq!(argv("file:///srv/a%20key"), [None, None]);
        let [apt, wget] = argv("http://x/y");
        assert!(apt.unwrap().ends_with("apt-helper download-file http://x/y %s"));
        assert!(wget.unwrap().starts_with("wget "));
    }
}
