//! Text and the places in it.
//!
//! Every piece of text that converge reads from a project is a [`Source`], and every value made from it keeps a [`Span`],
//! so that any later error can point at the line that caused it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// One piece of text with a name: a file of the project, or a string from the command line.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    text: String,
    secret: bool,
    lines: Lines,
}

/// Where lines begin, found when a place is asked for first. It follows from the text, so it makes no source another.
#[derive(Debug, Default)]
struct Lines(OnceLock<Vec<usize>>);

impl PartialEq for Lines {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Lines {}

/// A line and column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// A range of bytes of a [`Source`].
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    source: Arc<Source>,
    start: usize,
    end: usize,
}

/// A value together with the place it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value itself.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl Source {
    /// Makes a source. `path` is what messages call it: relative to the project where possible.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Self::with(path.into(), text.into(), false)
    }

    /// Makes a source whose text was encrypted on disk: its lines are never shown, only their numbers.
    pub fn secret(path: impl Into<PathBuf>, text: impl Into<String>) -> Arc<Self> {
        Self::with(path.into(), text.into(), true)
    }

    fn with(path: PathBuf, text: String, secret: bool) -> Arc<Self> {
        Arc::new(Self { path, text, secret, lines: Lines::default() })
    }

    /// The name of the source in messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether its text must not be shown.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The line and column of a byte offset; an offset past the end is the end.
    pub fn place(&self, offset: usize) -> Place {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines = self.lines.0.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect()
        });
        let line = lines.partition_point(|start| *start <= offset);
        let start = lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        Place { line, column: self.text[start..offset].chars().count() + 1 }
    }
}

impl Span {
    /// The bytes `start..end` of `source`, cut to its length.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        let length = source.text.len();
        let start = start.min(length);
        Self { source: Arc::clone(source), start, end: end.clamp(start, length) }
    }

    /// The whole of `source`.
    pub fn whole(source: &Arc<Source>) -> Self {
        Self::new(source, 0, source.text.len())
    }

    /// The source it lies in.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The first byte.
    pub fn start(&self) -> usize {
        self.start
    }

    /// The byte after the last.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The line and column of the first byte.
    pub fn place(&self) -> Place {
        self.source.place(self.start)
    }

    /// The text it covers; empty where an end does not fall between characters.
    pub fn text(&self) -> &str {
        self.source.text.get(self.start..self.end).unwrap_or("")
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        write!(formatter, "{}:{}:{}", self.source.path.display(), place.line, place.column)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}+{}", self.end - self.start)
    }
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: make(self.value), span: self.span }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Source, Span};

    #[test]
    fn places_count_lines_and_characters() {
        let source = Source::new("a.yml", "é: 1\nb: ü\n");
        assert_eq!(source.place(0), Place { line: 1, column: 1 });
        assert_eq!(source.place(2), Place { line: 1, column: 2 });
        assert_eq!(source.place(6), Place { line: 2, column: 1 });
        assert_eq!(source.place(10), Place { line: 2, column: 4 }, "inside ü counts as its start");
        assert_eq!(source.place(999), Place { line: 3, column: 1 });
    }

    #[test]
    fn spans_print_as_editors_read_them() {
        let source = Source::new("roles/a/tasks/main.yml", "x\n  yes: no\n");
        let span = Span::new(&source, 4, 7);
        assert_eq!(span.to_string(), "roles/a/tasks/main.yml:2:3");
        assert_eq!(span.text(), "yes");
    }
}
