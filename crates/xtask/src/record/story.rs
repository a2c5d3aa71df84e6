//! What is recorded: the shape of `expected.json`, and how it is made of what the callback plugin wrote.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::tree::Entry;

/// A whole `expected.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Expected {
    /// The version of ansible-core.
    pub(crate) ansible: String,
    /// The runs, in order.
    pub(crate) runs: Vec<Run>,
}

/// One run of the playbook.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    /// Its arguments, beside the inventory and `workdir`.
    pub(crate) arguments: Vec<String>,
    /// The exit code of ansible-playbook.
    pub(crate) exit: i32,
    /// The plays that were begun; a play over several batches (`serial`) is begun several times.
    pub(crate) plays: Vec<Play>,
    /// The counts of Ansible's recap that are not zero, by host.
    pub(crate) recap: BTreeMap<String, BTreeMap<String, usize>>,
    /// What is in `workdir` afterwards, by path; absent where it is the same as after the run before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<BTreeMap<String, Entry>>,
}

/// One play, or one batch of it.
#[derive(Debug, Serialize)]
pub(crate) struct Play {
    name: String,
    hosts: Vec<String>,
    tasks: Vec<Task>,
}

#[derive(Debug, Serialize)]
struct Task {
    name: String,
    module: String,
    #[serde(skip_serializing_if = "is_false")]
    handler: bool,
    results: Vec<Outcome>,
}

/// What a task did on a host.
#[derive(Debug, Deserialize, Serialize)]
struct Outcome {
    #[serde(skip_serializing_if = "String::is_empty")]
    host: String,
    status: String,
    /// An `ignored` failure that changed something before it failed.
    #[serde(default, skip_serializing_if = "is_false")]
    changed: bool,
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    item: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    hidden: bool,
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    msg: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rc: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stdout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stderr: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    items: Vec<Self>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    included: Vec<String>,
}

/// One line of the callback plugin.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    Play { name: String, hosts: Vec<String> },
    Task { name: String, module: String, handler: bool },
    Item(Outcome),
    Result(Outcome),
    Include { host: String, file: String },
    Recap { host: String, counts: BTreeMap<String, usize> },
}

/// Everything that one run's lines tell.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// The plays.
    pub(crate) plays: Vec<Play>,
    /// The recap.
    pub(crate) recap: BTreeMap<String, BTreeMap<String, usize>>,
    /// Items whose loop has not ended, by host.
    open: BTreeMap<String, Vec<Outcome>>,
}

impl Story {
    /// Reads the lines that the callback plugin wrote.
    pub(crate) fn read(lines: &str) -> Result<Self> {
        let mut story = Self::default();
        for line in lines.lines() {
            let parsed = serde_json::from_str(line)
                .with_context(|| format!("cannot read the line `{line}`"))?;
            story.add(parsed).with_context(|| format!("at the line `{line}`"))?;
        }
        story.agree()?;
        Ok(story)
    }

    fn add(&mut self, line: Line) -> Result<()> {
        match line {
            Line::Play { name, hosts } => self.plays.push(Play { name, hosts, tasks: Vec::new() }),
            Line::Task { name, module, handler } => {
                let play = self.plays.last_mut().context("a task outside of a play")?;
                play.tasks.push(Task { name, module, handler, results: Vec::new() });
            }
            Line::Item(mut item) => {
                let host = std::mem::take(&mut item.host);
                self.open.entry(host).or_default().push(item);
            }
            Line::Result(mut result) => {
                result.items = self.open.remove(&result.host).unwrap_or_default();
                self.task()?.results.push(result);
            }
            Line::Include { host, file } => {
                self.open.remove(&host);
                self.included(host, file)?;
            }
            Line::Recap { host, counts } => drop(self.recap.insert(host, counts)),
        }
        Ok(())
    }

    /// Notes an included file at the task that asked for it, which has no other result where it went well.
    fn included(&mut self, host: String, file: String) -> Result<()> {
        let task = self.task()?;
        match task.results.iter_mut().find(|result| result.host == host) {
            Some(result) => result.included.push(file),
            None => task.results.push(Outcome::included(host, file)),
        }
        Ok(())
    }

