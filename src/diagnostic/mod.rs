//! What is told to a person about their input: the message, the places it concerns, and what to do.
//!
//! A stage that reads text collects [`Diagnostic`]s and goes on, so that all mistakes are shown at once.

mod nearest;
mod render;

use std::fmt;

use crate::source::Span;

pub use nearest::nearest;
pub use render::render;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Goes on.
    Warning,
    /// Nothing is run.
    Error,
}

/// One message about the input.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The places it concerns; the first is the main one.
    pub labels: Vec<Label>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// A place and what it has to do with the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// An error.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A warning.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: &Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span: span.clone(), text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// One line without excerpts, with what to do.
    pub fn sentence(&self) -> String {
        let help = self.help.iter().map(|help| format!("; {help}"));
        help.fold(self.to_string(), |line, help| line + &help)
    }

    fn new(severity: Severity, message: String) -> Self {
        Self { severity, message, labels: Vec::new(), notes: Vec::new(), help: Vec::new() }
    }
}

impl fmt::Display for Diagnostic {
    /// One line without excerpts: `file:line:column: message`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = self.labels.first() {
            write!(formatter, "{}: ", label.span)?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}
