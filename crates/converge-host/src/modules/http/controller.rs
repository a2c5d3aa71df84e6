//! What the controller does in place of a program of the host.

use crate::host::real::FETCH;
use crate::host::{Command, Host};
use crate::modules::http::{Body, Request, needs_curl};
use crate::stop::Result;

/// Variables that name a proxy, by which only the host's own programs find their way.
const PROXIES: &[&str] = &["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"];

/// The same command, done by the controller. A failure where that knows less than `curl`.
pub(super) fn instead(curl: Command, request: &Request<'_>, host: &dyn Host) -> Result<Command> {
    let how = request.how;
    let proxy = || PROXIES.iter().any(|name| host.variable(name).is_some_and(|is| !is.is_empty()));
    let web = ["http://", "https://"];
    let knows = matches!(request.body, Body::None | Body::Text(_))
        && request.unix_socket.is_none()
        && how.client_cert.is_none()
        && how.ciphers.is_none()
        && !how.use_gssapi
        && web.iter().any(|scheme| request.url.starts_with(scheme))
        && !(how.use_proxy && proxy());
    if !knows || host.program(FETCH)?.is_none() {
        return Err(needs_curl(request.url));
    }
    let output = curl.argv.iter().skip_while(|word| *word != "--output");
    let argv = [FETCH.to_owned()].into_iter().chain(output.cloned()).collect();
    Ok(Command { argv, ..curl })
}
