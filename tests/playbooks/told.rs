//! What converge tells with `--format json`, in the shape of a recording.

use serde_json::{Map, Value, json};

/// Modules whose words are the playbook's, so that they are compared.
const SPEAKING: [&str; 3] = ["debug", "fail", "assert"];
const COMMANDS: [&str; 4] = ["command", "shell", "raw", "script"];
const INCLUDES: [&str; 2] = ["include_tasks", "include_role"];

/// The run that a document tells.
pub(crate) fn run(document: &Value) -> Value {
    let story = [&document["run"], &document["plan"]].into_iter().find(|told| told.is_object());
    let Some(story) = story else { return json!({ "plays": [], "recap": {} }) };
    let lost = items(&story["unreachable"]);
    let plays = items(&story["plays"]).iter().map(|told| play(told, lost));
    json!({ "plays": plays.collect::<Vec<_>>(), "recap": recap(&story["hosts"]) })
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn recap(hosts: &Value) -> Value {
    let counts = |counts: &Value| {
        let counts = counts.as_object().cloned().unwrap_or_default();
        let counts: Map<String, Value> =
            counts.into_iter().filter(|(_, count)| *count != 0).collect();
        counts
    };
    let hosts = hosts.as_object().cloned().unwrap_or_default();
    let hosts: Map<String, Value> = hosts
        .into_iter()
        .map(|(host, told)| (host, counts(&told)))
        .filter(|(_, counts)| !counts.is_empty())
        .map(|(host, counts)| (host, counts.into()))
        .collect();
    hosts.into()
}

fn play(play: &Value, lost: &[Value]) -> Value {
    let tasks = items(&play["tasks"]).iter().filter(|task| task["module"] != "meta");
    let tasks: Vec<Value> = tasks.map(|told| task(told, lost)).collect();
    json!({ "name": play["name"], "hosts": play["hosts"], "tasks": tasks })
}

fn task(task: &Value, lost: &[Value]) -> Value {
    let module = task["module"].as_str().unwrap_or_default();
    let mut told = json!({ "name": task["name"], "module": module });
    if task["handler"] == true {
        told["handler"] = true.into();
    }
    let mut results: Vec<Value> = Vec::new();
    let mut open: Vec<Value> = Vec::new();
    for step in items(&task["steps"]) {
        if step.get("item").is_some() {
            open.push(result(module, step));
            continue;
        }
        let mut whole = result(module, step);
        let (mine, others) = open.into_iter().partition(|item| item["host"] == step["host"]);
        open = others;
        let mine: Vec<Value> = mine;
        if !mine.is_empty() {
            for key in ["msg", "rc", "stdout", "stderr", "delegated"] {
                whole.as_object_mut().map(|map| map.shift_remove(key));
            }
            whole["items"] = mine.into_iter().map(without_host).collect();
        }
        add(&mut results, whole);
    }
    // Hosts that were lost stand in a list of their own.
    for lost in lost.iter().filter(|lost| lost["task"] == task["number"]) {
        let status = if lost["ignored"] == true { "ignored" } else { "unreachable" };
        results.push(json!({ "host": lost["host"], "status": status }));
    }
    told["results"] = results.into();
    told
}

/// Several files that one task included are one result.
fn add(results: &mut Vec<Value>, result: Value) {
    if let Some(file) = items(&result["included"]).first().cloned() {
        let same =
            |known: &&mut Value| known["host"] == result["host"] && known.get("included").is_some();
        if let Some(Value::Array(files)) =
            results.iter_mut().find(same).map(|known| &mut known["included"])
        {
            return files.push(file);
        }
    }
    results.push(result);
}

fn without_host(mut item: Value) -> Value {
    item.as_object_mut().map(|map| map.shift_remove("host"));
    item
}

fn result(module: &str, step: &Value) -> Value {
    let values = step["results"].as_object().cloned().unwrap_or_default();
    let item = step.get("item").is_some();
    let status = match step["verdict"].as_str().unwrap_or_default() {
        "failed" if item => "failed",
        "failed" if step["ignored"] == true => "ignored",
        "failed" if step["rescued"] == true => "rescued",
        other => other,
    };
    let mut told = json!({ "host": step["host"], "status": status });
    if status == "ignored" && values.get("changed") == Some(&true.into()) {
        told["changed"] = true.into();
    }
    // Which host a fetched file is laid down on is told by converge only.
    let brings = module == "fetch"
        || module == "ansible.posix.synchronize" && step["host"] != step["delegated"];
    if let Some(host) = step.get("delegated").filter(|_| !brings) {
        told["delegated"] = host.clone();
    }
    if step["hidden"] == true {
        told["hidden"] = true.into();
        return told;
    }
    if item {
        let name = values.get("ansible_loop_var").and_then(Value::as_str).unwrap_or("item");
        told["item"] = values.get(name).cloned().unwrap_or_default();
        told["label"] = step["item"].clone();
    }
    if INCLUDES.contains(&module) && status == "ok" {
        let name = values.get("include").and_then(Value::as_str).unwrap_or_default();
        told["included"] = json!([name.rsplit('/').next()]);
        return told;
    }
    if !matches!(status, "skipped" | "unreachable" | "unknown")
        && let Some(map) = told.as_object_mut()
    {
        map.extend(returned(module, &values));
    }
    told
}

fn returned(module: &str, values: &Map<String, Value>) -> Vec<(String, Value)> {
    if let Some(message) = values.get("msg").filter(|_| SPEAKING.contains(&module)) {
        return vec![("msg".to_owned(), message.clone())];
    }
    if module == "debug" {
        // What `var` shows stands under its own name, first of all.
        return values
            .iter()
            .next()
            .map(|(_, value)| ("msg".to_owned(), value.clone()))
            .into_iter()
            .collect();
    }
    if COMMANDS.contains(&module) {
        let named = |name: &str| values.get(name).map(|value| (name.to_owned(), value.clone()));
        return ["rc", "stdout", "stderr"].into_iter().filter_map(named).collect();
    }
    Vec::new()
}
