//! Tables of TOML with the places of what is in them, and the taking of one key after the other.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, nearest};
use crate::environment::time::duration;
use crate::source::{Source, Span, Spanned};

/// A value and its bytes.
pub(super) type Part<'t> = toml::Spanned<DeValue<'t>>;

/// A table of which keys are taken; what is left when all known ones were is a mistake.
pub(super) struct Table<'a, 't> {
    source: &'a Arc<Source>,
    entries: BTreeMap<String, (Range<usize>, &'a Part<'t>)>,
    known: Vec<&'static str>,
}

impl<'a, 't> Table<'a, 't> {
    /// The whole of a table.
    pub(super) fn new(source: &'a Arc<Source>, table: &'a DeTable<'t>) -> Self {
        let entry = |(key, value): (&'a toml::Spanned<_>, &'a Part<'t>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            (name.to_string(), (key.span(), value))
        };
        Self { source, entries: table.iter().map(entry).collect(), known: Vec::new() }
    }

    /// Takes a table, or says that the value is none.
    pub(super) fn of(
        source: &'a Arc<Source>,
        name: &str,
        part: &'a Part<'t>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        match part.get_ref() {
            DeValue::Table(table) => Some(Self::new(source, table)),
            other => {
                problems.push(wrong(name, "a table", other).at(&span(source, part.span()), ""));
                None
            }
        }
    }

    /// Takes a key.
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'a Part<'t>> {
        self.known.push(key);
        self.entries.remove(key).map(|(_, value)| value)
    }

    /// Whether a key is there that was not taken yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Every entry that was not taken, whatever it is called, in the order of the file.
    pub(super) fn rest(&mut self) -> Vec<(Spanned<String>, &'a Part<'t>)> {
        let mut rest: Vec<_> = std::mem::take(&mut self.entries)
            .into_iter()
            .map(|(name, (range, value))| (Spanned::new(name, span(self.source, range)), value))
            .collect();
        rest.sort_by_key(|(name, _)| name.span.start());
        rest
    }

    /// Says which keys are unknown.
    pub(super) fn end(mut self, what: &str, problems: &mut Vec<Diagnostic>) {
        for (name, _) in self.rest() {
            let problem = Diagnostic::error(format!("unknown key `{}` in {what}", name.value))
                .at(&name.span, "");
            problems.push(match nearest(&name.value, self.known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("there are {}", self.known.join(", "))),
            });
        }
    }

    /// A text.
    pub(super) fn text(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<String>> {
        let part = self.take(key)?;
        self.one_text(key, "text", part, problems)
    }

    /// A text, or a list of texts.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Spanned<String>>> {
        let part = self.take(key)?;
        let wanted = "text or a list of texts";
        Some(match part.get_ref() {
            DeValue::Array(items) => {
                let each = items.iter();
                each.filter_map(|item| self.one_text(key, wanted, item, problems)).collect()
            }
            _ => self.one_text(key, wanted, part, problems).into_iter().collect(),
        })
    }

    fn one_text(
        &self,
        key: &str,
        wanted: &str,
        part: &Part<'_>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<String>> {
        let at = self.span(part);
        match part.get_ref() {
            DeValue::String(text) if text.trim().is_empty() => {
                problems.push(Diagnostic::error(format!("`{key}` is empty")).at(&at, ""));
                None
            }
            DeValue::String(text) => Some(Spanned::new(text.to_string(), at)),
            other => {
                problems.push(wrong(key, wanted, other).at(&at, ""));
                None
            }
        }
    }

    /// True or false.
    pub(super) fn flag(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Spanned<bool>> {
        let part = self.take(key)?;
        match part.get_ref() {
            DeValue::Boolean(flag) => Some(Spanned::new(*flag, self.span(part))),
            other => {
                problems.push(wrong(key, "true or false", other).at(&self.span(part), ""));
                None
            }
        }
    }

    /// A whole number of at least `least`.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        least: usize,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<usize> {
        let part = self.take(key)?;
        let number = whole(part).filter(|number| *number >= least);
        if number.is_none() {
            let wanted = format!("a whole number of at least {least}");
            problems.push(wrong(key, &wanted, part.get_ref()).at(&self.span(part), ""));
        }
        number
    }

    /// A length of time.
    pub(super) fn time(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Duration> {
        let text = self.text(key, problems)?;
        let time = duration(&text.value);
        if time.is_none() {
            let problem =
                Diagnostic::error(format!("`{key}` is no length of time: `{}`", text.value));
            problems.push(
                problem.at(&text.span, "").help("write it like `90s`, `5m`, `1h30m`, `7d` or `2w`"),
            );
        }
        time
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        problems: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        let text = self.text(key, problems)?;
        let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, meant)| *meant);
        if found.is_none() {
            let problem = Diagnostic::error(format!("`{key}` can't be `{}`", text.value));
            let problem = problem.at(&text.span, "");
            let names = words.iter().map(|(word, _)| *word);
            problems.push(match nearest(&text.value, names.clone()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("there are {}", names.collect::<Vec<_>>().join(", "))),
            });
        }
        found
    }

    /// Where a value stands.
    pub(super) fn span(&self, part: &Part<'_>) -> Span {
        span(self.source, part.span())
    }

    /// The text that it all stands in.
    pub(super) fn source(&self) -> &'a Arc<Source> {
        self.source
    }
}

/// A whole number that is not negative.
pub(super) fn whole(part: &Part<'_>) -> Option<usize> {
    let DeValue::Integer(number) = part.get_ref() else { return None };
    usize::from_str_radix(number.as_str(), number.radix()).ok()
}

/// That a value is of another kind than it has to be.
pub(super) fn wrong(key: &str, wanted: &str, found: &DeValue<'_>) -> Diagnostic {
    let found = match found {
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    };
    Diagnostic::error(format!("`{key}` must be {wanted}, not {found}"))
}

pub(super) fn span(source: &Arc<Source>, range: Range<usize>) -> Span {
    Span::new(source, range.start, range.end)
}
