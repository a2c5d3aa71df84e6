//! Shell patterns as Python's `fnmatch` reads them: `*`, `?`, `[abc]`, `[!a-z]`.

/// Whether all of `text` matches `pattern`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut letter) = (0, 0);
    // Where to go on after a `*` that has to take one letter more.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let step = match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, letter));
                at += 1;
                continue;
            }
            Some(_) => text.get(letter).and_then(|letter| one(&pattern, at, *letter)),
            None if letter == text.len() => return true,
            None => None,
        };
        match (step, &mut retry) {
            (Some(next), _) => {
                at = next;
                letter += 1;
            }
            (None, Some((after_star, taken))) if *taken < text.len() => {
                *taken += 1;
                (at, letter) = (*after_star, *taken);
            }
            (None, _) => return false,
        }
    }
}

/// Where the pattern goes on if its next part takes `letter`.
fn one(pattern: &[char], at: usize, letter: char) -> Option<usize> {
    match pattern[at] {
        '?' => Some(at + 1),
        '[' => match class_end(pattern, at) {
            Some(end) => in_class(&pattern[at + 1..end], letter).then_some(end + 1),
            None => (letter == '[').then_some(at + 1),
        },
        same => (letter == same).then_some(at + 1),
    }
}

/// The closing bracket; one right behind the opening one or its `!` is a member.
fn class_end(pattern: &[char], start: usize) -> Option<usize> {
    let first = start + 1 + usize::from(pattern.get(start + 1) == Some(&'!'));
    (first + 1..pattern.len()).find(|&at| pattern[at] == ']')
}

fn in_class(class: &[char], letter: char) -> bool {
    let (negated, class) = match class {
        ['!', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut at = 0;
    let mut found = false;
    while at < class.len() {
        if class.get(at + 1) == Some(&'-') && at + 2 < class.len() {
            found |= (class[at]..=class[at + 2]).contains(&letter);
            at += 3;
        } else {
            found |= class[at] == letter;
            at += 1;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn as_fnmatch() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("web*", "web1", true),
            ("web*", "aweb1", false),
            ("*.ex.com", "db-2.ex.com", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("we?", "web", true),
            ("we?", "we", false),
            ("[w]eb1", "web1", true),
            ("we[!b]", "web", false),
            ("we[a-c]1", "web1", true),
            ("web[", "web[", true),
            ("[]]x", "]x", true),
            ("Web", "web", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
