//! Changes as they may stand in a file: without contents, without secrets, and the same each time.

use converge_host::change::{Before, Change, FileKind, FileState};
use serde_json::Value;

use crate::redact::Redactor;
use crate::saved::PlanKey;

/// A change as JSON. Of contents the digests are left; times, which differ from one planning to the next, only say that there are
/// some; and what the commands of an account read (a password's hash) is left out, since it is made anew from the project. What
/// other commands read and have in their environment may be a password, too, so of that there is a keyed digest.
pub(super) fn canonical(change: &Change, key: &PlanKey) -> Value {
    let mut value = serde_json::to_value(change).unwrap_or(Value::Null);
    let account = matches!(change, Change::User(_));
    tidy(&mut value, account, key);
    value
}

fn tidy(value: &mut Value, account: bool, key: &PlanKey) {
    match value {
        Value::Object(map) => {
            map.shift_remove("bytes");
            for (name, value) in map.iter_mut() {
                match (name.as_str(), &*value) {
                    ("digest", Value::Array(bytes)) => *value = hexadecimal(bytes).into(),
                    ("times", Value::Array(_)) => *value = true.into(),
                    ("stdin", Value::Array(_)) if account => *value = "(from the project)".into(),
                    ("stdin", Value::Array(bytes)) => {
                        *value =
                            key.digest("input of a command", hexadecimal(bytes).as_bytes()).into();
                    }
                    ("inputs", Value::Array(inputs)) if !inputs.is_empty() => {
                        let text = value.to_string();
                        *value = key.digest("contents for a program", text.as_bytes()).into();
                    }
                    ("env", Value::Array(_)) => {
                        let text = value.to_string();
                        *value = key.digest("environment of a command", text.as_bytes()).into();
                    }
                    _ => tidy(value, account, key),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, account, key)),
        _ => {}
    }
}

fn hexadecimal(bytes: &[Value]) -> String {
    bytes.iter().filter_map(Value::as_u64).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a secret is in a change: in its words, or in a content that is at hand.
pub(super) fn tells_a_secret(change: &Change, canonical: &Value, redactor: &Redactor) -> bool {
    let secret = |text: &str| redactor.redact(text) != text;
    secret(&canonical.to_string()) || contents(change).any(secret)
}

fn contents(change: &Change) -> impl Iterator<Item = &str> {
    let states: Vec<&FileState> = match change {
        Change::File(file) => {
            let before = match &file.before {
                Before::Is(state) => Some(state),
                Before::Absent | Before::Unknown(_) => None,
            };
            before.into_iter().chain(&file.after).collect()
        }
        _ => Vec::new(),
    };
    states.into_iter().filter_map(|state| match &state.kind {
        FileKind::File(blob) => std::str::from_utf8(blob.bytes.as_deref()?).ok(),
        _ => None,
    })
}
