//! "Did you mean": the name that a mistyped word stands for.

/// The candidate that `word` is most likely a slip of, if any is near enough.
///
/// Near means: at most one letter changed, left out, added or swapped with its neighbour for every three letters of the
/// longer word. Of several equally near candidates the first wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    let mut best = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        let allowed = (word.len().max(letters.len()) / 3).max(1);
        if word.len().abs_diff(letters.len()) > allowed {
            continue;
        }
        let distance = distance(&word, &letters);
        let shares_nothing = distance >= word.len().max(letters.len());
        if distance <= allowed && !shares_nothing && best.is_none_or(|(least, _)| distance < least)
        {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The edit distance, where swapping two neighbours counts as one edit.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before = vec![0; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, &letter) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &other) in right.iter().enumerate() {
            let mut least = (above[column] + usize::from(letter != other))
                .min(above[column + 1] + 1)
                .min(current[column] + 1);
            if row > 0 && column > 0 && letter == right[column - 1] && left[row - 1] == other {
                least = least.min(before[column - 1] + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    fn check(word: &str, expected: Option<&str>) {
        let names =
            ["when", "with_items", "become", "become_user", "tags", "copy", "yum", "apt", "a"];
        assert_eq!(nearest(word, names), expected, "{word}");
    }

    #[test]
    fn slips_are_recognised() {
        check("whn", Some("when"));
        check("wehn", Some("when"));
        check("becomeuser", Some("become_user"));
        check("Copy", Some("copy"));
        check("with_itmes", Some("with_items"));
        check("coyp", Some("copy"));
    }

    #[test]
    fn other_words_are_not() {
        check("service", None);
        check("x", None);
        check("file", None);
        check("", None);
    }
}
