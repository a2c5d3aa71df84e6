//! The return values behind `=>`.

use serde_json::{Map, Value};

use crate::record::{HIDDEN, StepRecord, TaskRecord, Verdict};
use crate::report::change::indent;
use crate::report::python;
use crate::report::tell::Manner;

/// Modules whose results are shown over several lines, even where nobody asked for results.
const SHOWING: [&str; 2] = ["debug", "assert"];

/// Results that only repeat others.
const REPEATED: [&str; 2] = ["stdout_lines", "stderr_lines"];

/// Whether the module is there to show something.
pub(super) fn shows(task: &TaskRecord) -> bool {
    SHOWING.contains(&task.module.as_str())
}

/// ` => {…}`, where the return values of this step are to be shown.
pub(super) fn suffix(task: &TaskRecord, step: &StepRecord, manner: &Manner) -> String {
    let shows = shows(task);
    if !shows && manner.verbosity == 0 {
        return String::new();
    }
    let mut map = results(step);
    if shows && !step.hidden {
        if task.module == "debug" {
            ["changed", "failed", "skipped"].iter().for_each(|name| drop(map.shift_remove(*name)));
        }
        return format!(" => {}", python::pretty(&map));
    }
    format!(" => {}", python::line(&map))
}

/// What is shown of a failure: `{…}`, and outside of strict manners the output of a command readably below.
pub(super) fn failure(
    task: &TaskRecord,
    step: &StepRecord,
    message: &str,
    manner: &Manner,
) -> String {
    let mut map = results(step);
    if !step.hidden {
        map.entry("msg").or_insert_with(|| Value::from(message));
    }
    if manner.strict {
        return if shows(task) { python::pretty(&map) } else { python::line(&map) };
    }
    let mut blocks = String::new();
    REPEATED.iter().for_each(|name| drop(map.shift_remove(*name)));
    for name in ["stdout", "stderr"] {
        if let Some(Value::String(text)) = map.get(name)
            && (text.is_empty() || text.contains('\n') || text.len() > 40)
        {
            let text = text.trim_end().to_owned();
            map.shift_remove(name);
            if !text.is_empty() {
                blocks.push_str(&format!("\n  {name}:"));
                text.lines().for_each(|line| blocks.push_str(&format!("\n{}", indent(4, line))));
            }
        }
    }
    let json = if shows(task) { python::pretty(&map) } else { python::line(&map) };
    format!("{json}{blocks}\n  at {}", task.place)
}

/// The return values with `changed`, as Ansible's results have it.
fn results(step: &StepRecord) -> Map<String, Value> {
    let changed = Value::from(step.verdict == Verdict::Changed);
    if step.hidden {
        let hidden = ("censored".to_owned(), Value::from(HIDDEN));
        return Map::from_iter([hidden, ("changed".to_owned(), changed)]);
    }
    let mut map = step.results.clone().unwrap_or_default();
    map.entry("changed").or_insert(changed);
    if let Verdict::Skipped { condition } = &step.verdict {
        if let Some(condition) = condition {
            map.entry("false_condition").or_insert_with(|| Value::from(condition.as_str()));
        }
        map.entry("skip_reason").or_insert_with(|| Value::from("Conditional result was False"));
    }
    map
}
