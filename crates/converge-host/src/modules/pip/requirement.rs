//! Requirements of Python packages: `django>=4,<5`, see PEP 508 and PEP 440.

use std::cmp::Ordering;

/// A package with the versions that will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Its name as all spell it.
    pub(super) name: String,
    /// Operators and versions, all of which must hold.
    specifiers: Vec<(String, String)>,
}

impl Requirement {
    /// Reads one; none of a URL, a path or anything else whose version can't be told beforehand.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.split(" #").next()?.split(';').next()?.trim();
        let end = text
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let first = name.chars().next()?;
        if !first.is_ascii_alphanumeric()
            || [".whl", ".tar.gz", ".zip"].iter().any(|e| text.ends_with(e))
        {
            return None;
        }
        let rest = match rest.trim_start().strip_prefix('[') {
            Some(extras) => extras.split_once(']')?.1,
            None => rest,
        };
        let rest = rest.trim().trim_start_matches('(').trim_end_matches(')');
        let mut specifiers = Vec::new();
        for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let operator = ["===", "==", "!=", ">=", "<=", "~=", ">", "<"]
                .into_iter()
                .find(|operator| part.starts_with(operator))?;
            specifiers.push((operator.to_owned(), part[operator.len()..].trim().to_owned()));
        }
        Some(Self { name: normal(name), specifiers })
    }

    /// Whether a version will do.
    pub(super) fn allows(&self, version: &str) -> bool {
        self.specifiers.iter().all(|(operator, wanted)| {
            let order = compare(version, wanted.trim_end_matches(".*"));
            match operator.as_str() {
                "===" => version == wanted,
                "==" if wanted.ends_with(".*") => begins(version, wanted.trim_end_matches(".*")),
                "!=" if wanted.ends_with(".*") => !begins(version, wanted.trim_end_matches(".*")),
                "==" => order == Ordering::Equal,
                "!=" => order != Ordering::Equal,
                ">=" => order != Ordering::Less,
                "<=" => order != Ordering::Greater,
                ">" => order == Ordering::Greater,
                "<" => order == Ordering::Less,
                _ => {
                    let stem = wanted.rsplit_once('.').map_or(wanted.as_str(), |(stem, _)| stem);
                    order != Ordering::Less && begins(version, stem)
                }
            }
        })
    }
}

/// The name as all spell it.
pub(super) fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

fn begins(version: &str, stem: &str) -> bool {
    version == stem || version.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
}

/// Which version is newer. Alphas, betas and candidates come before what they lead to, post-releases after.
fn compare(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| {
        let plain =
            version.trim_start_matches('v').split('+').next().unwrap_or_default().to_lowercase();
        let mut parts: Vec<(i64, i64)> = Vec::new();
        let mut rest = plain.as_str();
        while !rest.is_empty() {
            rest = rest.trim_start_matches(['.', '-', '_']);
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (word, after) = rest.split_at(letters);
            let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let number = after[..digits].parse().unwrap_or(0);
            let rank = match word {
                "dev" => -4,
                "a" | "alpha" => -3,
                "b" | "beta" => -2,
                "c" | "rc" | "pre" | "preview" => -1,
                "" => 1,
                _ => 2,
            };
            if letters + digits == 0 {
                break;
            }
            parts.push((rank, number));
            rest = &after[digits..];
        }
        parts
    };
    let (one, other) = (parts(one), parts(other));
    for index in 0..one.len().max(other.len()) {
        // `1.0` is `1`, newer than `1rc1` and older than `1.post1`.
        let at = |parts: &[(i64, i64)]| match parts.get(index) {
            Some((1, 0)) | None => (0, 0),
            Some(part) => *part,
        };
        match at(&one).cmp(&at(&other)) {
            Ordering::Equal => {}
            order => return order,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::Requirement;

    #[test]
    fn versions_are_compared_as_pip_does() {
        let check = |text: &str, version: &str, want: bool| {
            assert_eq!(Requirement::read(text).unwrap().allows(version), want, "{text} {version}");
        };
        check("django>=4,<5", "4.2.1", true);
        check("django>=4,<5", "5.0", false);
        check("a == 1.0", "1", true);
        check("a~=1.4.2", "1.4.9", true);
        check("a~=1.4.2", "1.5", false);
        check("a>1.0rc1", "1.0", true);
        check("a==1.*", "1.9", true);
        check("a==1.*", "10.1", false);
        check("a[extra]>=2 ; python_version > '3'", "2.0.post1", true);
        check("a", "0.1", true);
    }

    #[test]
    fn what_has_no_version_is_told() {
        let name = |text: &str| Requirement::read(text).map(|requirement| requirement.name);
        assert_eq!(name("My_Pkg.x"), Some("my-pkg-x".into()));
        for text in ["git+https://x/y", "./local", "https://x/y.whl", "x.tar.gz", "-r other.txt"] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
