//! The line about a pass.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::saved::PlanKey;

/// The version of the line's form that this converge writes and reads.
pub const FORM: u32 = 1;

/// What the seal is for.
const PURPOSE: &str = "pass";

/// That a commit passed an environment: it was applied, nothing failed, and a second plan was empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// The version of the form.
    pub converge_pass: u32,
    /// The environment.
    pub environment: String,
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// The digest of what it holds ([`crate::promotion::digest`]).
    pub digest: String,
    /// The run, as the history of whoever made it names it.
    pub run: String,
    /// Who ran it, and where.
    pub by: String,
    /// When it ended.
    pub at: Timestamp,
    /// The version of converge.
    pub converge: String,
    /// The playbooks, from the project's root.
    pub playbooks: Vec<String>,
    /// The hosts.
    pub hosts: Vec<String>,
    /// Keyed digests of the variables that were given on the command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vars: Vec<String>,
    /// Keyed digests of files that were read and are not in the commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<String>,
    /// What was changed on the way to this pass, as short digests ([`crate::promotion::items`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
}

/// Whether a line is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It is.
    Good,
    /// It is not: it was changed, or made by somebody who does not have the key.
    Broken,
    /// It was sealed with another key, of this name.
    OtherKey(String),
}

impl Pass {
    /// The line that says so.
    pub fn line(&self, key: &PlanKey) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["key"] = key.name().into();
        let seal = key.digest(PURPOSE, value.to_string().as_bytes());
        value["seal"] = seal.into();
        value.to_string()
    }
}

/// Reads a line. `Err` says why it is none.
pub fn read(line: &str, key: Option<&PlanKey>) -> Result<(Pass, Seal), String> {
    let mut value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    match value.get("converge_pass").and_then(Value::as_u64) {
        Some(form) if form == u64::from(FORM) => {}
        Some(form) => {
            return Err(format!("it has the form {form}; this converge reads the form {FORM}"));
        }
        None => return Err("it is no record of converge".into()),
    }
    let seal = value.as_object_mut().and_then(|map| map.shift_remove("seal"));
    let named = value.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
    let seal = match key {
        Some(key) if named == key.name() => {
            let right = key.digest(PURPOSE, value.to_string().as_bytes());
            if seal.as_ref().and_then(Value::as_str) == Some(&right) {
                Seal::Good
            } else {
                Seal::Broken
            }
        }
        _ => Seal::OtherKey(named),
    };
    let pass = serde_json::from_value(value).map_err(|error| error.to_string())?;
    Ok((pass, seal))
}
