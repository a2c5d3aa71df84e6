//! The only place that draws excerpts of source text.

use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::{Source, Span};

/// Draws diagnostics one below the other, each with the lines it concerns, its notes and its help.
///
/// `color` adds terminal escapes. The text ends with a line break unless there is nothing to say.
pub fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic)]));
        text.push_str("\n\n");
    }
    if text.ends_with("\n\n") {
        text.pop();
    }
    text
}

fn group(diagnostic: &Diagnostic) -> Group<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    for (number, (source, labels)) in by_source(&diagnostic.labels).into_iter().enumerate() {
        group = if source.is_secret() {
            labels.iter().fold(group, |group, label| group.element(origin(&label.span)))
        } else {
            group.element(excerpt(source, &labels, number == 0))
        };
    }
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(note.as_str()));
    let help = diagnostic.help.iter().map(|help| Level::HELP.message(help.as_str()));
    group.elements(notes).elements(help)
}

/// The labels of each source, sources and labels in the order of their first mention.
fn by_source(labels: &[Label]) -> Vec<(&Arc<Source>, Vec<&Label>)> {
    let mut groups: Vec<(&Arc<Source>, Vec<&Label>)> = Vec::new();
    for label in labels {
        let source = label.span.source();
        match groups.iter_mut().find(|(known, _)| Arc::ptr_eq(known, source)) {
            Some((_, members)) => members.push(label),
            None => groups.push((source, vec![label])),
        }
    }
    groups
}

fn origin(span: &Span) -> Origin<'static> {
    let place = span.place();
    Origin::path(span.source().path().display().to_string())
        .line(place.line)
        .char_column(place.column)
}

fn excerpt<'a>(
    source: &'a Source,
    labels: &[&'a Label],
    leads: bool,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut snippet = Snippet::source(source.text()).path(source.path().display().to_string());
    for (number, label) in labels.iter().enumerate() {
        let kind =
            if leads && number == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = (!label.text.is_empty()).then_some(label.text.as_str());
        snippet = snippet.annotation(kind.span(first_line(&label.span)).label(text));
    }
    snippet
}

/// The part of a span on its first line: the place is what matters, and a whole task would bury it.
fn first_line(span: &Span) -> std::ops::Range<usize> {
    let text = span.source().text();
    let start = (0..=span.start()).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let end = (span.end()..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let line = text[start..end].lines().next().unwrap_or("");
    start..start + line.trim_end().len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::diagnostic::{Diagnostic, render};
    use crate::source::{Source, Span};

    fn check(diagnostic: Diagnostic, expected: &str) {
        assert_eq!(render(&[diagnostic], false), expected.strip_prefix('\n').unwrap());
    }

    #[test]
    fn two_places_of_one_file() {
        let source = Source::new("site.yml", "- hosts: all\n  tasks: []\n  hosts: web\n");
        check(
            Diagnostic::warning("duplicate key `hosts`")
                .at(&Span::new(&source, 27, 32), "this value is used")
                .at(&Span::new(&source, 2, 7), "first given here")
                .help("remove one of them"),
            "
warning: duplicate key `hosts`
 --> site.yml:3:3
  |
1 | - hosts: all
  |   ----- first given here
2 |   tasks: []
3 |   hosts: web
  |   ^^^^^ this value is used
  |
  = help: remove one of them
",
        );
    }

    #[test]
    fn two_files_and_long_spans() {
        let play = Source::new("site.yml", "- hosts: all\n  roles:\n    - web\n");
        let meta = Source::new("roles/web/meta/main.yml", "dependencies:\n  - db\n");
        check(
            Diagnostic::error("unknown role `db`")
                .at(&Span::new(&meta, 18, 20), "")
                .at(&Span::new(&play, 2, 32), "needed by this play")
                .note("looked in roles"),
            "
error: unknown role `db`
 --> roles/web/meta/main.yml:2:5
  |
2 |   - db
  |     ^^
  |
 ::: site.yml:1:3
  |
1 | - hosts: all
  |   ---------- needed by this play
  |
  = note: looked in roles
",
        );
    }

    #[test]
    fn decrypted_text_is_never_shown() {
        let source =
            Source::secret("group_vars/all/vault.yml", "password: hunter2\npassword: hunter3\n");
        let text =
            render(&[Diagnostic::error("oops").at(&Span::new(&source, 18, 26), "here")], false);
        assert!(text.contains("group_vars/all/vault.yml:2:1"), "{text}");
        assert!(!text.contains("hunter"), "{text}");
    }

    #[test]
    fn nothing_to_say_is_no_text() {
        assert_eq!(render(&[], false), "");
    }
}
