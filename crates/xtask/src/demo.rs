//! `cargo xtask demo`: the whole of converge on two real hosts, from bare machines to a page that each serves.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::fleet::guard::Guard;
use crate::fleet::place::workspace;
use crate::fleet::{Fleet, Spec};
use crate::packages;
use crate::process::Run;
use crate::say;
use crate::toolchain;

/// What building converge and looking at its pages needs on this machine.
const PACKAGES: [&str; 4] = ["curl", "gcc", "git", "libc6-dev"];

/// The exit status of `converge --check` when something would change.
const WOULD_CHANGE: i32 = 2;

/// How often a page is looked at, and the time between.
const TRIES: usize = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// The options of `cargo xtask demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Leaves the hosts running, until `cargo xtask fleet down`
    #[arg(long)]
    keep: bool,
}

/// The converge that was built, and the hosts that it is to configure.
#[derive(Debug)]
struct Stage {
    program: PathBuf,
    inventory: PathBuf,
}

impl Demo {
    /// Shows it.
    pub fn run(&self) -> Result<()> {
        packages::ensure("demo", &PACKAGES)?;
        toolchain::ensure("demo")?;
        heading("Building converge");
        let built = Run::new("cargo")
            .args(["build", "--release", "--package", "converge"])
            .dir(workspace())
            .show()?;
        ensure!(built.success(), "converge does not build");

        heading("Booting a Debian and a CentOS-like host");
        let guard = if self.keep { None } else { Some(Guard::start()?) };
        let mut fleet =
            Fleet::up(&Spec { prefix: "demo-".to_owned(), debian: 1, centos: 1, python: 0 })?;
        fleet.renew_found()?;
        for host in fleet.hosts() {
            let release = host.ssh_ok(". /etc/os-release; echo $PRETTY_NAME")?;
            say::line(&format!("{}  {}  {}", host.name, host.ipv4, release.trim()));
        }

        let stage = Stage { program: converge(), inventory: fleet.inventory("demo")? };
        let shown = stage.show(&fleet);
        if self.keep {
            let config = fleet.place().ssh_config();
            fleet.keep()?;
            say::progress(
                "demo",
                &format!("the hosts stay up; reach them by `ssh -F {} NAME`", config.display()),
            );
        } else {
            fleet.down()?;
        }
        drop(guard);
        shown
    }
}

impl Stage {
    fn show(&self, fleet: &Fleet) -> Result<()> {
        heading("The plan");
        let (plan, _) = self.converge("--check")?;
        ensure!(
            plan.code() == Some(WOULD_CHANGE),
            "a plan for fresh hosts must end with exit status {WOULD_CHANGE}, and ended with {plan}"
        );

        heading("Applying it");
        let (applied, _) = self.converge("--yes")?;
        ensure!(applied.success(), "applying ended with {applied}");

        for host in fleet.hosts() {
            heading(&format!("What {} serves", host.name));
            let url = format!("http://{}/", host.ipv4);
            say::line(&format!("$ curl {url}"));
            say::line(page(&url, &host.name)?.trim_end());
        }

        heading("Applying it again");
        let (again, printed) = self.converge("--yes")?;
        ensure!(again.success(), "the second run ended with {again}");
        if let Some(line) = printed.lines().find(|line| changes(line)) {
            bail!("the second run must change nothing, and says: {}", line.trim());
        }
        heading("Planning once more");
        let (rest, _) = self.converge("--check")?;
        ensure!(rest.success(), "nothing must be left to change, and the plan ended with {rest}");
        heading("Done: the second run changed nothing");
        Ok(())
    }

    fn converge(&self, option: &str) -> Result<(ExitStatus, String)> {
        let playbook = "playbooks/site.yml";
        let inventory = self.inventory.strip_prefix(workspace()).unwrap_or(&self.inventory);
        let command = Run::new(&self.program)
            .args([playbook, "-i"])
            .arg(inventory)
            .arg(option)
            .dir(workspace());
        say::line(&format!("$ converge {playbook} -i {} {option}", inventory.display()));
        command.tee().context("cannot run converge")
    }
}

/// The page that a host serves, which must name the host. A reload takes nginx a moment, in which it still serves its own page.
fn page(url: &str, name: &str) -> Result<String> {
    let mut page = String::new();
    for _ in 0..TRIES {
        let curl = ["--silent", "--show-error", "--fail", "--max-time", "20", "--", url];
        page = Run::new("curl").args(curl).output()?;
        if page.contains(name) {
            return Ok(page);
        }
        sleep(PAUSE);
    }
    bail!("`{url}` must serve the page of {name}, and serves:\n{page}")
}

/// Whether a line of the recap counts a change, as in `host : ok=3 changed=1 …`.
fn changes(line: &str) -> bool {
    let mut counts = line.split_whitespace().filter_map(|word| word.strip_prefix("changed="));
    counts.any(|count| count.parse::<u32>() != Ok(0))
}

/// Where cargo puts the program that it built.
fn converge() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), PathBuf::from);
    workspace().join(target).join(Path::new("release/converge"))
}

fn heading(text: &str) {
    say::line(&format!("\n== {text} =="));
}

#[cfg(test)]
mod tests {
    use crate::demo::changes;

    #[test]
    fn a_recap_tells_changes() {
        for (line, expected) in [
            ("debian1 : ok=3 changed=1 unreachable=0 failed=0", true),
            ("debian1 : ok=3    changed=0    unreachable=0", false),
            ("nothing to do", false),
            ("debian1 : ok=3 changed=10", true),
        ] {
            assert_eq!(changes(line), expected, "{line}");
        }
    }
}
