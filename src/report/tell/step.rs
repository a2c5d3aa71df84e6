//! The lines of one step.

use crate::record::{Lost, StepRecord, TaskRecord, Verdict};
use crate::report::tell::{Manner, result};
use crate::report::theme::Label;
use crate::report::{change, diff, python};

/// What is written of a step; either may be empty.
#[derive(Default)]
pub(super) struct Told {
    pub(super) out: String,
    pub(super) err: String,
}

/// Tells a step. `sums_up` says that it is the summary of a loop whose items were told.
pub(super) fn tell(task: &TaskRecord, step: &StepRecord, sums_up: bool, manner: &Manner) -> Told {
    let mut told = Told::default();
    if !sums_up {
        for text in &step.warnings {
            told.err.push_str(&warning(text, manner));
        }
        if manner.diff {
            told.out.push_str(&diffs(step, manner));
        }
    }
    let lines = if sums_up { sum(step, manner) } else { status(task, step, manner) };
    for (label, line) in lines {
        told.out.push_str(&manner.theme.paint(label, &line));
        told.out.push('\n');
    }
    if manner.strict
        && !sums_up
        && let Verdict::Failed { message, .. } = &step.verdict
    {
        let text = format!("[ERROR]: {}\nOrigin: {}\n", message.trim_end(), task.place);
        told.err.push_str(&manner.theme.paint(Label::Failed, &text));
    }
    told
}

/// Tells that a host is gone.
pub(super) fn lost(lost: &Lost, manner: &Manner) -> String {
    let results = serde_json::json!({ "changed": false, "msg": lost.message, "unreachable": true });
    let json = results.as_object().map(python::line).unwrap_or_default();
    let mut text = format!("fatal: [{}]: UNREACHABLE! => {json}\n", lost.host);
    if !manner.strict {
        lost.help.iter().for_each(|help| text.push_str(&format!("  help: {help}\n")));
    }
    manner.theme.paint(Label::Unreachable, &text)
}

/// Tells a warning.
pub(super) fn warning(text: &str, manner: &Manner) -> String {
    manner.theme.paint(Label::Warning, &format!("[WARNING]: {}\n", text.trim_end()))
}

/// The line that says how a step went.
fn status(task: &TaskRecord, step: &StepRecord, manner: &Manner) -> Vec<(Label, String)> {
    let host = host(step);
    let item = step.item.as_ref().map(|item| format!(" => (item={item})")).unwrap_or_default();
    match &step.verdict {
        Verdict::Ok if manner.brief && !result::shows(task) => Vec::new(),
        Verdict::Skipped { .. } if manner.brief => Vec::new(),
        Verdict::Ok => {
            vec![(Label::Ok, format!("ok: [{host}]{item}{}", result::suffix(task, step, manner)))]
        }
        Verdict::Changed => {
            let suffix = result::suffix(task, step, manner);
            vec![(Label::Changed, format!("changed: [{host}]{item}{suffix}"))]
        }
        Verdict::Skipped { .. } => {
            let space = if step.item.is_some() { " " } else { "" };
            let quiet = TaskRecord::default();
            let suffix = result::suffix(&quiet, step, manner);
            vec![(Label::Skipped, format!("skipping: [{host}]{item}{space}{suffix}"))]
        }
        Verdict::Failed { message, ignored, .. } => {
            let results = result::failure(task, step, message, manner);
            let line = match &step.item {
                Some(item) => format!("failed: [{host}] (item={item}) => {results}"),
                None => format!("fatal: [{host}]: FAILED! => {results}"),
            };
            let mut lines = vec![(Label::Failed, line)];
            if *ignored && step.item.is_none() {
                lines.push((Label::Skipped, "...ignoring".into()));
            }
            lines
        }
        Verdict::Unknown { why } => {
            let results = serde_json::json!({ "msg": format!("may change: {why}") });
            let json = results.as_object().map(python::line).unwrap_or_default();
            vec![(Label::Unknown, format!("unknown: [{host}]{item} => {json}"))]
        }
    }
}

/// What the summary of a loop adds to its items.
fn sum(step: &StepRecord, manner: &Manner) -> Vec<(Label, String)> {
    match &step.verdict {
        Verdict::Skipped { .. } if !manner.brief => {
            vec![(Label::Skipped, format!("skipping: [{}]", host(step)))]
        }
        Verdict::Failed { ignored: true, .. } => vec![(Label::Skipped, "...ignoring".into())],
        _ => Vec::new(),
    }
}

/// Diffs as Ansible shows them, and changes that have none in words.
fn diffs(step: &StepRecord, manner: &Manner) -> String {
    let mut text = String::new();
    for one in &step.changes {
        let lines = match &one.diff {
            Some(unified) if manner.strict => diff::draw(unified, manner.theme, None),
            _ => change::draw(one, step.planned, manner.theme, None),
        };
        lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        text.push('\n');
    }
    text
}

fn host(step: &StepRecord) -> String {
    match &step.delegated {
        Some(other) => format!("{} -> {other}", step.host),
        None => step.host.clone(),
    }
}

impl Told {
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty() && self.err.is_empty()
    }
}
