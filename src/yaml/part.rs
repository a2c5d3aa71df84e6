//! From a part of a string's value back to where that part was written.

use std::ops::Range;

use crate::source::Span;
use crate::yaml::{Kind, Node, Style};

impl Node {
    /// Where the bytes `range` of this string's value stand in the source.
    ///
    /// Folded lines and indentation are followed; where escapes make value and text differ otherwise, it is the whole node.
    pub fn part(&self, range: Range<usize>) -> Span {
        let found = self.places().and_then(|places| {
            let start = *places.get(range.start)?;
            let last = *places.get(range.end.checked_sub(1)?.max(range.start))?;
            let width = self.span.source().text()[last..].chars().next().map_or(0, char::len_utf8);
            Some((start, if range.is_empty() { start } else { last + width }))
        });
        match found {
            Some((start, end)) => Span::new(self.span.source(), start, end),
            None => self.span.clone(),
        }
    }

    /// For every byte of the value, the offset in the source of the character it belongs to.
    fn places(&self) -> Option<Vec<usize>> {
        let Kind::Str(value, style) = &self.kind else { return None };
        let text = self.span.text();
        let mut at = match style {
            Style::Plain => 0,
            Style::Quoted => text.starts_with(['"', '\'']).then_some(1)?,
            Style::Block => text.find('\n')? + 1,
        };
        let mut places = Vec::with_capacity(value.len());
        for letter in value.chars() {
            let rest = &text[at..];
            if letter == ' ' || letter == '\n' {
                // A space may have been a line break with indentation, and be the first of several.
                let blank = rest.starts_with(letter) || rest.starts_with(['\n', '\r', ' ']);
                if !blank {
                    return None;
                }
                places.extend(std::iter::repeat_n(self.span.start() + at, letter.len_utf8()));
                at += 1;
                continue;
            }
            let skipped = rest.len() - rest.trim_start_matches([' ', '\n', '\r']).len();
            if !text[at + skipped..].starts_with(letter) {
                return None;
            }
            at += skipped;
            places.extend(std::iter::repeat_n(self.span.start() + at, letter.len_utf8()));
            at += letter.len_utf8();
        }
        Some(places)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::source::Source;
    use crate::yaml::parse;

    fn check(text: &str, part: &str, expected: &str) {
        let node = parse(&Source::new("f.yml", text)).0.unwrap();
        let node = node.get("k").unwrap();
        let start = node.as_str().unwrap().find(part).unwrap();
        let span = node.part(start..start + part.len());
        assert_eq!(format!("{span} {}", span.text()), expected, "{text}");
    }

    #[test]
    fn parts_lead_back() {
        check("k: src=a dest=é mode=1\n", "mode=1", "f.yml:1:17 mode=1");
        check("k: 'a b=c'\n", "b=c", "f.yml:1:7 b=c");
        check("k: src=a\n  dest=b\n  x=y\n", "x=y", "f.yml:3:3 x=y");
        check("k: >\n   one\n   two=3\n", "two=3", "f.yml:3:4 two=3");
        check("k: |\n  if x\n    then a=b\n", "a=b", "f.yml:3:10 a=b");
        check("k: \"a\\tb c=d\"\n", "c=d", "f.yml:1:4 \"a\\tb c=d\"");
        check("k: 'it''s c=d'\n", "c=d", "f.yml:1:4 'it''s c=d'");
    }
}
