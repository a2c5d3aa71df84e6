//! `cargo xtask bench`: the same jobs with converge and with others, on the same hosts, in one run.

mod ansible;
mod helper;
mod job;
mod machine;
mod measure;
mod pyinfra;
mod report;
mod shell;
mod stage;
mod tool;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::bench::report::Row;
use crate::bench::stage::{Setting, Stage};
use crate::bench::tool::{Programs, Tool};
use crate::fleet::guard::Guard;
use crate::fleet::host::Host;
use crate::fleet::place::workspace;
use crate::fleet::{Fleet, Spec};
use crate::packages;
use crate::process::Run;
use crate::say;
use crate::toolchain;

/// What this chore needs on this machine beside what the fleet does.
const PACKAGES: [&str; 5] = ["gcc", "libc6-dev", "openssh-client", "python3-venv", "time"];

/// The settings: tasks, hosts and milliseconds each way.
const SETTINGS: [(usize, usize, u64); 7] =
    [(100, 1, 0), (100, 1, 25), (20, 1, 0), (20, 1, 25), (20, 10, 0), (20, 10, 25), (1000, 1, 0)];

/// The job that each tool has to do from nothing has as many tasks as this at most.
const PROOF: usize = 100;

/// The options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// How often each tool runs in each setting
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only these tools
    #[arg(long = "tool", value_delimiter = ',')]
    tools: Vec<Tool>,
    /// Only settings whose names (TASKSxHOSTS-DELAYms) begin with one of these
    #[arg(long = "setting", value_delimiter = ',')]
    settings: Vec<String>,
    /// Leaves out the proof that each tool can do the job from nothing
    #[arg(long)]
    no_proof: bool,
}

impl Bench {
    /// Runs it. Results of a whole bench go into `bench/runs`, those of a part of it into `target/bench/runs`.
    pub fn run(&self) -> Result<()> {
        packages::ensure("bench", &PACKAGES)?;
        toolchain::ensure("bench")?;
        let settings = self.chosen_settings()?;
        let programs = Programs::ready(&self.chosen_tools())?;
        let guard = Guard::start()?;
        let hosts = settings.iter().map(|setting| setting.hosts).max().unwrap_or(1);
        let mut fleet =
            Fleet::up(&Spec { prefix: "bench-".to_owned(), python: hosts, ..Spec::default() })?;
        fleet.renew_found()?;
        let measured = self.measure(&mut fleet, &programs, &settings);
        fleet.down()?;
        drop(guard);
        self.write(&measured?)
    }

    fn measure(
        &self,
        fleet: &mut Fleet,
        programs: &Programs,
        settings: &[Setting],
    ) -> Result<Vec<Row>> {
        let most = settings.iter().map(|setting| setting.tasks).max().unwrap_or(0);
        if !self.no_proof {
            self.prove(fleet, programs, most.min(PROOF))?;
        }
        let hosts = fleet.hosts().to_vec();
        for (at, host) in hosts.iter().enumerate() {
            say::progress("bench", &format!("doing the job on {}", host.name));
            let here = settings.iter().filter(|setting| setting.hosts > at);
            let all = job::mixed(here.map(|setting| setting.tasks).max().unwrap_or(0));
            on_host(host, &job::preparation(&all))?;
            on_host(host, &shell::script(&all))?;
        }
        let stages = settings
            .iter()
            .map(|setting| Stage::set(*setting, &hosts))
            .collect::<Result<Vec<_>>>()?;
        let warm = [Tool::Converge, Tool::ConvergePlan];
        let warmed = self.chosen_tools().iter().any(|tool| warm.contains(tool));
        for stage in stages.iter().filter(|_| warmed) {
            // Not measured: it leaves the helper on hosts that are new.
            measure::run(programs, Tool::Converge, stage)?;
        }
        let mut rows = Vec::new();
        for round in 1..=self.rounds {
            for stage in &stages {
                let tools = self.chosen_tools().into_iter();
                for tool in tools.filter(|tool| stage.setting.has(*tool)) {
                    let sample = measure::sample(programs, tool, stage, &hosts)
                        .with_context(|| format!("in setting {}", stage.setting.name()))?;
                    say::progress(
                        "bench",
                        &format!(
                            "round {round} of {}, {}, {} {}: {:.2} s, {} exchanges",
                            self.rounds,
                            stage.setting.name(),
                            tool.name(),
                            tool.state(),
                            sample.wall.as_secs_f64(),
                            sample.counts.exchanges
                        ),
                    );
                    rows.push(Row { round, setting: stage.setting, tool, sample });
                }
            }
        }
        Ok(rows)
    }

