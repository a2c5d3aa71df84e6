//! Why something of a task can't be bound.

use converge_host::stop::Why;

use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::template::TemplateError;
use crate::value::FaultKind;

/// Ends the binding of a task on a host.
#[derive(Clone, Debug)]
pub(crate) enum Halt {
    /// Only applying can tell.
    Unknown(Why),
    /// A mistake. Something undefined is one that a condition may make irrelevant.
    Mistake {
        /// It is that something is not defined.
        undefined: bool,
        /// It is that this machine lacks a file.
        absent: bool,
        /// What is told.
        diagnostic: Box<Diagnostic>,
    },
}

impl Halt {
    /// A mistake in words.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Diagnostic::error(message).into()
    }

    /// A file that this machine lacks, in words.
    pub(crate) fn absent(message: impl Into<String>) -> Self {
        let diagnostic = Box::new(Diagnostic::error(message));
        Self::Mistake { undefined: false, absent: true, diagnostic }
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Self::Mistake { diagnostic, .. } = &mut self {
            diagnostic.help.push(help.into());
        }
        self
    }

    /// Adds a place.
    pub(crate) fn at(mut self, span: &Span) -> Self {
        if let Self::Mistake { diagnostic, .. } = &mut self {
            let with = diagnostic.as_ref().clone().at(span, "");
            **diagnostic = with;
        }
        self
    }

    /// What is told.
    pub(crate) fn into_diagnostic(self) -> Diagnostic {
        match self {
            Self::Unknown(why) => {
                Diagnostic::error(format!("this depends on {why}, which only applying can tell"))
            }
            Self::Mistake { diagnostic, .. } => *diagnostic,
        }
    }

    /// What is told, in text: the message, its place, and what to do.
    pub(crate) fn message(&self) -> String {
        let diagnostic = self.clone().into_diagnostic();
        let place = diagnostic
            .labels
            .first()
            .map(|label| format!("\n  at {}", label.span))
            .unwrap_or_default();
        let notes = diagnostic.notes.iter().map(|note| format!("\n  note: {note}"));
        let help = diagnostic.help.iter().map(|help| format!("\n  help: {help}"));
        format!("{}{place}{}", diagnostic.message, notes.chain(help).collect::<String>())
    }
}

impl From<TemplateError> for Halt {
    fn from(error: TemplateError) -> Self {
        let undefined = error.kind() == FaultKind::Undefined;
        let diagnostic = Box::new(error.into_diagnostic());
        Self::Mistake { undefined, absent: false, diagnostic }
    }
}

impl From<Diagnostic> for Halt {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Mistake { undefined: false, absent: false, diagnostic: Box::new(diagnostic) }
    }
}
