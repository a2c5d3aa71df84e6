//! What `uri` returns of an answer.

use crate::data::{Data, Map};
use crate::json::parse;
use crate::modules::http::Response;
use crate::modules::uri::Uri;
use crate::stop::{Failure, Result, Stop};

impl Uri {
    /// Sets what is returned, and fails for a status that was not asked for.
    pub(super) fn judge(&self, answer: &Response, results: &mut Map) -> Result<()> {
        let good = self.status_code.contains(&answer.status);
        let mut cookies = Map::new();
        for (name, value) in &answer.headers {
            results.insert(name.replace('-', "_"), value.as_str().into());
            if name == "set-cookie"
                && let Some((name, value)) =
                    value.split(';').next().and_then(|pair| pair.split_once('='))
            {
                cookies.insert(name.trim().to_owned(), value.trim().into());
            }
        }
        let joined: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
            .collect();
        let length = answer.length().map_or("unknown".into(), |length| length.to_string());
        let mut set = |name: &str, value: Data| results.insert(name.to_owned(), value);
        set("cookies_string", joined.join("; ").into());
        set("cookies", cookies.into());
        set("elapsed", 0_i64.into());
        set("redirected", (answer.url != self.url).into());
        set("url", answer.url.as_str().into());
        set("status", answer.status.into());
        let body = answer.body.as_deref().unwrap_or_default();
        let text = String::from_utf8_lossy(body);
        let kind = answer.header("content-type").unwrap_or_default().to_ascii_lowercase();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if self.return_content || !good {
            set("content", text.as_ref().into());
        }
        let is_json =
            kind == "application/json" || kind.ends_with("+json") || kind.ends_with("/json");
        if let Some(json) = is_json.then(|| parse(&text)).flatten() {
            set("json", json);
        }
        if good {
            set("msg", format!("OK ({length} bytes)").into());
            return Ok(());
        }
        let wanted: Vec<String> = self.status_code.iter().map(i64::to_string).collect();
        let msg = format!(
            "Status code was {} and not [{}]: {}",
            answer.status,
            wanted.join(", "),
            answer.error()
        );
        Err(Stop::Failed(Failure { msg, results: results.clone() }))
    }
}
