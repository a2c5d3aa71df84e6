//! Versions and their order: the loose and the strict scheme of Python's distutils, semantic versions, Python's own.

use std::cmp::Ordering;

use crate::value::Stop;

/// A way to read versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Numbers and words in any order.
    Loose,
    /// `1.2`, `1.2.3`, `1.2a1`
    Strict,
    /// <https://semver.org>
    Semantic,
    /// <https://peps.python.org/pep-0440>
    Python,
}

/// A part of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Number(u128),
    Word(String),
}

/// The order of two versions.
pub(crate) fn compare(scheme: Scheme, a: &str, b: &str) -> Result<Ordering, Stop> {
    match scheme {
        Scheme::Loose => loose(a, b),
        Scheme::Strict => Ok(strict(a)?.cmp(&strict(b)?)),
        Scheme::Semantic => Ok(semantic(a)?.cmp(&semantic(b)?)),
        Scheme::Python => Ok(python(a)?.cmp(&python(b)?)),
    }
}

fn loose(a: &str, b: &str) -> Result<Ordering, Stop> {
    let (left, right) = (loose_parts(a), loose_parts(b));
    for (x, y) in left.iter().zip(&right) {
        let order = match (x, y) {
            (Part::Number(x), Part::Number(y)) => x.cmp(y),
            (Part::Word(x), Part::Word(y)) => x.cmp(y),
            _ => {
                return Err(Stop::value(format!(
                    "the versions `{a}` and `{b}` cannot be compared"
                ))
                .help("one has a number where the other has a word"));
            }
        };
        if order.is_ne() {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// Runs of digits, runs of small letters, and what stands between.
fn loose_parts(version: &str) -> Vec<Part> {
    let kind = |c: char| {
        if c.is_ascii_digit() {
            0
        } else if c.is_ascii_lowercase() {
            1
        } else if c == '.' {
            2
        } else {
            3
        }
    };
    let mut parts = Vec::new();
    let mut rest = version;
    while let Some(first) = rest.chars().next() {
        let end = if kind(first) == 2 {
            1
        } else {
            rest.find(|c: char| kind(c) != kind(first)).unwrap_or(rest.len())
        };
        let (part, after) = rest.split_at(end);
        match (kind(first), part.parse()) {
            (0, Ok(number)) => parts.push(Part::Number(number)),
            (2, _) => {}
            _ => parts.push(Part::Word(part.to_owned())),
        }
        rest = after;
    }
    parts
}

type Strict = (u64, u64, u64, Option<(char, u64)>);

fn strict(version: &str) -> Result<StrictKey, Stop> {
    let bad =
        || Stop::value(format!("`{version}` is no strict version, such as `1.2.3` or `1.2a1`"));
    let at = version.find(['a', 'b']);
    let (numbers, pre) = at.map_or((version, None), |at| (&version[..at], Some(&version[at..])));
    let pre = match pre {
        None => None,
        Some(pre) => {
            Some((pre.chars().next().ok_or_else(bad)?, digits(&pre[1..]).ok_or_else(bad)?))
        }
    };
    let numbers: Option<Vec<u64>> = numbers.split('.').map(digits).collect();
    match numbers.as_deref() {
        Some([major, minor]) => Ok(StrictKey((*major, *minor, 0, pre))),
        Some([major, minor, patch]) => Ok(StrictKey((*major, *minor, *patch, pre))),
        _ => Err(bad()),
    }
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// A version without a pre-release is above all with one.
#[derive(PartialEq, Eq)]
struct StrictKey(Strict);

impl Ord for StrictKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then_with(|| match (a.3, b.3) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(&b),
        })
    }
}

impl PartialOrd for StrictKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(PartialEq, Eq)]
struct Semantic {
    core: [u64; 3],
    pre: Vec<Part>,
}

