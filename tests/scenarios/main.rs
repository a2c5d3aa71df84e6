//! Scenarios: projects and machines as text, and what planning and applying make of them. Everything happens in memory.
//!
//! What holds for every scenario is checked for each: planning does nothing and is the same twice; what was planned is what is
//! done, and can be taken back; once it is
//! done nothing is left, unless the scenario says what; and hosts in another order are planned alike. With `UPDATE=1` in the environment the expected
//! texts are written anew, to be read before they are committed.

#![allow(clippy::unwrap_used)]

mod agree;
mod described;
mod literate;
mod machine;
mod stage;
mod target;
mod undo;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use similar::TextDiff;

use crate::literate::Scenario;

datatest_stable::harness! {
    { test = scenario, root = "tests/scenarios", pattern = r"^[^/]+\.md$" },
}

fn scenario(path: &Path) -> datatest_stable::Result<()> {
    let text = fs::read_to_string(path)?;
    let scenario = Scenario::read(&text)?;
    let played = stage::play(&scenario)?;
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, scenario.with(&played.texts))?;
    }
    let mut wrong = played.faults.join("\n");
    for (kind, found) in &played.texts {
        let expected = scenario.text(kind).unwrap_or_default();
        if expected != found && std::env::var_os("UPDATE").is_none() {
            let diff = TextDiff::from_lines(expected, found);
            let diff = diff.unified_diff().header("expected", "found").to_string();
            writeln!(wrong, "\n{kind}:\n{diff}")?;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Wrong(wrong).into()) }
}

/// What differs, with its lines as they are: the harness shows errors by `Debug`.
struct Wrong(String);

impl std::fmt::Debug for Wrong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}
