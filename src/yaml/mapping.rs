//! The entries of a mapping: merge keys pulled in, duplicate keys told.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::{Kind, Node, Style, Tag};

type Entry = (Node, Node);

/// Makes the entries of a mapping from its keys and values as written.
///
/// As in PyYAML, what `<<` brings comes first and is overridden by the mapping's own keys, of a list of merged mappings the earlier ones
/// win, and of a key that is written twice the last value stands, which is told as a warning.
pub(super) fn mapping(
    written: Vec<Entry>,
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Entry> {
    let mut merged = Vec::new();
    let mut own = Vec::new();
    for (key, value) in written {
        if is_merge(&key) {
            merge(&key, &value, &mut merged, diagnostics);
        } else {
            own.push((key, value));
        }
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(merged.len() + own.len());
    let mut places: HashMap<Key, (usize, bool)> = HashMap::new();
    for (written_here, (key, value)) in merged
        .into_iter()
        .map(|entry| (false, entry))
        .chain(own.into_iter().map(|entry| (true, entry)))
    {
        let Some(name) = Key::of(&key) else {
            diagnostics.push(unhashable(&key, span));
            continue;
        };
        match places.get_mut(&name) {
            Some((place, was_written_here)) => {
                if written_here && *was_written_here {
                    diagnostics.push(duplicate(&key, &entries[*place].0));
                }
                *was_written_here |= written_here;
                entries[*place] = (key, value);
            }
            None => {
                places.insert(name, (entries.len(), written_here));
                entries.push((key, value));
            }
        }
    }
    entries
}

fn is_merge(key: &Node) -> bool {
    key.tag == Tag::None && matches!(&key.kind, Kind::Str(text, Style::Plain) if &**text == "<<")
}

fn merge(key: &Node, value: &Node, merged: &mut Vec<Entry>, diagnostics: &mut Vec<Diagnostic>) {
    let mut refuse = |found: &Node, wanted: &str| {
        let what = found.describe();
        diagnostics.push(
            Diagnostic::error(format!("expected {wanted} for merging, but found {what}"))
                .at(&found.span, "")
                .at(&key.span, "while merging"),
        );
    };
    match &value.kind {
        Kind::Map(entries) => merged.extend(entries.iter().cloned()),
        Kind::Seq(items) => {
            for item in items.iter().rev() {
                match &item.kind {
                    Kind::Map(entries) => merged.extend(entries.iter().cloned()),
                    _ => refuse(item, "a mapping"),
                }
            }
        }
        _ => refuse(value, "a mapping or list of mappings"),
    }
}

fn duplicate(second: &Node, first: &Node) -> Diagnostic {
    Diagnostic::warning(format!("found duplicate mapping key `{}`", second.span.text()))
        .at(&second.span, "this value is used")
        .at(&first.span, "this one is not")
}

fn unhashable(key: &Node, mapping: &Span) -> Diagnostic {
    let problem =
        Diagnostic::error(format!("found unhashable key: {} cannot be a key", key.describe()));
    if mapping.text().starts_with("{{") {
        problem.at(mapping, "").help("quote a value that starts with a template: `\"{{ … }}\"`")
    } else {
        problem.at(&key.span, "")
    }
}

/// What makes two keys the same in Python, where `1`, `1.0` and `true` are.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Null,
    Whole(i64),
    Big(Arc<str>),
    Float(u64),
    Text(Arc<str>),
}

impl Key {
    fn of(node: &Node) -> Option<Self> {
        Some(match &node.kind {
            Kind::Null => Self::Null,
            Kind::Bool(value) => Self::Whole(i64::from(*value)),
            Kind::Int(value) => Self::Whole(*value),
            Kind::BigInt(digits) => Self::Big(Arc::clone(digits)),
            Kind::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
                Self::Whole(*value as i64)
            }
            Kind::Float(value) => Self::Float(value.to_bits()),
            Kind::Str(text, _) => Self::Text(Arc::clone(text)),
            Kind::Seq(_) | Kind::Map(_) => return None,
        })
    }
}