fn semantic(version: &str) -> Result<Semantic, Stop> {
    let bad = || Stop::value(format!("`{version}` is no semantic version, such as `1.2.3-rc.1`"));
    let (rest, build) =
        version.split_once('+').map_or((version, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let number = |text: &str| digits(text).filter(|_| text == "0" || !text.starts_with('0'));
    let core: Vec<u64> = core.split('.').map(number).collect::<Option<_>>().ok_or_else(bad)?;
    let core: [u64; 3] = core.try_into().map_err(|_| bad())?;
    let word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if build.is_some_and(|build| !build.split('.').all(word)) {
        return Err(bad());
    }
    let pre = match pre {
        None => Vec::new(),
        Some(pre) => pre
            .split('.')
            .map(|part| {
                if !word(part) {
                    return Err(bad());
                }
                let numeric = part.bytes().all(|byte| byte.is_ascii_digit());
                Ok(match part.parse() {
                    Ok(number) if numeric => Part::Number(number),
                    _ => Part::Word(part.to_owned()),
                })
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(Semantic { core, pre })
}

impl Ord for Semantic {
    fn cmp(&self, other: &Self) -> Ordering {
        self.core.cmp(&other.core).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let parts = self.pre.iter().zip(&other.pre).map(|(a, b)| match (a, b) {
                    (Part::Number(a), Part::Number(b)) => a.cmp(b),
                    (Part::Word(a), Part::Word(b)) => a.cmp(b),
                    (Part::Number(_), Part::Word(_)) => Ordering::Less,
                    (Part::Word(_), Part::Number(_)) => Ordering::Greater,
                });
                parts
                    .fold(Ordering::Equal, Ordering::then)
                    .then(self.pre.len().cmp(&other.pre.len()))
            }
        })
    }
}

impl PartialOrd for Semantic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What PEP 440 sorts by: the parts that may be missing are ranked so that their absence sorts where it should.
type Python = (u64, Vec<u64>, (i8, u64), (i8, u64), (i8, u64), Vec<(u8, u64, String)>);

fn python(version: &str) -> Result<Python, Stop> {
    let bad = || {
        Stop::value(format!("`{version}` is no version as Python has them, such as `1.2.post1`"))
    };
    let lower = version.trim().to_lowercase();
    let text = lower.strip_prefix('v').unwrap_or(&lower);
    let (text, local) =
        text.split_once('+').map_or((text, None), |(text, local)| (text, Some(local)));
    let (epoch, text) = match text.split_once('!') {
        Some((epoch, text)) => (digits(epoch).ok_or_else(bad)?, text),
        None => (0, text),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (release, mut rest) = text.split_at(end);
    let trimmed = release.trim_end_matches('.');
    let mut release: Vec<u64> =
        trimmed.split('.').map(digits).collect::<Option<_>>().ok_or_else(bad)?;
    while release.len() > 1 && release.last() == Some(&0) {
        release.pop();
    }
    let mut pre = None;
    let mut post = None;
    let mut dev = None;
    while !rest.is_empty() {
        rest = rest.trim_start_matches(['.', '-', '_']);
        let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start_matches(['.', '-', '_']);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let number = digits(&after[..end]).unwrap_or(0);
        rest = &after[end..];
        match word {
            "a" | "alpha" => pre = Some((0, number)),
            "b" | "beta" => pre = Some((1, number)),
            "rc" | "c" | "pre" | "preview" => pre = Some((2, number)),
            "post" | "rev" | "r" => post = Some(number),
            "" if end > 0 => post = Some(number),
            "dev" => dev = Some(number),
            _ => return Err(bad()),
        }
    }
    let pre = match (pre, post, dev) {
        (None, None, Some(_)) => (-1, 0),
        (None, ..) => (3, 0),
        (Some(pre), ..) => pre,
    };
    let post = post.map_or((0, 0), |post| (1, post));
    let dev = dev.map_or((1, 0), |dev| (0, dev));
    let local = local.map_or_else(Vec::new, |local| {
        local
            .split(['.', '-', '_'])
            .map(|part| {
                part.parse()
                    .map_or_else(|_| (0, 0, part.to_owned()), |number| (1, number, String::new()))
            })
            .collect()
    });
    Ok((epoch, release, pre, post, dev, local))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use super::{Scheme, compare};

    #[test]
    fn versions_are_ordered() {
        for (scheme, a, b, want) in [
            (Scheme::Loose, "1.10", "1.9", Greater),
            (Scheme::Loose, "1.2.0", "1.2", Greater),
            (Scheme::Loose, "1.2rc1", "1.2rc2", Less),
            (Scheme::Loose, "2.0-1", "2.0-2", Less),
            (Scheme::Strict, "1.2a1", "1.2", Less),
            (Scheme::Strict, "1.2", "1.2.0", Equal),
            (Scheme::Semantic, "1.0.0-rc.1", "1.0.0", Less),
            (Scheme::Semantic, "1.0.0-alpha.10", "1.0.0-alpha.9", Greater),
            (Scheme::Semantic, "1.0.0+a", "1.0.0+b", Equal),
            (Scheme::Python, "1.0.dev1", "1.0a1", Less),
            (Scheme::Python, "1.0.post1", "1.0", Greater),
            (Scheme::Python, "1.0rc1", "1.0", Less),
            (Scheme::Python, "1.0", "1.0.0", Equal),
            (Scheme::Python, "1!1.0", "2.0", Greater),
        ] {
            assert_eq!(compare(scheme, a, b).unwrap(), want, "{a} {b}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        assert!(compare(Scheme::Loose, "1.2", "1.x").is_err());
        assert!(compare(Scheme::Strict, "1.2.3.4", "1.2").is_err());
        assert!(compare(Scheme::Semantic, "1.2", "1.2.3").is_err());
        assert!(compare(Scheme::Python, "nonsense", "1").is_err());
    }
}
