//! How a recording and what converge did differ.

use std::collections::BTreeSet;

use serde_json::Value;

/// Compares one run.
pub(crate) struct Comparison {
    /// The run only checks: commands are planned and not skipped, as docs/compat.md says.
    check: bool,
    /// Hosts on which such a command came before: what depends on its output is unknown.
    unseen: BTreeSet<String>,
    found: Vec<String>,
}

/// What stands in the place of a secret.
const MASK: &str = "•••";

const COMMANDS: [&str; 3] = ["command", "shell", "raw"];

impl Comparison {
    pub(crate) fn new(check: bool) -> Self {
        Self { check, unseen: BTreeSet::new(), found: Vec::new() }
    }

    /// The differences, one or more lines each.
    pub(crate) fn run(mut self, want: &Value, got: &Value, files: &Value) -> Vec<String> {
        self.value("exit", &want["exit"], &got["exit"]);
        self.list("plays", &want["plays"], &got["plays"], Self::play);
        if self.unseen.is_empty() {
            self.value("recap", &want["recap"], &got["recap"]);
        }
        self.fields("files", files, &got["files"], &[]);
        self.found
    }

    fn play(&mut self, at: &str, want: &Value, got: &Value) {
        let at = format!("{at} {}", want["name"]);
        self.fields(&at, want, got, &["tasks"]);
        self.list(&format!("{at} tasks"), &want["tasks"], &got["tasks"], Self::task);
    }

    fn task(&mut self, at: &str, want: &Value, got: &Value) {
        let at = format!("{at} {}", want["name"]);
        self.fields(&at, want, got, &["results"]);
        let module = want["module"].as_str().unwrap_or_default().to_owned();
        self.list(&at, &want["results"], &got["results"], |this, at, want, got| {
            this.result(&module, at, want, got);
        });
    }

    fn result(&mut self, module: &str, at: &str, want: &Value, got: &Value) {
        let host = want["host"].as_str().unwrap_or_default().to_owned();
        let at = format!("{at} {host}");
        if self.check {
            let planned = want["status"] == "skipped" && got["status"] != "skipped";
            let output = want.get("rc").is_some() && got.get("rc").is_none();
            if COMMANDS.contains(&module) && (planned || output) {
                self.unseen.insert(host);
                return;
            }
            if got["status"] == "unknown" && self.unseen.contains(&host) {
                return;
            }
        }
        let mut got = got.clone();
        if let Some(label) = got.as_object_mut().and_then(|map| map.shift_remove("label"))
            && label == want["item"]
        {
            // A loop that has labels was recorded with them.
            got["item"] = label;
        }
        let failed = !matches!(want["status"].as_str(), Some("ok" | "changed"));
        for worded in ["msg", "rc", "stdout", "stderr"] {
            // Words of Ansible's own were not recorded.
            if failed && want.get(worded).is_none() {
                got.as_object_mut().map(|map| map.shift_remove(worded));
            }
        }
        self.fields(&at, want, &got, &["items"]);
        self.list(&format!("{at} items"), &want["items"], &got["items"], |this, at, want, got| {
            this.result(module, at, want, got);
        });
    }

    /// Compares every key but some.
    fn fields(&mut self, at: &str, want: &Value, got: &Value, but: &[&str]) {
        let keys = |value: &Value| {
            value.as_object().map(|map| map.keys().cloned().collect::<BTreeSet<_>>())
        };
        let (wanted, gotten) = (keys(want).unwrap_or_default(), keys(got).unwrap_or_default());
        for key in wanted.union(&gotten).filter(|key| !but.contains(&key.as_str())) {
            self.value(&format!("{at} {key}"), &want[key], &got[key]);
        }
    }

    fn list(
        &mut self,
        at: &str,
        want: &Value,
        got: &Value,
        each: impl Fn(&mut Self, &str, &Value, &Value),
    ) {
        let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let (want, got) = (items(want), items(got));
        for (want, got) in want.iter().zip(&got) {
            each(self, at, want, got);
        }
        for missing in want.iter().skip(got.len()) {
            self.found.push(format!("{at}\n    want {missing}\n    got  nothing"));
        }
        for extra in got.iter().skip(want.len()) {
            self.found.push(format!("{at}\n    want nothing\n    got  {extra}"));
        }
    }

    fn value(&mut self, at: &str, want: &Value, got: &Value) {
        if want != got && !masked(want, got) {
            self.found.push(format!("{at}\n    want {want}\n    got  {got}"));
        }
    }
}

/// Whether the texts are the same but for what is secret, as docs/compat.md says.
fn masked(want: &Value, got: &Value) -> bool {
    let (Some(want), Some(got)) = (want.as_str(), got.as_str()) else { return false };
    let mut parts = got.split(MASK);
    let Some(mut rest) = parts.next().and_then(|first| want.strip_prefix(first)) else {
        return false;
    };
    let mut secret = false;
    for part in parts {
        secret = true;
        let Some(at) = rest.get(1..).and_then(|rest| rest.find(part)) else { return false };
        rest = &rest[1 + at + part.len()..];
    }
    secret && (rest.is_empty() || got.ends_with(MASK))
}
