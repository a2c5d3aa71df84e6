//! `cargo xtask size`: whether the helpers are as small as they have to be. They travel to every host once.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::fleet::place::workspace;
use crate::process::Run;
use crate::say;
use crate::toolchain;

/// The file that says how large a helper may be.
const BUDGET: &str = "crates/converge-host/size-budget";

/// The flags that `build.rs` builds them with.
const FLAGS: &str = "-Clinker=rust-lld -Cforce-unwind-tables=no -Clink-arg=--pack-dyn-relocs=relr";

/// The options of `cargo xtask size`.
#[derive(Debug, Args)]
pub struct Size {}

impl Size {
    /// Builds the helpers as they are shipped and measures them.
    pub fn run(&self) -> Result<()> {
        toolchain::ensure("size")?;
        check()?.iter().for_each(|line| say::line(line));
        Ok(())
    }
}

/// Builds the helpers as they are shipped; a line about each, or the error that one is too large.
pub fn check() -> Result<Vec<String>> {
    let file = workspace().join(BUDGET);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read `{BUDGET}`"))?;
    let budgets = budgets(&text)?;
    let mut lines = Vec::new();
    let mut over = Vec::new();
    let targets: Vec<&str> = budgets.iter().map(|(target, _)| target.as_str()).collect();
    build(&targets)?;
    for (target, budget) in &budgets {
        let size = fs::metadata(helper(target))?.len();
        let line = format!("{target}: {size} bytes of {budget}");
        if size > *budget {
            over.push(line.clone());
        }
        lines.push(line);
    }
    ensure!(
        over.is_empty(),
        "the helper is larger than `{BUDGET}` allows; make it smaller, or raise the budget and say why in the commit: {}",
        over.join("; ")
    );
    Ok(lines)
}

/// Lines of a target and a number of bytes. Comments begin with `#`.
fn budgets(text: &str) -> Result<Vec<(String, u64)>> {
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let budgets: Result<Vec<_>> = lines
        .map(|line| match line.split_once(' ') {
            Some((target, bytes)) => {
                Ok((target.to_owned(), bytes.trim().replace('_', "").parse()?))
            }
            None => bail!("`{line}` in `{BUDGET}` is not a target and a number of bytes"),
        })
        .collect();
    let budgets = budgets?;
    ensure!(!budgets.is_empty(), "`{BUDGET}` names no target");
    Ok(budgets)
}

/// Where the helpers are built, each in `TARGET/helper/converge-helper`.
pub fn folder() -> PathBuf {
    workspace().join("target/helper")
}

fn helper(target: &str) -> PathBuf {
    folder().join(target).join("helper/converge-helper")
}

/// The same build as that of `build.rs` for a release, in the same folder. Each helper is one long step of the compiler, so they are
/// built beside each other.
fn build(targets: &[&str]) -> Result<()> {
    Run::cargo()
        .args(["build", "--quiet", "--locked", "--profile", "helper"])
        .args(["--package", "converge-host", "--bin", "converge-helper"])
        .args(targets.iter().flat_map(|target| ["--target", target]))
        .arg("--target-dir")
        .arg(folder())
        .env("RUSTFLAGS", FLAGS)
        .dir(workspace())
        .run()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::fleet::place::workspace;
    use crate::size::{FLAGS, budgets};

    #[test]
    fn what_is_measured_is_built_as_what_is_shipped() {
        let text = std::fs::read_to_string(workspace().join("build.rs")).unwrap();
        assert!(text.contains(&format!("\"{FLAGS}\"")));
        assert!(text.contains("const SHIPPED: &str = \"helper\""));
    }

    #[test]
    fn a_budget_is_a_target_and_a_number() {
        let read = budgets("# why\n\nx86_64-unknown-linux-musl 1_200_000\n").unwrap();
        assert_eq!(read, [("x86_64-unknown-linux-musl".to_owned(), 1_200_000)]);
        for text in ["", "# nothing", "x86_64-unknown-linux-musl", "a 1kb"] {
            assert!(budgets(text).is_err(), "{text}");
        }
    }
}
