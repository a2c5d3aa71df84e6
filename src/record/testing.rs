//! Short ways to make records in tests.

use converge_host::change::Sign;

use crate::record::{
    ChangeRecord, Kind, PlayRecord, Record, StepRecord, Story, TaskRecord, Verdict,
};

/// A play.
pub(crate) fn play(name: &str, hosts: &[&str]) -> Record {
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    Record::Play(PlayRecord { name: name.into(), hosts, tasks: Vec::new() })
}

/// A task of the role `nginx`.
pub(crate) fn task(number: usize, name: &str, module: &str) -> Record {
    Record::Task(TaskRecord {
        number,
        name: name.into(),
        module: module.into(),
        place: format!("roles/nginx/tasks/main.yml:{number}:3"),
        handler: false,
        steps: Vec::new(),
    })
}

/// A handler of the role `nginx`.
pub(crate) fn handler(number: usize, name: &str, module: &str) -> Record {
    let Record::Task(task) = task(number, name, module) else { unreachable!() };
    Record::Task(TaskRecord { handler: true, ..task })
}

/// A planned step without anything beside its verdict.
pub(crate) fn step(host: &str, verdict: Verdict) -> StepRecord {
    StepRecord {
        host: host.into(),
        delegated: None,
        item: None,
        verdict,
        changes: Vec::new(),
        hidden: false,
        results: None,
        warnings: Vec::new(),
        planned: true,
        probed: false,
        took_ms: 0,
    }
}

/// A step that changes this.
pub(crate) fn changed(host: &str, changes: Vec<ChangeRecord>) -> StepRecord {
    StepRecord { changes, ..step(host, Verdict::Changed) }
}

/// A step that fails.
pub(crate) fn failed(host: &str, message: &str) -> StepRecord {
    step(host, Verdict::Failed { message: message.into(), ignored: false, rescued: false })
}

/// A change that counts.
pub(crate) fn change(kind: Kind, sign: Sign, what: &str) -> ChangeRecord {
    ChangeRecord {
        kind,
        sign,
        what: what.into(),
        facts: Vec::new(),
        diff: None,
        unknown: None,
        counts: true,
        touches: Vec::new(),
    }
}

/// A file whose one line changes.
pub(crate) fn edited(path: &str, before: &str, after: &str) -> ChangeRecord {
    let diff = format!("--- before: {path}\n+++ after: {path}\n@@ -1 +1 @@\n-{before}\n+{after}\n");
    ChangeRecord { diff: Some(diff), ..change(Kind::File, Sign::Modify, path) }
}

/// Return values.
pub(crate) fn results(json: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    serde_json::from_str(json).unwrap()
}

/// The story of these records.
pub(crate) fn story(records: Vec<Record>) -> Story {
    let mut story = Story::default();
    for record in records {
        story.add(record);
    }
    story
}