    /// Lets each tool do the whole job from nothing on a host that is made fresh each time.
    fn prove(&self, fleet: &mut Fleet, programs: &Programs, tasks: usize) -> Result<()> {
        let name = fleet.hosts().first().context("there is no host")?.name.clone();
        // On a fresh host there is no difference between warm and cold.
        let mut tools: Vec<Tool> = self.chosen_tools();
        tools.dedup_by_key(|tool| tool.name());
        for tool in tools {
            fleet.fresh(&name)?;
            let hosts = [fleet.host(&name)?.clone()];
            on_host(&hosts[0], &job::preparation(&job::mixed(tasks)))?;
            let setting = Setting { tasks, hosts: 1, delay: Duration::ZERO };
            let stage = Stage::set(setting, &hosts)?;
            let (sample, _) = measure::run(programs, tool, &stage)?;
            measure::assert_done(&stage, &hosts[0], tool)?;
            let seconds = sample.wall.as_secs_f64();
            say::progress(
                "bench",
                &format!("{} did {tasks} tasks from nothing in {seconds:.1} s", tool.name()),
            );
        }
        fleet.fresh(&name)
    }

    fn write(&self, rows: &[Row]) -> Result<()> {
        let whole = self.tools.is_empty() && self.settings.is_empty() && !self.no_proof;
        let runs: PathBuf =
            workspace().join(if whole { "bench/runs" } else { "target/bench/runs" });
        let dir = runs.join(format!("{}-{}", machine::date()?, machine::name()?));
        fs::create_dir_all(&dir).with_context(|| format!("cannot make `{}`", dir.display()))?;
        let summary = report::summary(rows, &machine::about(self.rounds)?);
        for (name, text) in [("raw.csv", report::csv(rows)), ("summary.md", summary.clone())] {
            let path = dir.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        say::line(&summary);
        say::progress("bench", &format!("written to {}", dir.display()));
        Ok(())
    }

    fn chosen_tools(&self) -> Vec<Tool> {
        if self.tools.is_empty() { Tool::value_variants().to_vec() } else { self.tools.clone() }
    }

    fn chosen_settings(&self) -> Result<Vec<Setting>> {
        let all = SETTINGS.map(|(tasks, hosts, delay)| Setting {
            tasks,
            hosts,
            delay: Duration::from_millis(delay),
        });
        let wanted = |setting: &Setting| {
            self.settings.is_empty()
                || self.settings.iter().any(|name| setting.name().starts_with(name))
        };
        let chosen: Vec<Setting> = all.into_iter().filter(wanted).collect();
        let names = || all.map(Setting::name).join(", ");
        ensure!(
            !chosen.is_empty(),
            "no setting is called {}; there are {}",
            self.settings.join(", "),
            names()
        );
        Ok(chosen)
    }
}

/// Runs a shell script on a host; it must succeed.
fn on_host(host: &Host, script: &str) -> Result<()> {
    Run::new("ssh")
        .arg("-F")
        .arg(&host.ssh_config)
        .args(["--", &host.name, "sh", "-s"])
        .input(script)
        .run()
}

#[cfg(test)]
mod tests {
    use crate::bench::Bench;

    fn bench(settings: &[&str]) -> Bench {
        let settings = settings.iter().map(|name| (*name).to_owned()).collect();
        Bench { rounds: 1, tools: Vec::new(), settings, no_proof: false }
    }

    #[test]
    fn settings_are_chosen_by_the_beginning_of_their_names() {
        for (names, count) in [(&[][..], 7), (&["20x1-"], 2), (&["100x1-25ms", "20x10"], 3)] {
            assert_eq!(
                bench(names).chosen_settings().map(|chosen| chosen.len()).unwrap_or(0),
                count,
                "{names:?}"
            );
        }
        assert!(bench(&["5x5"]).chosen_settings().is_err());
    }
}
