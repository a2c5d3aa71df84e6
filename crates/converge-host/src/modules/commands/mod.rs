//! What the modules that run commands share.

mod glob;

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::change::{Change, Changes, RunChange};
use crate::data::{Data, Map};
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::modules::files::absolute;
use crate::stop::{Failure, Result, Stop};

/// The arguments of `command` and `shell` alike.
#[derive(Args)]
pub(crate) struct Circumstances {
    /// Where it runs.
    #[arg(path)]
    chdir: Option<PathBuf>,
    /// Don't run it where this path, or one that this shell pattern matches, exists.
    #[arg(path)]
    creates: Option<String>,
    /// Don't run it where nothing exists that is this path or that this shell pattern matches.
    #[arg(path)]
    removes: Option<String>,
    /// Don't run it where this line, read by a shell, ends with 0. It must change nothing: planning runs it, too.
    unless: Option<String>,
    /// Run it only where this line, read by a shell, ends with 0. It must change nothing: planning runs it, too.
    onlyif: Option<String>,
    /// What it reads.
    stdin: Option<String>,
    /// End what it reads with a line end.
    #[arg(default = "yes")]
    stdin_add_newline: bool,
    /// Cut line ends from the end of what it prints.
    #[arg(default = "yes")]
    strip_empty_ends: bool,
    /// Older content says whether to warn of commands that a module exists for. It means nothing any more.
    #[expect(dead_code, reason = "it means nothing any more")]
    warn: Option<bool>,
}

impl Circumstances {
    /// Asks for a command to be run, unless `creates` or `removes` make that needless. `cmd` is what is returned as such,
    /// `shown` what messages call it.
    pub(crate) fn run(
        &self,
        argv: Vec<String>,
        cmd: Data,
        shown: String,
        host: &dyn Host,
        changes: &mut Changes,
    ) -> Result<()> {
        changes.set("cmd", cmd);
        let cwd = self.folder(host)?;
        let base = cwd.clone().unwrap_or_else(|| PathBuf::from(&host.identity().home));
        if let Some(pattern) = &self.creates
            && glob::exists(&base, pattern, host)?
        {
            needless(&format!("{pattern} exists"), changes);
            return Ok(());
        }
        if let Some(pattern) = &self.removes
            && !glob::exists(&base, pattern, host)?
        {
            needless(&format!("{pattern} does not exist"), changes);
            return Ok(());
        }
        if let Some(line) = &self.unless
            && holds(line, cwd.as_deref(), host)?
        {
            needless(&format!("`{line}` holds"), changes);
            return Ok(());
        }
        if let Some(line) = &self.onlyif
            && !holds(line, cwd.as_deref(), host)?
        {
            needless(&format!("`{line}` does not hold"), changes);
            return Ok(());
        }
        runnable(&argv, host)?;
        let known = |pattern: &Option<String>| {
            pattern.as_ref().filter(|path| !glob::is_pattern(path)).map(|path| base.join(path))
        };
        changes.push(Change::Run(RunChange {
            command: Command { argv, cwd, stdin: self.input(), ..Command::default() },
            shown,
            creates: known(&self.creates),
            removes: known(&self.removes),
            script: None,
            strip: self.strip_empty_ends,
        }));
        Ok(())
    }

    fn folder(&self, host: &dyn Host) -> Result<Option<PathBuf>> {
        let Some(folder) = &self.chdir else { return Ok(None) };
        let path = absolute(folder, host);
        let refused = |why: &str| {
            let msg = format!("can't run in `{}`: {why}", folder.display());
            Err(Stop::Failed(Failure { msg, results: silent(Data::Null) }))
        };
        match host.resolve(&path)?.1 {
            Look::Is(Node { kind: NodeKind::Dir, .. }) | Look::Unknown(_) => Ok(Some(path)),
            Look::Is(_) => refused("it is no directory"),
            Look::Absent => refused("there is no such directory"),
        }
    }

    fn input(&self) -> Option<Vec<u8>> {
        let mut input = self.stdin.clone()?;
        if self.stdin_add_newline {
            input.push('\n');
        }
        Some(input.into_bytes())
    }
}

/// Whether a line ends with 0 in a shell. What fails now may hold once everything that is planned is there.
fn holds(line: &str, cwd: Option<&Path>, host: &dyn Host) -> Result<bool> {
    let command =
        Command { cwd: cwd.map(Path::to_path_buf), ..Command::new(["/bin/sh", "-c", line]) };
    let held = host.probe(&command)?.ok();
    match host.unsettled() {
        Some(why) if !held => Err(Stop::Unknown(why)),
        _ => Ok(held),
    }
}

/// Fails where there is no such program, and nothing planned may bring it.
pub(crate) fn runnable(argv: &[String], host: &dyn Host) -> Result<()> {
    let Some(program) = argv.first().filter(|program| !program.is_empty()) else {
        return Err(Stop::failed("no command given"));
    };
    // A path that is not absolute is one below where it runs.
    let relative = program.contains('/') && !Path::new(program).is_absolute();
    match host.program(program) {
        // The script that lies there while it runs.
        _ if program == "%s" => Ok(()),
        Ok(None) if !relative => {
            let mut results = silent(2_i64.into());
            results.insert("cmd".into(), Command::new(argv.iter().cloned()).shown().into());
            let msg = format!("can't run `{program}`: there is no such program");
            Err(Stop::Failed(Failure { msg, results }))
        }
        // It comes with something that is planned.
        Ok(_) | Err(Stop::Unknown(_)) => Ok(()),
        Err(stop) => Err(stop),
    }
}

/// The results of a command that was never started.
fn silent(rc: Data) -> Map {
    let mut results = Map::new();
    results.insert("rc".into(), rc);
    for name in ["stdout", "stderr"] {
        results.insert(name.into(), "".into());
        results.insert(format!("{name}_lines"), Data::List(Vec::new()));
    }
    results
}

/// The results of a command that need not be run.
fn needless(why: &str, changes: &mut Changes) {
    let stdout = format!("skipped, since {why}");
    changes.set("stdout_lines", vec![stdout.as_str()]);
    changes.set("stdout", stdout);
    changes.set("stderr", "");
    changes.set("stderr_lines", Data::List(Vec::new()));
    changes.set("rc", 0_i64);
    for name in ["start", "end", "delta"] {
        changes.set(name, Data::Null);
    }
    changes.set("msg", format!("not run, since {why}"));
}
