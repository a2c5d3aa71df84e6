//! The process's own standard output and error: the only place that writes to them.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use anstream::AutoStream;

use crate::cli::args::ColorArg;
use crate::diagnostic::{Diagnostic, render};
use crate::redact::Redactor;
use crate::report::screen::Screen;
use crate::report::theme::{Label, Theme};

/// Columns where there is no terminal.
const COLUMNS: usize = 80;

/// Rows where there is no terminal.
const ROWS: usize = 24;

/// Standard output and error. Known secrets are replaced in whatever is written.
#[derive(Clone)]
pub(crate) struct Terminal {
    redactor: Arc<Redactor>,
    /// How standard output is drawn.
    pub(crate) theme: Theme,
    /// How standard error is drawn.
    pub(crate) error_theme: Theme,
    /// Nothing but the answer may stand on standard output: all else goes to standard error.
    answer_only: bool,
    /// Nothing is said at all.
    hushed: bool,
}

impl Terminal {
    /// With colours where they are wanted: by the argument, by the environment (`NO_COLOR`, `CLICOLOR_FORCE`, `TERM`), and where
    /// there is a terminal.
    pub(crate) fn new(redactor: Arc<Redactor>, color: ColorArg) -> Self {
        let wanted = |auto: anstream::ColorChoice| match color {
            ColorArg::Always => true,
            ColorArg::Never => false,
            ColorArg::Auto => auto != anstream::ColorChoice::Never,
        };
        Self {
            redactor,
            theme: Theme::new(wanted(AutoStream::choice(&io::stdout()))),
            error_theme: Theme::new(wanted(AutoStream::choice(&io::stderr()))),
            answer_only: false,
            hushed: false,
        }
    }

    /// Keeps standard output free for one document.
    #[must_use]
    pub(crate) fn answer_only(mut self, answer_only: bool) -> Self {
        self.answer_only = answer_only;
        if answer_only {
            self.theme = self.error_theme;
        }
        self
    }

    /// The same, saying nothing: what is done on the way is told by whoever does it.
    pub(crate) fn hushed(&self) -> Self {
        Self { hushed: true, ..self.clone() }
    }

    /// Writes the one document to standard output.
    pub(crate) fn answer(&self, text: &str) {
        put(&mut io::stdout().lock(), &self.redactor.redact(text));
    }

    /// `error: message`, and below it what to do.
    pub(crate) fn error(&self, message: &str, help: &[String]) {
        self.labelled(Label::Failed, "error", message, help);
    }

    /// `warning: message`, and below it what to do.
    pub(crate) fn warn(&self, message: &str, help: &[String]) {
        self.labelled(Label::Warning, "warning", message, help);
    }

    /// What is to be said about the input, with the lines that it concerns.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        if !diagnostics.is_empty() {
            self.err(&render(diagnostics, self.error_theme.color()));
        }
    }

    /// Whether somebody can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        !self.hushed && !self.answer_only && io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Whether what is written passes by a person's eyes.
    pub(crate) fn is_watched(&self) -> bool {
        !self.answer_only && io::stdout().is_terminal()
    }

    /// Whether a picture of what is going on can be drawn on standard error without disturbing what is written.
    pub(crate) fn shows_progress(&self) -> bool {
        io::stderr().is_terminal() && (self.answer_only || io::stdout().is_terminal())
    }

    /// Rows of the terminal; none where that can't be told.
    pub(crate) fn rows() -> Option<usize> {
        terminal_size::terminal_size().map(|(_, rows)| usize::from(rows.0)).filter(|rows| *rows > 1)
    }

    /// Columns and rows of the terminal.
    pub(crate) fn size() -> (usize, usize) {
        terminal_size::terminal_size().map_or((COLUMNS, ROWS), |(columns, rows)| {
            (usize::from(columns.0).max(1), usize::from(rows.0).max(1))
        })
    }

    fn labelled(&self, label: Label, name: &str, message: &str, help: &[String]) {
        let theme = self.error_theme;
        let plain = |text: &str| theme.paint(Label::Plain, text);
        let mut text = format!("{}: {}\n", theme.paint(label, name), plain(message));
        for help in help {
            text.push_str(&format!("  {}: {}\n", theme.paint(Label::Title, "help"), plain(help)));
        }
        self.err(&text);
    }
}

impl Screen for Terminal {
    fn out(&self, text: &str) {
        if self.hushed {
            return;
        }
        if self.answer_only {
            return self.err(text);
        }
        put(&mut io::stdout().lock(), &self.redactor.redact(text));
    }

    fn err(&self, text: &str) {
        if self.hushed {
            return;
        }
        put(&mut io::stderr().lock(), &self.redactor.redact(text));
    }
}

/// Writes. A reader that went away (`converge history | head`) must not stop a run in the middle.
fn put(stream: &mut dyn Write, text: &str) {
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}
