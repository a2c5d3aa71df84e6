//! Draws why tasks would change something, or were skipped, with the variables that they read.

use crate::record::{StepRecord, Story, TaskRecord, Verdict};
use crate::report::plan::Style;
use crate::report::theme::{Label, Theme};
use crate::report::{change, diff, hosts};

/// Values are cut behind so many letters.
const LETTERS: usize = 80;

/// What a task read on a host.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Where the task stands: `file:line:column`.
    pub place: String,
    /// The host.
    pub host: String,
    /// The variables, in the order in which each was read first.
    pub used: Vec<Used>,
}

/// A variable that a task read.
#[derive(Clone, Debug)]
pub struct Used {
    /// Its name.
    pub name: String,
    /// What it is.
    pub value: String,
    /// Where it comes from, in words.
    pub from: String,
}

/// The tasks of a story that somebody asked about. Tasks that have nothing to do are left out where `quiet` says so.
pub fn draw(story: &Story, readings: &[Reading], quiet: bool, style: Style) -> String {
    let theme = style.theme;
    let mut text = String::new();
    for task in story.tasks() {
        let about: Vec<&Reading> = readings.iter().filter(|one| one.place == task.place).collect();
        let steps: Vec<&StepRecord> = task
            .steps
            .iter()
            .filter(|step| about.iter().any(|one| one.host == step.host))
            .filter(|step| !(quiet && step.verdict == Verdict::Ok))
            .filter(|step| !task.sums_up(step))
            .collect();
        if steps.is_empty() {
            continue;
        }
        let place = theme.paint(Label::Quiet, &format!("({})", task.place));
        text.push_str(&format!("{}  {place}\n", theme.paint(Label::Title, &task.title())));
        let mut last = "";
        for step in &steps {
            if step.host != last {
                last = &step.host;
                text.push_str(&format!("  {}\n", theme.paint(Label::Host, last)));
                let used = about.iter().find(|one| one.host == last).map(|one| &one.used[..]);
                text.push_str(&variables(used.unwrap_or_default(), theme));
            }
            text.push_str(&of_step(task, step, style));
        }
        text.push('\n');
    }
    text
}

/// What became of a task, and why.
fn of_step(task: &TaskRecord, step: &StepRecord, style: Style) -> String {
    let theme = style.theme;
    let item = step.item.as_ref().map(|item| format!("item {item}: ")).unwrap_or_default();
    let (label, told) = match &step.verdict {
        Verdict::Ok if step.probed => (Label::Ok, "was run, since it changes nothing".to_owned()),
        Verdict::Ok => (Label::Ok, "nothing to do: it is as the task says".to_owned()),
        Verdict::Changed if step.changes.is_empty() => {
            (Label::Changed, format!("says that it changes something ({})", task.module))
        }
        Verdict::Changed => (Label::Changed, "would change".to_owned()),
        Verdict::Skipped { condition: Some(condition) } => {
            (Label::Skipped, format!("is skipped: `{condition}` does not hold"))
        }
        Verdict::Skipped { condition: None } => (Label::Skipped, "is skipped".to_owned()),
        Verdict::Failed { message, .. } => (Label::Failed, format!("would fail: {message}")),
        Verdict::Unknown { why } => (Label::Unknown, format!("may change: {why}")),
    };
    let mut text = format!("    {}\n", theme.paint(label, &format!("{item}{told}")));
    let limit = (!style.verbose).then_some(diff::LIMIT);
    let lines = |one| change::draw(one, step.planned, theme, limit);
    for line in step.changes.iter().flat_map(lines) {
        text.push_str(&format!("      {line}\n"));
    }
    text
}

/// The variables in columns: name and value, and where they come from.
fn variables(used: &[Used], theme: Theme) -> String {
    let mut text = String::new();
    for one in used {
        let mut value: String = one.value.chars().take(LETTERS).collect();
        if value.len() < one.value.len() {
            value.push('…');
        }
        let from = theme.paint(Label::Quiet, &format!("  from {}", one.from));
        text.push_str(&format!(
            "    {}{from}\n",
            theme.paint(Label::Plain, &format!("{} = {value}", one.name))
        ));
    }
    text
}

/// What is known of a host before any task: its groups, and what was applied to it.
pub fn host(name: &str, groups: &[&str], theme: Theme) -> String {
    let groups = match groups {
        [] => "in no group".to_owned(),
        groups => format!("in {}", hosts::list(groups, true).replace(" hosts)", " groups)")),
    };
    format!("{}  {}\n\n", theme.paint(Label::Title, name), theme.paint(Label::Quiet, &groups))
}
