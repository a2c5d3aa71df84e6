//! Variables in one line: `port=80 name="a b"`.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::split::{Line, split};
use crate::source::{Source, Span, Spanned};
use crate::yaml::{Kind, Node, Style, Tag};

/// The `name=value` pairs of a line, as on the command line; every value is text.
///
/// # Errors
/// A quote or a template that does not end, or text that has no name.
pub fn pairs(source: &Arc<Source>) -> Result<Vec<(Spanned<String>, Node)>, Diagnostic> {
    let Line { named, free } = split(source.text(), |_| true)
        .map_err(|open| Diagnostic::error(open.1).at(&Span::new(source, open.0, open.0 + 1), ""))?;
    if let Some(free) = free {
        let span = Span::new(source, free.at.start, free.at.end);
        let text = free.text.trim();
        return Err(Diagnostic::error(format!("`{text}` is not `name=value`")).at(&span, ""));
    }
    let pair = |pair: crate::playbook::split::Pair| {
        let name = Span::new(source, pair.name_at.start, pair.name_at.end);
        let value = Span::new(source, pair.value_at.start, pair.value_at.end);
        let kind = Kind::Str(pair.value.into(), Style::Quoted);
        (Spanned::new(pair.name, name), Node { kind, tag: Tag::None, span: value })
    };
    Ok(named.into_iter().map(pair).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::pairs;
    use crate::source::Source;

    fn check(line: &str, expected: Result<&[(&str, &str)], &str>) {
        let found =
            pairs(&Source::new("--extra-vars", line)).map_err(|problem| problem.to_string());
        let found = found.map(|pairs| {
            let text = |node: &crate::yaml::Node| node.as_str().unwrap().to_owned();
            pairs.iter().map(|(name, value)| (name.value.clone(), text(value))).collect::<Vec<_>>()
        });
        let expected = expected.map_err(str::to_owned).map(|pairs| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<Vec<_>>()
        });
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn pairs_with_quotes_and_templates() {
        check("a=1 b='x y' c=\"{{ a }} z\"", Ok(&[("a", "1"), ("b", "x y"), ("c", "{{ a }} z")]));
        check("a={{ b | default('x y') }}", Ok(&[("a", "{{ b | default('x y') }}")]));
        check("a=", Ok(&[("a", "")]));
        check("", Ok(&[]));
    }

    #[test]
    fn what_is_no_pair_is_refused_where_it_stands() {
        check("a=1 nonsense", Err("--extra-vars:1:5: `nonsense` is not `name=value`"));
        assert!(pairs(&Source::new("--extra-vars", "a='x")).is_err());
    }
}
