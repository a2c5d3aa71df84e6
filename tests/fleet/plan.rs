//! Reading plans.

use std::collections::BTreeSet;

use serde_json::Value;

/// What would change: `sign what`, in the order of the plan, once for each host.
pub(crate) fn changes(document: &Value) -> Vec<String> {
    told(document, "plan")
}

/// What was changed, likewise.
pub(crate) fn performed(document: &Value) -> Vec<String> {
    told(document, "run")
}

/// The paths of all changed files.
pub(crate) fn paths(document: &Value) -> BTreeSet<String> {
    let records = steps(document, "plan").flat_map(|step| list(&step["changes"]));
    let files = records.filter(|change| change["kind"] == "file");
    files.map(|change| change["what"].as_str().unwrap().to_owned()).collect()
}

fn told(document: &Value, part: &str) -> Vec<String> {
    let mut all = Vec::new();
    // What only looked has a step too, and nothing to tell.
    for step in steps(document, part).filter(|step| step["verdict"] != "ok") {
        for change in list(&step["changes"]) {
            let text = |key: &str| change[key].as_str().unwrap_or_default();
            let facts: Vec<&str> = list(&change["facts"]).filter_map(Value::as_str).collect();
            let what = format!("{} {} {}", text("sign"), text("what"), facts.join(", "));
            all.push(format!("{}: {}", step["host"].as_str().unwrap(), what.trim_end()));
        }
    }
    all
}

fn steps<'a>(document: &'a Value, part: &'a str) -> impl Iterator<Item = &'a Value> {
    list(&document[part]["plays"])
        .flat_map(|play| list(&play["tasks"]))
        .flat_map(|task| list(&task["steps"]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
