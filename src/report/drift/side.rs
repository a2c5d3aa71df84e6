//! Unified diffs side by side.

/// One row: what is on the left, and what on the right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// The same on both sides: its numbers and text.
    Same(usize, usize, String),
    /// Different, or on one side only.
    Differs(Option<(usize, String)>, Option<(usize, String)>),
    /// Lines are left out here.
    Gap,
}

/// The rows of a unified diff. A run of removed lines stands beside the added lines that follow it.
pub(super) fn rows(diff: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut left, mut right) = (0, 0);
    let (mut gone, mut come): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for line in diff.lines().skip(2) {
        match line.split_at_checked(1) {
            Some(("-", text)) => {
                if !come.is_empty() {
                    pair(&mut rows, &mut gone, &mut come);
                }
                gone.push((left, text.to_owned()));
                left += 1;
            }
            Some(("+", text)) => {
                come.push((right, text.to_owned()));
                right += 1;
            }
            Some(("@", _)) => {
                pair(&mut rows, &mut gone, &mut come);
                (left, right) = starts(line);
                if left > 1 || !rows.is_empty() {
                    rows.push(Row::Gap);
                }
            }
            // `\ No newline at end of file` belongs to the line before it.
            Some(("\\", _)) => {}
            other => {
                pair(&mut rows, &mut gone, &mut come);
                let text = other.map(|(_, text)| text).unwrap_or_default();
                rows.push(Row::Same(left, right, text.to_owned()));
                left += 1;
                right += 1;
            }
        }
    }
    pair(&mut rows, &mut gone, &mut come);
    rows
}

fn pair(rows: &mut Vec<Row>, gone: &mut Vec<(usize, String)>, come: &mut Vec<(usize, String)>) {
    let (mut left, mut right) = (gone.drain(..), come.drain(..));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return,
            (one, other) => rows.push(Row::Differs(one, other)),
        }
    }
}

/// The first lines of a hunk: `@@ -3,4 +5,6 @@`.
fn starts(hunk: &str) -> (usize, usize) {
    let mut numbers = hunk.split([' ', ',']).filter_map(|word| {
        let digits = word.strip_prefix(['-', '+'])?;
        digits.parse::<usize>().ok()
    });
    (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::{Row, rows};

    fn told(diff: &str) -> Vec<String> {
        let side = |side: &Option<(usize, String)>| {
            side.as_ref().map_or("-".to_owned(), |(number, text)| format!("{number}:{text}"))
        };
        let row = |row: Row| match row {
            Row::Same(left, right, text) => format!("{left}={right} {text}"),
            Row::Differs(left, right) => format!("{} | {}", side(&left), side(&right)),
            Row::Gap => "…".into(),
        };
        rows(diff).into_iter().map(row).collect()
    }

    #[test]
    fn what_goes_stands_beside_what_comes() {
        let diff = "--- a\n+++ b\n@@ -3,5 +3,4 @@\n x\n-1\n-2\n+one\n y\n@@ -20 +19,2 @@\n-z\n+z\n\\ No newline at end of file\n+w\n";
        assert_eq!(
            told(diff),
            ["…", "3=3 x", "4:1 | 4:one", "5:2 | -", "6=5 y", "…", "20:z | 19:z", "- | 20:w"]
        );
        assert_eq!(told("--- a\n+++ b\n@@ -0,0 +1,2 @@\n+a\n+\n"), ["- | 1:a", "- | 2:"]);
    }
}
