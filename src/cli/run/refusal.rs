//! Why a saved plan is not applied.

use crate::cli::exit::End;
use crate::cli::terminal::Terminal;
use crate::diagnostic::Diagnostic;
use crate::saved::SavedError;

/// Why a saved plan is not applied.
pub(super) struct Refusal {
    /// How it ends.
    pub(super) end: End,
    pub(super) message: String,
    pub(super) help: Vec<String>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Refusal {
    /// The plan is refused for this reason.
    pub(super) fn of(message: String) -> Self {
        Self { end: End::Refused, message, help: Vec::new(), diagnostics: Vec::new() }
    }

    /// The project or the command line is not as it has to be.
    pub(super) fn invalid(diagnostics: Vec<Diagnostic>) -> Self {
        Self { end: End::Invalid, diagnostics, ..Self::of(String::new()) }
    }

    /// Adds what to do.
    pub(super) fn help(mut self, help: String) -> Self {
        self.help.push(help);
        self
    }

    /// Says why, and gives it back as text.
    pub(super) fn tell(&self, terminal: &Terminal) -> String {
        if self.diagnostics.is_empty() {
            terminal.error(&self.message, &self.help);
            return self.message.clone();
        }
        terminal.diagnostics(&self.diagnostics);
        self.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl From<SavedError> for Refusal {
    fn from(error: SavedError) -> Self {
        let end = if error.refuses() { End::Refused } else { End::Invalid };
        Self { end, help: error.help().into_iter().collect(), ..Self::of(error.to_string()) }
    }
}
