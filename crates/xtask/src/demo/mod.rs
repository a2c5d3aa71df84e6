//! `cargo xtask demo`: the whole of converge on real hosts, from bare machines to a page that each serves, or that all serve together.

mod stack;

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
    /// Shows five hosts that serve one page together: load balancer, app server, two databases, monitoring
    #[arg(long)]
    stack: bool,
}

/// The converge that was built, and what it is told.
#[derive(Debug)]
struct Stage {
    program: PathBuf,
    /// The playbook, the inventories and further options.
    args: Vec<String>,
}

impl Demo {
    /// Shows it.
    pub fn run(&self) -> Result<()> {
        packages::ensure("demo", &PACKAGES)?;
        toolchain::ensure("demo")?;
        heading("Building converge");
        let built = Run::cargo()
            .args(["build", "--release", "--package", "converge"])
            .dir(workspace())
            .show()?;
        ensure!(built.success(), "converge does not build");

        heading(if self.stack {
            stack::BOOTING
        } else {
            "Booting a Debian and a CentOS-like host"
        });
        let guard = if self.keep { None } else { Some(Guard::start()?) };
        let (debian, centos) = if self.stack { stack::HOSTS } else { (1, 1) };
        let mut fleet = Fleet::up(&Spec { prefix: "demo-".to_owned(), debian, centos, python: 0 })?;
        fleet.renew_found()?;
        for host in fleet.hosts() {
            let release = host.ssh_ok(". /etc/os-release; echo $PRETTY_NAME")?;
            let address = if self.stack { host.ipv6.to_string() } else { host.ipv4.to_string() };
            say::line(&format!("{}  {address}  {}", host.name, release.trim()));
        }

        let shown = if self.stack { stack::show(&fleet) } else { show(&fleet) };
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

/// Two hosts that each serve a page of their own.
fn show(fleet: &Fleet) -> Result<()> {
    let inventory = fleet.inventory("demo")?;
    let inventory = inventory.strip_prefix(workspace()).unwrap_or(&inventory);
    let stage = Stage::new(&["playbooks/site.yml", "-i", &inventory.to_string_lossy()]);
    stage.show(|| {
        for host in fleet.hosts() {
            heading(&format!("What {} serves", host.name));
            let url = format!("http://{}/", host.ipv4);
            say::line(&format!("$ curl {url}"));
            say::line(page(&url, &[], &host.name)?.trim_end());
        }
        Ok(())
    })
}

impl Stage {
    fn new(args: &[&str]) -> Self {
        Self { program: converge(), args: args.iter().map(|arg| (*arg).to_owned()).collect() }
    }

    /// The plan, applying it, what is `served` then, and that nothing is left to do.
    fn show(&self, served: impl FnOnce() -> Result<()>) -> Result<()> {
        heading("The plan");
        let (plan, _) = self.converge("--check")?;
        ensure!(
            plan.code() == Some(WOULD_CHANGE),
            "a plan for fresh hosts must end with exit status {WOULD_CHANGE}, and ended with {plan}"
        );

        heading("Applying it");
        let (applied, _) = self.converge("--yes")?;
        ensure!(applied.success(), "applying ended with {applied}");

        served()?;

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
        let command = Run::new(&self.program).args(&self.args).arg(option).dir(workspace());
        say::line(&format!("$ converge {} {option}", self.args.join(" ")));
        command.tee().context("cannot run converge")
    }
}

/// The page at an address, which must have this in it. A reload takes nginx a moment, in which it still serves its own page.
fn page(url: &str, options: &[&str], text: &str) -> Result<String> {
    let mut page = String::new();
    for _ in 0..TRIES {
        let curl = ["--silent", "--show-error", "--fail", "--max-time", "20"];
        page = Run::new("curl").args(curl).args(options).args(["--", url]).output()?;
        if page.contains(text) {
            return Ok(page);
        }
        sleep(PAUSE);
    }
    bail!("`{url}` must serve a page with `{text}`, and serves:\n{page}")
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
