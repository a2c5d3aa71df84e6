//! Labels for what is drawn, and the styles they have on a terminal.
//!
//! The rest of the code names labels, never colours. The colours are those that Ansible's users know.

use anstyle::{AnsiColor, Style};

use crate::record::clean;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// A title: of a play, a task, the recap.
    Title,
    /// A host's name.
    Host,
    /// Something that matters less: places, hints.
    Quiet,
    /// A line that goes, or what is removed.
    Removed,
    /// A line that comes, or what is made.
    Added,
    /// Where in a file a diff is.
    Hunk,
    /// Nothing to do.
    Ok,
    /// Something changes.
    Changed,
    /// Something is done whose effect is not a state: a command, a restart.
    Act,
    /// Not for this host.
    Skipped,
    /// A failure.
    Failed,
    /// A host that can't be reached.
    Unreachable,
    /// What can't be told before applying.
    Unknown,
    /// What the user should be told.
    Warning,
    /// Text without a label of its own.
    Plain,
}

/// Draws labelled text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    color: bool,
}

impl Theme {
    /// With colours or without.
    pub fn new(color: bool) -> Self {
        Self { color }
    }

    /// Whether colours are used.
    pub fn color(self) -> bool {
        self.color
    }

    /// The text as it is to be written: safe for a terminal, and each line in the style of its label.
    pub fn paint(self, label: Label, text: &str) -> String {
        let text = clean(text);
        let style = label.style();
        if !self.color || style.is_plain() {
            return text.into_owned();
        }
        let lines = text.split('\n').map(|line| {
            if line.is_empty() { String::new() } else { format!("{style}{line}{style:#}") }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Label {
    fn style(self) -> Style {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
        match self {
            Self::Title => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
            Self::Removed | Self::Failed => color(AnsiColor::Red),
            Self::Added | Self::Ok => color(AnsiColor::Green),
            Self::Hunk | Self::Skipped => color(AnsiColor::Cyan),
            Self::Changed | Self::Act => color(AnsiColor::Yellow),
            Self::Unreachable => color(AnsiColor::Red).bold(),
            Self::Unknown => color(AnsiColor::Magenta),
            Self::Warning => color(AnsiColor::Magenta).bold(),
            Self::Host => Style::new().bold(),
            Self::Plain => Style::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, Theme};

    #[test]
    fn each_line_is_styled_and_nothing_else_of_it_is_obeyed() {
        let theme = Theme::new(true);
        assert_eq!(
            theme.paint(Label::Failed, "a\n\nb\x1b[2J"),
            "\x1b[31ma\x1b[0m\n\n\x1b[31mb^[[2J\x1b[0m"
        );
        assert_eq!(theme.paint(Label::Plain, "a"), "a");
        assert_eq!(Theme::new(false).paint(Label::Failed, "a\x07"), "a^G");
    }
}
