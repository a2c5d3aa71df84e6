//! From bytes of template text to the place in the file where they are written.

use std::ops::Range;
use std::sync::Arc;

use crate::source::{Source, Span};
use crate::yaml::{Kind, Node, Style};

/// Where a template's text comes from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A string in YAML.
    Node(Node),
    /// A whole file.
    Source(Arc<Source>),
}

impl Origin {
    /// The place of some bytes of the template text; of all of it where these cannot be told apart.
    pub(crate) fn span(&self, range: Option<&Range<usize>>) -> Span {
        match self {
            Self::Source(source) => match range {
                Some(range) => Span::new(source, range.start, range.end),
                None => Span::whole(source),
            },
            Self::Node(node) => {
                range.and_then(|range| within(node, range)).unwrap_or_else(|| node.span.clone())
            }
        }
    }
}

/// The place of bytes of a YAML string in its file.
fn within(node: &Node, range: &Range<usize>) -> Option<Span> {
    let Kind::Str(text, style) = &node.kind else { return None };
    let written = node.span.text();
    let start = match style {
        Style::Plain => written.starts_with(&**text).then_some(0)?,
        Style::Quoted => written.get(1..)?.starts_with(&**text).then_some(1)?,
        Style::Block => return in_block(node, text, range),
    } + node.span.start();
    Some(Span::new(node.span.source(), start + range.start, start + range.end))
}

/// In a `|` block every line of the text is a line of the file behind some blanks.
fn in_block(node: &Node, text: &str, range: &Range<usize>) -> Option<Span> {
    let written = node.span.text();
    let mut text_at = 0;
    let mut file_at = if written.starts_with(['|', '>']) { written.find('\n')? + 1 } else { 0 };
    let mut start = None;
    for line in text.split_inclusive('\n') {
        let rest = written.get(file_at..)?;
        let file_line = rest.split_inclusive('\n').next()?;
        let bare = line.trim_end_matches('\n');
        let indent = file_line.trim_end_matches(['\n', '\r']).strip_suffix(bare)?.len();
        let at = |offset: usize| node.span.start() + file_at + indent + (offset - text_at);
        let text_end = text_at + line.len();
        if start.is_none() && range.start < text_end {
            start = Some(at(range.start));
        }
        if let Some(start) = start
            && range.end <= text_end
        {
            return Some(Span::new(node.span.source(), start, at(range.end)));
        }
        text_at = text_end;
        file_at += file_line.len();
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Origin;
    use crate::source::{Source, Span};
    use crate::yaml::{Kind, Node, Style, Tag};

    fn check(file: &str, scalar: &str, text: &str, style: Style, part: &str) {
        let source = Source::new("a.yml", file);
        let start = file.find(scalar).unwrap();
        let node = Node {
            kind: Kind::Str(text.into(), style),
            tag: Tag::None,
            span: Span::new(&source, start, start + scalar.len()),
        };
        let at = text.find(part).unwrap();
        let span = Origin::Node(node).span(Some(&(at..at + part.len())));
        assert_eq!(span.text(), part);
        assert!(span.start() >= file.find("{{").unwrap());
    }

    #[test]
    fn places_inside_scalars() {
        check("a: x {{ b }}\n", "x {{ b }}", "x {{ b }}", Style::Plain, "b");
        check("a: \"{{ bc }}\"\n", "\"{{ bc }}\"", "{{ bc }}", Style::Quoted, "bc");
        let block = "a: |\n  one\n    {{ two }}\n\n  {{ three }}\nb: 1\n";
        let scalar = "|\n  one\n    {{ two }}\n\n  {{ three }}\n";
        check(block, scalar, "one\n  {{ two }}\n\n{{ three }}\n", Style::Block, "two");
        check(block, scalar, "one\n  {{ two }}\n\n{{ three }}\n", Style::Block, "three");
    }

    #[test]
    fn what_cannot_be_mapped_is_the_whole_scalar() {
        let file = "a: 'it''s {{ b }}'\n";
        let source = Source::new("a.yml", file);
        let node = Node {
            kind: Kind::Str("it's {{ b }}".into(), Style::Quoted),
            tag: Tag::None,
            span: Span::new(&source, 3, 18),
        };
        assert_eq!(Origin::Node(node).span(Some(&(8..9))).text(), "'it''s {{ b }}'");
    }
}
