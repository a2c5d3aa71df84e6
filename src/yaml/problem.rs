//! Text that is not YAML: libyaml's words at their place, and what usually helps.

use std::sync::Arc;

use libyaml_safer::{Error, ErrorKind, Mark};

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};

/// A mistake that the grammar found. `base` is where the parser's input begins in `source`.
pub(super) fn from_libyaml(error: &Error, source: &Arc<Source>, base: usize) -> Diagnostic {
    if error.kind() == ErrorKind::Reader {
        return unreadable(source).unwrap_or_else(|| {
            Diagnostic::error(error.problem()).at(&Span::new(source, 0, 0), "")
        });
    }
    let at = |mark: Mark| {
        let start = (base + mark.index as usize).min(source.text().len());
        let width = source.text()[start..]
            .chars()
            .next()
            .filter(|first| !first.is_whitespace())
            .map_or(0, char::len_utf8);
        Span::new(source, start, start + width)
    };
    let place = at(error.problem_mark().unwrap_or_default());
    let problem = Diagnostic::error(error.problem());
    let problem = match (error.context(), error.context_mark()) {
        (Some(context), Some(mark)) if mark != error.problem_mark().unwrap_or_default() => {
            problem.at(&place, "").at(&at(mark), context)
        }
        (Some(context), _) => problem.at(&place, context),
        _ => problem.at(&place, ""),
    };
    match help(error.problem(), &place) {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// The first character that YAML does not allow in a text at all.
pub(super) fn unreadable(source: &Arc<Source>) -> Option<Diagnostic> {
    let text = source.text().trim_start_matches('\u{feff}');
    let base = source.text().len() - text.len();
    let (at, found) = text.char_indices().find(|(_, letter)| !is_readable(*letter))?;
    let span = Span::new(source, base + at, base + at + found.len_utf8());
    Some(
        Diagnostic::error(format!(
            "control characters are not allowed: found #x{:04x}",
            u32::from(found)
        ))
        .at(&span, ""),
    )
}

fn is_readable(letter: char) -> bool {
    matches!(letter,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn help(problem: &str, place: &Span) -> Option<String> {
    let text = place.source().text();
    let line_start = text[..place.start()].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line_start..place.start()];
    match problem {
        "mapping values are not allowed in this context" if before.contains(':') => {
            Some("quote a value that contains `: `".to_owned())
        }
        "found character that cannot start any token"
            if place.source().text()[place.start()..].starts_with('\t') =>
        {
            Some("indent with spaces; YAML does not allow tabs there".to_owned())
        }
        "found character that cannot start any token" => {
            Some(format!("quote a value that starts with `{}`", place.text()))
        }
        "did not find expected key" | "did not find expected '-' indicator"
            if before.trim().ends_with("}}") || before.trim_end().ends_with(['"', '\'']) =>
        {
            Some("quote the whole value, not only its beginning".to_owned())
        }
        _ => None,
    }
}
