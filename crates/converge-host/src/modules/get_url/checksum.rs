//! The checksum that a download must have.

use crate::args::Choice;
use crate::checksum::Algorithm;
use crate::host::Host;
use crate::modules::get_url::GetUrl;
use crate::stop::{Result, Stop};

/// A file of checksums is no longer than this many bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

impl GetUrl {
    /// The algorithm and the digits, where any are asked for.
    pub(super) fn wanted(&self, host: &dyn Host) -> Result<Option<(Algorithm, String)>> {
        let written = match (self.checksum.trim(), self.sha256sum.trim()) {
            ("", "") => return Ok(None),
            ("", digits) => format!("sha256:{digits}"),
            (written, _) => written.to_owned(),
        };
        let refused = |why: &str| {
            Stop::failed(format!("`checksum` takes `<algorithm>:<checksum or URL>`: {why}"))
        };
        let (name, rest) = written
            .split_once(':')
            .ok_or_else(|| refused(&format!("`{written}` names no algorithm")))?;
        let algorithm = Algorithm::from_word(&name.trim().to_ascii_lowercase())
            .ok_or_else(|| refused(&format!("there is no algorithm `{name}`")))?;
        let rest = rest.trim();
        let digits = if ["http://", "https://", "ftp://", "file://"]
            .iter()
            .any(|scheme| rest.starts_with(scheme))
        {
            self.listed(rest, host)?
        } else {
            rest.to_owned()
        };
        let digits: String = digits
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(refused(&format!("`{digits}` are no hexadecimal digits")));
        }
        Ok(Some((algorithm, digits)))
    }

    /// The checksum of the file in a list of them.
    fn listed(&self, url: &str, host: &dyn Host) -> Result<String> {
        let answer = self.request(url).ask(Some(LONGEST), host)?;
        if answer.status != 200 {
            return Err(self.refused(url, &answer));
        }
        let text = String::from_utf8_lossy(answer.body.as_deref().unwrap_or_default()).into_owned();
        find(&text, &file_name(&self.url)).ok_or_else(|| {
            Stop::failed(format!("there is no checksum of `{}` in `{url}`", file_name(&self.url)))
        })
    }
}

/// The last part of the path of a URL.
pub(super) fn file_name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let name = path.split_once('/').map_or("", |(_, path)| path).rsplit('/').next();
    name.filter(|name| !name.is_empty()).unwrap_or("index.html").to_owned()
}

/// A line is `digits  name`, `digits *name` or `ALGORITHM (name) = digits`. A single line may be digits only.
fn find(text: &str, name: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let only = lines.clone().count() == 1;
    lines.find_map(|line| {
        if let Some((head, digits)) = line.split_once(") = ") {
            let (_, file) = head.split_once('(')?;
            return (file.trim_start_matches("./") == name).then(|| digits.trim().to_owned());
        }
        let mut words = line.splitn(2, char::is_whitespace);
        let digits = words.next()?;
        match words.next().map(|rest| rest.trim().trim_start_matches('*')) {
            None if only => Some(digits.to_owned()),
            Some(file) if file.trim_start_matches("./") == name => Some(digits.to_owned()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{file_name, find};

    #[test]
    fn a_line_of_the_file_has_its_checksum() {
        let check =
            |text: &str, want: Option<&str>| assert_eq!(find(text, "f.tar").as_deref(), want);
        check("aa  other\nbb  f.tar\n", Some("bb"));
        check("bb *f.tar", Some("bb"));
        check("bb  ./f.tar\n", Some("bb"));
        check("SHA256 (f.tar) = bb\n", Some("bb"));
        check("bb\n", Some("bb"));
        check("aa\nbb\n", None);
        check("aa  af.tar\n", None);
    }

    #[test]
    fn names_are_the_last_parts_of_urls() {
        let check = |url: &str, want: &str| assert_eq!(file_name(url), want);
        check("https://h/a/b.tar.gz?x=/y#z", "b.tar.gz");
        check("https://h", "index.html");
        check("https://h/", "index.html");
    }
}
