//! The wildcards of OpenSSH: `*`, `?`, and lists with negation (ssh_config(5), PATTERNS).

/// Whether `text` matches `pattern`, in which `*` is any text and `?` any one character.
pub(in crate::transport::ssh) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to try again: after the last star, with one more character given to it.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, eaten)) => {
                    retry = Some((after_star, eaten + 1));
                    p = after_star;
                    t = eaten + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Whether a list matches: one pattern must, and none that begins with `!` may.
pub(in crate::transport::ssh) fn list_matches<'a>(
    patterns: impl IntoIterator<Item = &'a str>,
    text: &str,
) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(negated) if matches(negated, text) => return false,
            Some(_) => {}
            None => found |= matches(pattern, text),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{list_matches, matches};

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("*", "", true),
            ("?", "", false),
            ("*.example.org", "www.example.org", true),
            ("*.example.org", "example.org", false),
            ("192.168.0.?", "192.168.0.7", true),
            ("192.168.0.?", "192.168.0.77", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn negation_wins() {
        assert!(list_matches(["*.org", "!test.org"], "www.org"));
        assert!(!list_matches(["*.org", "!test.org"], "test.org"));
        assert!(!list_matches(["!test.org"], "www.org"), "a negation alone matches nothing");
    }
}
