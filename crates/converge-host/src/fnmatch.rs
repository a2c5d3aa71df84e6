//! Shell patterns as Python's `fnmatch` matches them: `*`, `?`, `[seq]`, `[!seq]`, and nothing is special about `/` or dots.
//!
//! <https://docs.python.org/3/library/fnmatch.html>

/// Whether all of a text matches a pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut on) = (0, 0);
    // Where to go on if the last star has to take one letter more.
    let mut retry: Option<(usize, usize)> = None;
    while on < text.len() {
        if pattern.get(at) == Some(&'*') {
            at += 1;
            retry = Some((at, on));
            continue;
        }
        if let Some(next) = one(&pattern, at, text[on]) {
            (at, on) = (next, on + 1);
            continue;
        }
        let Some((star, taken)) = retry else { return false };
        (at, on) = (star, taken + 1);
        retry = Some((star, taken + 1));
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

/// Where the pattern goes on after it matched one letter; none where it does not match it.
fn one(pattern: &[char], at: usize, letter: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match class(pattern, at) {
            Some((inner, end)) => in_class(inner, letter).then_some(end),
            // A bracket that is never closed is a letter like others.
            None => (letter == '[').then_some(at + 1),
        },
        other => (*other == letter).then_some(at + 1),
    }
}

/// What stands in the brackets that open at `at`, and where the pattern goes on after them.
/// What stands between the brackets that begin at a place, and where the pattern goes on after them; none where they are not closed.
pub(crate) fn class(pattern: &[char], at: usize) -> Option<(&[char], usize)> {
    let start = at + 1;
    let mut end = start + usize::from(pattern.get(start) == Some(&'!'));
    end += usize::from(pattern.get(end) == Some(&']'));
    while *pattern.get(end)? != ']' {
        end += 1;
    }
    Some((&pattern[start..end], end + 1))
}

/// Whether a letter is one of a class.
pub(crate) fn in_class(inner: &[char], letter: char) -> bool {
    let (negated, mut inner) = match inner.split_first() {
        Some(('!', rest)) => (true, rest),
        _ => (false, inner),
    };
    let mut found = false;
    while let Some((first, rest)) = inner.split_first() {
        if let ['-', last, after @ ..] = rest {
            found |= (*first..=*last).contains(&letter);
            inner = after;
        } else {
            found |= *first == letter;
            inner = rest;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_python() {
        for (pattern, text, want) in [
            ("jq", "jq", true),
            ("j?", "jq", true),
            ("1.*", "1.6-2.1", true),
            ("*-dev", "libfoo-dev", true),
            ("*-dev", "libfoo-dev2", false),
            ("*a*b*", "xaybz", true),
            ("*a*b", "xaybz", false),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("nginx-[a-f]*", "nginx-core", true),
            ("nginx-[!a-f]*", "nginx-core", false),
            ("[]x]", "]", true),
            ("a[", "a[", true),
            ("[a-", "[a-", true),
        ] {
            assert_eq!(matches(pattern, text), want, "{pattern} on {text}");
        }
    }
}
