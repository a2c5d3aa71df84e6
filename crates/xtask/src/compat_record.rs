//! `cargo xtask compat-record`: what ansible-core makes of the templates in `tests/compat`.
//!
//! The cases are evaluated by a small Python program of this project through ansible-core's own template engine, and the
//! results are written into the files, so that the tests need no Python.

#[path = "../../../tests/compat/fixture.rs"]
#[allow(unreachable_pub, dead_code, reason = "the test of the fixtures uses what this does not")]
mod fixture;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

use crate::compat_record::fixture::{Fixture, Kind, Outcome};
use crate::fleet::place::workspace;
use crate::reference::Reference;
use crate::say;

/// The program that asks ansible-core.
const DRIVER: &str = include_str!("compat_record.py");

/// The arguments of `compat-record`.
#[derive(Debug, Args)]
pub struct CompatRecord {
    /// Only the files whose names contain one of these
    names: Vec<String>,
    /// Change nothing; fail if a recording would change
    #[arg(long)]
    check: bool,
}

impl CompatRecord {
    /// Records every file that was asked for.
    pub fn run(&self) -> Result<()> {
        let folder = workspace().join("tests/compat");
        let reference = Reference::ensure("compat-record")?;
        let mut different = Vec::new();
        for path in fixtures(&folder)? {
            let name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            if !self.names.is_empty()
                && !self.names.iter().any(|wanted| name.contains(wanted.as_str()))
            {
                continue;
            }
            let old = fs::read_to_string(&path)?;
            let mut fixture =
                Fixture::parse(&old).map_err(|why| anyhow!("{}: {why}", path.display()))?;
            record(&reference.bin().join("python"), &folder.join("project"), &mut fixture)
                .with_context(|| format!("cannot record `{name}`"))?;
            let new = fixture.print();
            if new != old {
                different.push(name.clone());
                if !self.check {
                    fs::write(&path, new)?;
                }
            }
            say::progress("compat-record", &format!("{name}: {} cases", fixture.cases.len()));
        }
        if self.check && !different.is_empty() {
            bail!("ansible-core does otherwise than was recorded in {}", different.join(", "));
        }
        Ok(())
    }
}

fn fixtures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Asks ansible-core for the results of all cases of a file.
fn record(python: &Path, project: &Path, fixture: &mut Fixture) -> Result<()> {
    let cases: Vec<Value> = fixture
        .cases
        .iter()
        .map(|case| match &case.kind {
            Kind::Template => json!({"kind": "template", "text": case.text}),
            Kind::Condition => json!({"kind": "condition", "text": case.text}),
            Kind::File(options) => json!({"kind": "file", "text": case.text, "options": options}),
        })
        .collect();
    let object = |value: &Value| if value.is_null() { json!({}) } else { value.clone() };
    let asked = json!({
        "folder": project,
        "vars": object(&fixture.vars),
        "data": object(&fixture.data),
        "cases": cases,
    });
    let mut driver = Command::new(python)
        .args(["-W", "ignore", "-c", DRIVER])
        .env("ANSIBLE_DEPRECATION_WARNINGS", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{}`", python.display()))?;
    driver
        .stdin
        .take()
        .context("the driver takes no input")?
        .write_all(asked.to_string().as_bytes())?;
    let output = driver.wait_with_output()?;
    if !output.status.success() {
        bail!("the driver failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let results: Vec<Value> =
        serde_json::from_slice(&output.stdout).context("the driver answered nonsense")?;
    if results.len() != fixture.cases.len() {
        bail!("the driver gave {} results for {} cases", results.len(), fixture.cases.len());
    }
    for (case, result) in fixture.cases.iter_mut().zip(results) {
        case.want = Some(match result.get("error").and_then(Value::as_str) {
            Some(class) => Outcome::Error(class.to_owned()),
            None => Outcome::Value(result.get("value").cloned().unwrap_or_default()),
        });
    }
    Ok(())
}
