//! What a server answered.

use crate::data::Map;
use crate::host::Output;
use crate::modules::http::curl::MARK;
use crate::stop::{Failure, Result, Stop};

/// The exit code of `curl` for a content that is longer than what is taken.
const TOO_LONG: i32 = 63;

/// What a server answered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: i64,
    /// The words beside the status.
    pub(crate) reason: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// None where it is too long.
    pub(crate) body: Option<Vec<u8>>,
    /// Where redirections led.
    pub(crate) url: String,
}

impl Response {
    /// Out of what `curl` printed.
    pub(crate) fn of_curl(output: &Output, url: &str) -> Result<Self> {
        if !output.ok() && output.rc != TOO_LONG {
            let told = output.error_text();
            let told = told.trim().trim_start_matches("curl: ");
            let mut results = Map::new();
            results.insert("url".into(), url.into());
            results.insert("status".into(), (-1_i64).into());
            let msg = format!("Request failed: {told}");
            return Err(Stop::Failed(Failure { msg, results }));
        }
        let bytes = &output.stdout;
        let end = rfind(bytes, MARK.as_bytes()).unwrap_or(bytes.len());
        let told = String::from_utf8_lossy(&bytes[end..]).into_owned();
        let mut words = told.trim().split(' ').skip(1);
        let status = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let effective = words.next().unwrap_or(url).to_owned();
        let (head, body) = last_head(&bytes[..end]);
        let (reason, headers) = read_head(&head);
        // What is no HTTP has no status, and `curl` would have failed.
        let status = if status == 0 { 200 } else { status };
        let body = (output.rc != TOO_LONG).then(|| body.to_vec());
        Ok(Self { status, reason, headers, body, url: effective })
    }

    /// The value of a header; a name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// How long the content is, as far as the server tells.
    pub(crate) fn length(&self) -> Option<u64> {
        let told = || self.header("content-length").and_then(|length| length.parse().ok());
        self.body.as_ref().map(|body| body.len() as u64).or_else(told)
    }

    /// `HTTP Error 404: Not Found`
    pub(crate) fn error(&self) -> String {
        format!("HTTP Error {}: {}", self.status, self.reason)
    }
}

/// The reason and the headers out of the lines before a content.
pub(super) fn read_head(head: &str) -> (String, Vec<(String, String)>) {
    let mut lines = head.lines().peekable();
    let mut reason = String::new();
    if let Some(first) = lines.next_if(|line| line.starts_with("HTTP/")) {
        reason = first.splitn(3, ' ').nth(2).unwrap_or_default().trim().to_owned();
    }
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    (reason, headers)
}

/// The last of the heads, each of which but the last belongs to a redirection, a proxy or a mere go-ahead; and what follows.
fn last_head(bytes: &[u8]) -> (String, &[u8]) {
    let (mut head, mut rest) = (String::new(), bytes);
    loop {
        let starts = rest.starts_with(b"HTTP/") || head.is_empty() && has_head(rest);
        let Some(at) = find(rest, b"\r\n\r\n").filter(|_| starts) else { return (head, rest) };
        let this = String::from_utf8_lossy(&rest[..at]).into_owned();
        let status = this.split(' ').nth(1).unwrap_or_default();
        let more = rest[at + 4..].starts_with(b"HTTP/");
        let passing = status.starts_with('1')
            || status.starts_with('3')
            || status == "407"
            || status == "401"
            || this.to_ascii_lowercase().contains("connection established");
        rest = &rest[at + 4..];
        head = this;
        if !(more && passing) {
            return (head, rest);
        }
    }
}

/// Files have headers without a status.
fn has_head(bytes: &[u8]) -> bool {
    bytes.starts_with(b"Content-Length:") || bytes.starts_with(b"Last-Modified:")
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::Response;
    use crate::host::Output;

    #[track_caller]
    fn read(stdout: &str, rc: i32) -> Response {
        let output = Output { rc, stdout: stdout.into(), ..Output::default() };
        Response::of_curl(&output, "http://h/").unwrap()
    }

    #[test]
    fn heads_of_redirections_and_proxies_are_passed_over() {
        let answer = read(
            "HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n\
             HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello\nconverge-http 200 http://h/b\n",
            0,
        );
        assert_eq!((answer.status, answer.reason.as_str()), (200, "OK"));
        assert_eq!(answer.header("x-one"), Some("1"));
        assert_eq!(answer.body.as_deref(), Some(&b"hello"[..]));
        assert_eq!(answer.url, "http://h/b");
        assert_eq!(answer.length(), Some(5));
    }

    #[test]
    fn a_content_that_looks_like_a_head_stays_one() {
        let text =
            "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 Not\r\n\r\nx\nconverge-http 200 http://h/\n";
        assert_eq!(read(text, 0).body.as_deref(), Some(&b"HTTP/1.1 404 Not\r\n\r\nx"[..]));
    }

    #[test]
    fn a_long_content_is_left_out() {
        let text = "HTTP/2 200 \r\ncontent-length: 99999\r\n\r\n\nconverge-http 200 http://h/\n";
        let answer = read(text, 63);
        assert_eq!((answer.body.is_none(), answer.length()), (true, Some(99_999)));
        let failed = Output { rc: 7, stderr: b"curl: (7) refused".to_vec(), ..Output::default() };
        let stop = Response::of_curl(&failed, "u").unwrap_err();
        assert_eq!(stop.to_string(), "Request failed: (7) refused");
    }
}
