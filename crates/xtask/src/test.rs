//! `cargo xtask test`: every check of the project, in the order in which failures are cheapest.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::fleet::guard::Guard;
use crate::fleet::place::workspace;
use crate::fleet::{Fleet, Spec};
use crate::packages;
use crate::process::Run;
use crate::say;
use crate::size;
use crate::toolchain;

/// What compiling the project and its tests needs on this machine. The Rust side is in rust-toolchain.toml.
/// qemu runs the helper for aarch64.
const PACKAGES: [&str; 7] =
    ["curl", "gcc", "git", "libc6-dev", "openssh-client", "openssh-server", "qemu-user-static"];

/// What ansible-core needs, which does the same to a host's twin.
const REFERENCE_PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// A browser, in which pages are looked at.
const BROWSER_PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// The name of the step that needs hosts.
const ON_HOSTS: &str = "tests on real hosts";

/// The options of `cargo xtask test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Leaves out the tests on real hosts
    #[arg(long)]
    quick: bool,
    /// Runs those on real hosts as well that take many minutes: a Ruby is built from its source
    #[arg(long, conflicts_with = "quick")]
    slow: bool,
}

/// How one step went.
#[derive(Debug)]
struct Outcome {
    name: &'static str,
    passed: bool,
    time: Duration,
    /// The lines in which test runners sum up.
    summary: Vec<String>,
}

impl Test {
    /// Runs all steps, also after one that failed, and then says how each went.
    pub fn run(&self) -> Result<()> {
        packages::ensure("test", &PACKAGES)?;
        toolchain::ensure("test")?;
        let mut outcomes = vec![
            step("format", cargo(&["fmt", "--all", "--check"]))?,
            step(
                "clippy",
                cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            )?,
        ];
        let tests = if Run::cargo().args(["nextest", "--version"]).succeeds() {
            cargo(&["nextest", "run", "--workspace"])
        } else {
            cargo(&["test", "--workspace", "--all-targets"])
        };
        outcomes.push(step("tests", tests)?);
        outcomes.push(step("documentation tests", cargo(&["test", "--workspace", "--doc"]))?);
        outcomes.push(own("size of the helpers", size::check));
        let emulated = cargo(&["test", "--test", "it", "aarch64", "--", "--include-ignored"]);
        outcomes.push(step(
            "the helper for aarch64",
            emulated.env("CONVERGE_SHIPPED_HELPERS", size::folder()),
        )?);
        if !self.quick {
            let start = Instant::now();
            outcomes.push(
                fleet_tests(self.slow).unwrap_or_else(|error| failed(ON_HOSTS, start, &error)),
            );
        }
        close(&outcomes)
    }
}

/// A step that is code of this program.
fn own(name: &'static str, check: impl FnOnce() -> Result<Vec<String>>) -> Outcome {
    say::progress("test", name);
    let start = Instant::now();
    match check() {
        Ok(summary) => Outcome { name, passed: true, time: start.elapsed(), summary },
        Err(error) => failed(name, start, &error),
    }
}

fn failed(name: &'static str, start: Instant, error: &anyhow::Error) -> Outcome {
    Outcome { name, passed: false, time: start.elapsed(), summary: vec![format!("{error:#}")] }
}

/// Boots hosts, runs the tests that need them, and takes the hosts down whatever happened.
fn fleet_tests(slow: bool) -> Result<Outcome> {
    packages::ensure("test", &REFERENCE_PACKAGES)?;
    packages::ensure("test", &BROWSER_PACKAGES)?;
    let guard = Guard::start()?;
    let mut fleet =
        Fleet::up(&Spec { prefix: "test-".to_owned(), debian: 5, centos: 3, python: 2 })?;
    fleet.renew_found()?;
    // In one process, which lends each host to one test at a time; hosts and packages are waited for more than computed on.
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast", "--test", "fleet", "--"]);
    tests = tests.args(["--include-ignored", "--test-threads", "6"]);
    if !slow {
        tests = tests.args(["--skip", "takes_minutes"]);
    }
    for (name, value) in fleet.env()? {
        tests = tests.env(name, value);
    }
    let outcome = step(ON_HOSTS, tests);
    let down = fleet.down();
    drop(guard);
    down?;
    outcome
}

fn cargo(args: &[&str]) -> Run {
    Run::cargo().args(args).dir(workspace())
}

fn step(name: &'static str, command: Run) -> Result<Outcome> {
    say::progress("test", &format!("{name}: {}", command.words()));
    let start = Instant::now();
    let (status, printed) = command.tee()?;
    Ok(Outcome {
        name,
        passed: status.success(),
        time: start.elapsed(),
        summary: summary(&printed),
    })
}

/// The lines in which `cargo test` and `cargo nextest` sum up, but for those about nothing.
fn summary(printed: &str) -> Vec<String> {
    let sums_up = |line: &str| {
        let counts =
            line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed; 0 ignored;");
        counts || line.starts_with("Summary [")
    };
    printed.lines().map(str::trim).filter(|line| sums_up(line)).map(str::to_owned).collect()
}

fn close(outcomes: &[Outcome]) -> Result<()> {
    say::line("");
    for Outcome { name, passed, time, summary } in outcomes {
        let word = if *passed { "passed" } else { "FAILED" };
        say::line(&format!("{word}  {name} ({:.1} s)", time.as_secs_f64()));
        for line in summary {
            say::line(&format!("        {line}"));
        }
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|outcome| !outcome.passed).map(|outcome| outcome.name).collect();
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

#[cfg(test)]
mod tests {
    use crate::test::summary;

    #[test]
    fn lines_that_sum_up_are_found() {
        let printed = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n\
                       test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured\n     Summary [   0.4s] 17 tests run: 17 passed\n";
        assert_eq!(
            summary(printed),
            [
                "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured",
                "Summary [   0.4s] 17 tests run: 17 passed"
            ]
        );
    }
}
