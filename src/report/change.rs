//! Draws one change.

use converge_host::change::Sign;

use crate::record::{ChangeRecord, Kind};
use crate::report::diff;
use crate::report::theme::{Label, Theme};

/// How far what belongs to a change stands to its right.
const DEPTH: usize = 4;

/// The lines of a change: its sign and what it is, then its diff below. `planned` says that it is still to happen.
pub(crate) fn draw(
    change: &ChangeRecord,
    planned: bool,
    theme: Theme,
    limit: Option<usize>,
) -> Vec<String> {
    let (sign, label) = sign(change.sign);
    let mut words = change.what.lines();
    let mut first = theme.paint(label, &format!("{sign} {}", words.next().unwrap_or_default()));
    let mut facts: Vec<&str> = change.facts.iter().map(String::as_str).collect();
    if change.kind == Kind::Run && planned {
        facts.insert(0, "will run, effect unknown");
    }
    if !facts.is_empty() {
        first.push_str(&theme.paint(Label::Plain, &format!(" ({})", facts.join(", "))));
    }
    let mut lines = vec![first];
    lines.extend(words.map(|line| indent(DEPTH, &theme.paint(label, line))));
    if let Some(why) = &change.unknown
        && change.kind != Kind::Run
    {
        lines.push(theme.paint(Label::Unknown, &format!("  ? depends on {why}")));
    }
    if let Some(text) = &change.diff {
        lines.extend(diff::draw(text, theme, limit).iter().map(|line| indent(DEPTH, line)));
    }
    lines
}

/// A line moved to the right; an empty one stays empty.
pub(crate) fn indent(width: usize, line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("{:width$}{line}", "") }
}

fn sign(sign: Sign) -> (char, Label) {
    match sign {
        Sign::Create => ('+', Label::Added),
        Sign::Modify => ('~', Label::Changed),
        Sign::Remove => ('-', Label::Removed),
        Sign::Act => ('!', Label::Act),
    }
}
