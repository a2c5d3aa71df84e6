//! What is sent with a request.

use crate::blob::TreeKind;
use crate::data::{Data, Map};
use crate::json::dump;
use crate::modules::http::{Body, Part};
use crate::modules::uri::{BodyFormat, Uri};
use crate::stop::{Result, Stop};

impl Uri {
    /// The content of the request and its type.
    pub(super) fn sent(&self) -> Result<(Body, Option<&'static str>)> {
        if let Some(src) = &self.src {
            return Ok((source(src)?, None));
        }
        let Some(body) = self.body.as_ref().filter(|body| **body != Data::Null) else {
            return Ok((Body::None, None));
        };
        Ok(match (self.body_format, body) {
            (BodyFormat::Json, Data::Str(text)) => {
                (Body::Text(text.clone()), Some("application/json"))
            }
            (BodyFormat::Json, other) => (Body::Text(dump(other)), Some("application/json")),
            (BodyFormat::FormUrlencoded, Data::Str(text)) => {
                (Body::Text(text.clone()), Some("application/x-www-form-urlencoded"))
            }
            (BodyFormat::FormUrlencoded, other) => {
                (Body::Text(form(other)?), Some("application/x-www-form-urlencoded"))
            }
            (BodyFormat::FormMultipart, Data::Map(parts)) => {
                let parts = parts.iter().map(|(name, value)| part(name, value));
                (Body::Form(parts.collect::<Result<_>>()?), None)
            }
            (BodyFormat::FormMultipart, other) => {
                return Err(Stop::failed(format!(
                    "a form of several parts takes a mapping as `body`, not {}",
                    other.type_name()
                )));
            }
            (BodyFormat::Raw, Data::Str(text)) => (Body::Text(text.clone()), raw_type(self)),
            (BodyFormat::Raw, other) => (Body::Text(dump(other)), raw_type(self)),
        })
    }
}

/// Without a type of its own `curl` would call it a form, so it is told that there is none.
fn raw_type(uri: &Uri) -> Option<&'static str> {
    let given = uri.requesting.headers.iter().flatten();
    let named = given.map(|(name, _)| name).any(|name| name.eq_ignore_ascii_case("content-type"));
    (!named).then_some("application/x-www-form-urlencoded")
}

fn source(src: &Data) -> Result<Body> {
    match src {
        Data::Str(path) => Ok(Body::File(path.clone())),
        Data::Tree(tree) => match tree.entries.first().map(|entry| &entry.kind) {
            Some(TreeKind::File(blob)) if tree.entries.len() == 1 => {
                let text = blob.text().map(str::to_owned);
                text.map(Body::Text).ok_or_else(|| {
                    Stop::failed(format!(
                        "`{}` is no short text; copy it to the host and use `remote_src: true`",
                        tree.name
                    ))
                })
            }
            _ => Err(Stop::failed(format!("`{}` is no file", tree.name))),
        },
        other => Err(Stop::failed(format!("`src` takes a path, not {}", other.type_name()))),
    }
}

/// Pairs as HTML forms send them.
fn form(body: &Data) -> Result<String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: &Data| match value {
        Data::List(items) => {
            items.iter().for_each(|item| pairs.push((name.to_owned(), text(item))));
        }
        value => pairs.push((name.to_owned(), text(value))),
    };
    match body {
        Data::Map(entries) => entries.iter().for_each(|(name, value)| add(name, value)),
        Data::List(items) => {
            for item in items {
                match item {
                    Data::List(pair) if pair.len() == 2 => add(&text(&pair[0]), &pair[1]),
                    _ => return Err(Stop::failed("a form takes a mapping or a list of pairs")),
                }
            }
        }
        _ => return Err(Stop::failed("a form takes a mapping or a list of pairs")),
    }
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value))).collect();
    Ok(pairs.join("&"))
}

fn part(name: &str, value: &Data) -> Result<Part> {
    let plain = |value: String| Part {
        name: name.to_owned(),
        value,
        filename: None,
        file: false,
        mime: None,
    };
    let Data::Map(entries) = value else { return Ok(plain(text(value))) };
    let get = |entries: &Map, key: &str| entries.get(key).map(text);
    let (content, filename) = (get(entries, "content"), get(entries, "filename"));
    let Some(value) = content.clone().or_else(|| filename.clone()) else {
        return Err(Stop::failed(format!(
            "the part `{name}` has neither `content` nor `filename`"
        )));
    };
    let file = content.is_none();
    let filename = filename.map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
    Ok(Part { file, filename, mime: get(entries, "mime_type"), ..plain(value) })
}

fn text(data: &Data) -> String {
    match data {
        Data::Str(text) => text.clone(),
        Data::Bool(true) => "True".into(),
        Data::Bool(false) => "False".into(),
        Data::Null => "None".into(),
        other => dump(other),
    }
}

/// As Python's `quote_plus`.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
