//! Draws hosts that could not be reached.

use crate::record::Lost;
use crate::report::change::indent;
use crate::report::theme::{Label, Theme};

/// Which host, why, and what to do about it.
pub(crate) fn draw(lost: &Lost, theme: Theme) -> String {
    let mut lines = vec![format!(
        "{} {}",
        theme.paint(Label::Host, &lost.host),
        theme.paint(Label::Unreachable, "unreachable")
    )];
    lines.extend(lost.message.lines().map(|line| indent(2, &theme.paint(Label::Plain, line))));
    for help in &lost.help {
        lines.push(indent(2, &theme.paint(Label::Plain, &format!("help: {help}"))));
    }
    lines.push(String::new());
    lines.join("\n")
}
