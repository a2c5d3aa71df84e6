//! Draws unified diffs.

use crate::report::theme::{Label, Theme};

/// Lines of a diff that are shown where nobody asked for more.
pub(crate) const LIMIT: usize = 60;

/// The lines of a unified diff, styled. Of a diff of more than `limit` lines the first ones, and how many more there are.
pub(crate) fn draw(diff: &str, theme: Theme, limit: Option<usize>) -> Vec<String> {
    let lines: Vec<&str> = diff.lines().collect();
    let shown = match limit {
        Some(limit) if lines.len() > limit + 1 => limit,
        _ => lines.len(),
    };
    let mut drawn: Vec<String> =
        lines[..shown].iter().map(|line| theme.paint(label(line), line)).collect();
    if shown < lines.len() {
        let more = format!("… {} more lines; -v shows them", lines.len() - shown);
        drawn.push(theme.paint(Label::Quiet, &more));
    }
    drawn
}

fn label(line: &str) -> Label {
    match line.as_bytes().first() {
        Some(b'-') => Label::Removed,
        Some(b'+') => Label::Added,
        Some(b'@') => Label::Hunk,
        Some(b'\\') => Label::Quiet,
        _ => Label::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::report::theme::Theme;

    const DIFF: &str = "--- before\n+++ after: /x\n@@ -0,0 +1,4 @@\n+1\n+2\n+3\n+4\n";

    #[test]
    fn long_diffs_are_cut_and_counted() {
        let drawn = draw(DIFF, Theme::default(), Some(4));
        insta::assert_snapshot!(drawn.join("\n"), @r"
        --- before
        +++ after: /x
        @@ -0,0 +1,4 @@
        +1
        … 3 more lines; -v shows them
        ");
        assert_eq!(
            draw(DIFF, Theme::default(), Some(6)).len(),
            7,
            "cutting off one line saves none"
        );
        assert_eq!(draw(DIFF, Theme::default(), None).len(), 7);
    }

    #[test]
    fn lines_are_styled_by_what_they_are() {
        let drawn = draw("@@ x\n-a\n+b\n c\n", Theme::new(true), None);
        assert_eq!(drawn, ["\x1b[36m@@ x\x1b[0m", "\x1b[31m-a\x1b[0m", "\x1b[32m+b\x1b[0m", " c"]);
    }
}
