//! What is at a URL, had while planning: keys that decide what is written.

use crate::host::Host;
use crate::modules::http::{Body, Request, Requesting};
use crate::stop::{Result, Stop};

/// How many seconds nothing may come.
const PATIENCE: i64 = 60;

/// The bytes at a URL. Where something planned may bring what asks, or what is asked, nothing can be told.
pub(crate) fn get(host: &dyn Host, url: &str, validate_certs: bool) -> Result<Vec<u8>> {
    let how = Requesting::plain(validate_certs);
    let request = Request {
        url,
        method: "GET",
        how: &how,
        headers: Vec::new(),
        body: Body::None,
        follow: true,
        timeout: PATIENCE,
        unix_socket: None,
    };
    let told = match request.ask(None, host) {
        Ok(response) => {
            let error = response.error();
            match response.body.filter(|_| (200..300).contains(&response.status)) {
                Some(bytes) => return Ok(bytes),
                None => error,
            }
        }
        Err(Stop::Failed(failure)) => failure.msg,
        Err(stop) => return Err(stop),
    };
    let failed = || Stop::failed(format!("can't fetch `{url}`: {told}"));
    Err(host.unsettled().map_or_else(failed, Stop::Unknown))
}

/// Whether it is a URL that can be fetched.
pub(crate) fn is_url(text: &str) -> bool {
    ["http://", "https://", "ftp://"].iter().any(|scheme| text.starts_with(scheme))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::get;
    use crate::host::memory::Memory;

    /// What `curl` prints of an answer.
    pub(crate) fn answer(status: &str, body: &str) -> String {
        let code = status.split(' ').next().unwrap_or_default();
        format!("HTTP/1.1 {status}\r\nServer: x\r\n\r\n{body}\nconverge-http {code} https://x/\n")
    }

    #[test]
    fn only_what_is_there_is_taken() {
        let ask = |status: &str| {
            let memory =
                Memory::new().with_output("curl -q --config -", 0, &answer(status, "key\n"));
            get(&memory, "https://x/", true)
        };
        assert_eq!(ask("200 OK").unwrap(), b"key\n");
        assert_eq!(
            ask("404 Not Found").unwrap_err().to_string(),
            "can't fetch `https://x/`: HTTP Error 404: Not Found"
        );
        let told = get(&Memory::new(), "https://x/", true).unwrap_err().to_string();
        assert!(told.starts_with("can't fetch `https://x/`: "), "{told}");
    }
}
