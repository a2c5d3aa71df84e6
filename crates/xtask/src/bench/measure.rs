//! One run of one tool, measured from outside.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::bench::helper::Watch;
use crate::bench::shell;
use crate::bench::stage::Stage;
use crate::bench::tool::{Programs, Tool};
use crate::fleet::host::Host;
use crate::process::Run;
use crate::relay::Counts;

/// How long the ends of a run's connections may take to come through the relay.
const SETTLE: Duration = Duration::from_millis(300);

/// What one run took.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    pub(crate) counts: Counts,
    /// The largest resident set of any process of the tool on this machine, in KiB (`ru_maxrss` of wait4(2)).
    pub(crate) memory: u64,
    /// The largest resident set of converge's helper on a host, in KiB; 0 where none was seen.
    pub(crate) helper: u64,
}

/// Runs a tool on a stage whose job was done before, and makes sure that it leaves the hosts as the job wants them.
///
/// # Errors
/// When the tool fails, says that it changed something, or the hosts are not as they must be.
pub(crate) fn sample(
    programs: &Programs,
    tool: Tool,
    stage: &Stage,
    hosts: &[Host],
) -> Result<Sample> {
    if let Some(before) = tool.before() {
        for host in &hosts[..stage.setting.hosts] {
            host.ssh_ok(&before)?;
        }
    }
    let (sample, printed) = run(programs, tool, stage)?;
    ensure!(!tool.changed(&printed), "{} changed what was done already:\n{printed}", tool.name());
    for host in &hosts[..stage.setting.hosts] {
        assert_done(stage, host, tool)?;
    }
    Ok(sample)
}

/// Runs a tool, which must succeed, and gives what it printed as well.
pub(crate) fn run(programs: &Programs, tool: Tool, stage: &Stage) -> Result<(Sample, String)> {
    // Short, because the path of a socket has little room.
    let scratch = tempfile::Builder::new().prefix("cb").tempdir_in("/tmp")?;
    let peak = scratch.path().join("peak");
    let command = programs
        .command(tool, stage, scratch.path())?
        .before(&["/usr/bin/time", "--quiet", "--format=%M", "--output"], &[peak.as_os_str()]);
    stage.reset();
    let watch = Watch::start();
    let begin = Instant::now();
    let output = command.finish()?;
    let wall = begin.elapsed();
    let helper = watch.peak();
    let counts = stage.counts();
    close_masters(scratch.path())?;
    sleep(SETTLE);
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(output.status.success(), "{} failed ({}):\n{printed}", tool.name(), output.status);
    let memory = fs::read_to_string(&peak).context("`time` wrote nothing")?;
    let memory = memory.trim().parse().with_context(|| format!("`time` wrote `{memory}`"))?;
    Ok((Sample { wall, counts, memory, helper }, printed))
}

/// Looks at a host, over a connection of its own, for anything that is not as the job wants it.
pub(crate) fn assert_done(stage: &Stage, host: &Host, tool: Tool) -> Result<()> {
    let check = shell::check(&stage.tasks());
    let wrong = Run::new("ssh")
        .arg("-F")
        .arg(&host.ssh_config)
        .args(["--", &host.name, "sh", "-s"])
        .input(check)
        .output()?;
    ensure!(
        wrong.is_empty(),
        "after {} `{}` is not as the job wants it:\n{wrong}",
        tool.name(),
        host.name
    );
    Ok(())
}

/// Ends the connections that ansible's ssh keeps for a while, because the next run must not find them.
fn close_masters(dir: &std::path::Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "peak") {
            continue;
        }
        let control = format!("ControlPath={}", path.display());
        Run::new("ssh")
            .args(["-F", "/dev/null", "-o", &control, "-O", "exit", "127.0.0.1"])
            .finish()?;
    }
    Ok(())
}
