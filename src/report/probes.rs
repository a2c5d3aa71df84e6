//! The commands that planning ran, because they change nothing.

use crate::record::{StepRecord, Story, TaskRecord};
use crate::report::change::indent;
use crate::report::hosts;
use crate::report::theme::{Label, Theme};

/// Each command with its task and its hosts, under a heading; nothing where none was run.
pub(super) fn draw(story: &Story, theme: Theme, verbose: bool) -> String {
    let mut lines = Vec::new();
    for task in story.tasks() {
        let mut seen: Vec<(String, Vec<&str>)> = Vec::new();
        for step in task.steps.iter().filter(|step| step.probed && !task.sums_up(step)) {
            let command = command(step);
            match seen.iter_mut().find(|(other, _)| *other == command) {
                Some((_, hosts)) if hosts.contains(&step.host.as_str()) => {}
                Some((_, hosts)) => hosts.push(&step.host),
                None => seen.push((command, vec![&step.host])),
            }
        }
        lines.extend(seen.iter().map(|(command, on)| line(task, command, on, theme, verbose)));
    }
    if lines.is_empty() {
        return String::new();
    }
    let title = theme.paint(Label::Title, "Run while planning, since they change nothing");
    format!("{title}\n{}\n\n", lines.join("\n"))
}

fn line(task: &TaskRecord, command: &str, on: &[&str], theme: Theme, verbose: bool) -> String {
    let place = theme.paint(Label::Quiet, &format!("({})", task.place));
    let hosts = theme.paint(Label::Host, &hosts::list(on, verbose));
    indent(2, &format!("{}  {hosts}  {place}", theme.paint(Label::Plain, command)))
}

/// The command in one line.
fn command(step: &StepRecord) -> String {
    let first = step.changes.first().map_or("", |change| change.what.as_str());
    let first = first.strip_prefix("run ").unwrap_or(first);
    match first.split_once('\n') {
        Some((line, _)) => format!("{line} …"),
        None => first.to_owned(),
    }
}