    fn task(&mut self) -> Result<&mut Task> {
        self.plays
            .last_mut()
            .and_then(|play| play.tasks.last_mut())
            .context("a result outside of a task")
    }

    /// Compares the results with Ansible's own recap, so that a result that the plugin missed is found.
    fn agree(&self) -> Result<()> {
        let mut counted: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for result in self.plays.iter().flat_map(|play| &play.tasks).flat_map(|task| &task.results)
        {
            let counts = counted.entry(result.host.clone()).or_default();
            for name in result.counts() {
                *counts.entry((*name).to_owned()).or_default() +=
                    if result.included.is_empty() { 1 } else { result.included.len() };
            }
        }
        if counted != self.recap {
            bail!("the results add up to {counted:?}, and Ansible's recap says {:?}", self.recap);
        }
        Ok(())
    }
}

impl Outcome {
    fn included(host: String, file: String) -> Self {
        Self {
            host,
            status: "ok".to_owned(),
            changed: false,
            item: None,
            delegated: None,
            hidden: false,
            msg: None,
            rc: None,
            stdout: None,
            stderr: None,
            items: Vec::new(),
            included: vec![file],
        }
    }

    /// What this result counts as in Ansible's recap.
    fn counts(&self) -> &'static [&'static str] {
        match self.status.as_str() {
            "ok" => &["ok"],
            "changed" => &["ok", "changed"],
            "skipped" => &["skipped"],
            "failed" => &["failed"],
            "rescued" => &["rescued"],
            "ignored" if self.changed => &["ok", "changed", "ignored"],
            "ignored" => &["ok", "ignored"],
            _ => &["unreachable"],
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Keeps a null that is written apart from a field that is absent.
fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use crate::record::story::Story;

    const LINES: &str = r#"
{"event": "play", "name": "Deploy", "hosts": ["a", "b"]}
{"event": "task", "name": "Loop", "module": "debug", "handler": false}
{"event": "item", "host": "a", "status": "ok", "item": null, "msg": null}
{"event": "item", "host": "a", "status": "changed", "item": 2, "msg": "two"}
{"event": "result", "host": "a", "status": "changed"}
{"event": "result", "host": "b", "status": "skipped"}
{"event": "task", "name": "More", "module": "include_tasks", "handler": true}
{"event": "include", "host": "a", "file": "one.yml"}
{"event": "include", "host": "a", "file": "two.yml"}
"#;

    fn check(recap: &str) -> Result<Value, String> {
        let story = Story::read(&format!("{}{recap}", LINES.trim_start()));
        let story = story.map_err(|error| format!("{error:#}"))?;
        Ok(serde_json::to_value(&story.plays).unwrap())
    }

    #[test]
    fn items_go_to_their_task_and_included_files_too() {
        let recap = "{\"event\": \"recap\", \"host\": \"a\", \"counts\": {\"ok\": 3, \"changed\": 1}}\n\
                     {\"event\": \"recap\", \"host\": \"b\", \"counts\": {\"skipped\": 1}}\n";
        let items = json!([{"status": "ok", "item": null, "msg": null}, {"status": "changed", "item": 2, "msg": "two"}]);
        let expected = json!([{"name": "Deploy", "hosts": ["a", "b"], "tasks": [
            {"name": "Loop", "module": "debug", "results": [
                {"host": "a", "status": "changed", "items": items}, {"host": "b", "status": "skipped"}]},
            {"name": "More", "module": "include_tasks", "handler": true, "results": [
                {"host": "a", "status": "ok", "included": ["one.yml", "two.yml"]}]},
        ]}]);
        assert_eq!(check(recap), Ok(expected));
    }

    #[test]
    fn a_result_that_was_missed_is_found_by_the_recap() {
        let recap =
            "{\"event\": \"recap\", \"host\": \"a\", \"counts\": {\"ok\": 4, \"changed\": 1}}\n";
        let error = check(recap).unwrap_err();
        assert!(error.contains("recap says"), "{error}");
    }
}
