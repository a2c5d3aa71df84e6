//! "Did you mean": the known names nearest to an unknown one.

/// The names that differ from `wanted` by little, the nearest first; at most three.
pub(crate) fn nearest<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let mut found: Vec<(usize, &str)> = known
        .filter(|name| name.len().abs_diff(wanted.len()) <= limit)
        .filter_map(|name| {
            let distance = distance(wanted, name);
            (distance <= limit && distance > 0).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, name)| name).collect()
}

/// How many letters have to be added, removed, replaced or swapped.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1]];
    for i in 0..a.len() {
        rows.rotate_left(1);
        // Now rows[0] is the row above and rows[2] the one above that.
        let [above, row, higher] = &mut rows;
        row[0] = i + 1;
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(higher[j - 1] + 1);
            }
        }
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distances() {
        for (a, b, want) in [
            ("", "abc", 3),
            ("nginx_prot", "nginx_port", 1),
            ("kitten", "sitting", 3),
            ("abc", "abc", 0),
        ] {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }

    #[test]
    fn only_near_names_are_offered() {
        let known = ["nginx_port", "nginx_user", "postgres_port"];
        assert_eq!(nearest("nginx_prt", known.into_iter()), ["nginx_port"]);
        assert!(nearest("x", known.into_iter()).is_empty());
    }
}
