//! The file of a plan: a line that names it, and a line of JSON for everything else.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::event::Recap;
use crate::record::{Lost, PlayRecord, Record, StepRecord, TaskRecord};
use crate::saved::{About, Bound, Input, Machine, PlanKey, Saved, SavedError, VERSION};

/// What the digest of a whole plan is for.
const PURPOSE: &str = "plan";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// The version of the form.
    converge_plan: u64,
    /// The name of the plan: the keyed digest of the time and of all other lines.
    id: String,
    /// When it was made, in milliseconds since 1970.
    made_ms: i64,
    /// Which key.
    key: String,
}

/// Any other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    About(Box<About>),
    Input(Input),
    Machine(Machine),
    Step(Bound),
    Play(PlayRecord),
    Task(TaskRecord),
    Told(usize, Box<StepRecord>),
    Unreachable(Lost),
    Warning(String),
    Hosts(Recap),
}

/// Writes a plan into a new file that only this user may read; its name is given. The file is there as a whole or not at all.
pub fn write(path: &Path, plan: &Saved, key: &PlanKey) -> Result<String, SavedError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => SavedError::Exists { path: path.to_owned() },
        _ => SavedError::Unwritable { path: path.to_owned(), why: error.to_string() },
    };
    let body = body(plan).map_err(|error| failed(io::Error::other(error)))?;
    let id = name(key, plan.made_ms, &body);
    let header = Header {
        converge_plan: VERSION.into(),
        id: id.clone(),
        made_ms: plan.made_ms,
        key: key.name(),
    };
    let first = serde_json::to_string(&header).map_err(|error| failed(io::Error::other(error)))?;
    put(path, format!("{first}\n{body}").as_bytes()).map_err(failed)?;
    Ok(id)
}

/// Reads a plan. Without its key it can be read, too, but nobody can tell whether it is as it was written.
pub fn read(path: &Path, key: Option<&PlanKey>) -> Result<Saved, SavedError> {
    let path = path.to_owned();
    let no_plan = |why: String| SavedError::NoPlan { path: path.clone(), why };
    let text = match fs::read(&path) {
        Ok(bytes) => {
            String::from_utf8(bytes).map_err(|_| no_plan("it is not UTF-8 text".into()))?
        }
        Err(error) => return Err(SavedError::Unreadable { why: error.to_string(), path }),
    };
    let (first, body) =
        text.split_once('\n').ok_or_else(|| no_plan("it has no second line".into()))?;
    let first: serde_json::Value = serde_json::from_str(first)
        .map_err(|_| no_plan("its first line is not that of a plan".into()))?;
    match first.get("converge_plan").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) => return Err(SavedError::Version { path, version }),
        None => return Err(no_plan("its first line is not that of a plan".into())),
    }
    let header: Header = serde_json::from_value(first)
        .map_err(|error| no_plan(format!("its first line: {error}")))?;
    let ours = key.filter(|key| key.name() == header.key);
    if let Some(key) = ours
        && name(key, header.made_ms, body) != header.id
    {
        return Err(SavedError::Tampered { path });
    }
    let mut plan = Saved {
        id: header.id,
        made_ms: header.made_ms,
        verified: ours.is_some(),
        ..Saved::default()
    };
    for (number, line) in body.lines().enumerate() {
        let line: Line = serde_json::from_str(line)
            .map_err(|error| no_plan(format!("line {}: {error}", number + 2)))?;
        take(&mut plan, line);
    }
    Ok(plan)
}

fn name(key: &PlanKey, made_ms: i64, body: &str) -> String {
    key.digest(PURPOSE, format!("{made_ms}\n{body}").as_bytes())
}

/// Every line but the first.
fn body(plan: &Saved) -> Result<String, serde_json::Error> {
    let records = plan.story.records().map(|record| match record {
        Record::Play(play) => Line::Play(play),
        Record::Task(task) => Line::Task(task),
        Record::Step(task, step) => Line::Told(task, Box::new(step)),
        Record::Lost(lost) => Line::Unreachable(lost),
        Record::Warning(warning) => Line::Warning(warning),
    });
    let lines = std::iter::once(Line::About(Box::new(plan.about.clone())))
        .chain(plan.inputs.iter().cloned().map(Line::Input))
        .chain(plan.machines.iter().cloned().map(Line::Machine))
        .chain(plan.steps.iter().cloned().map(Line::Step))
        .chain(records)
        .chain(std::iter::once(Line::Hosts(plan.story.hosts.clone())));
    let mut body = String::new();
    for line in lines {
        body.push_str(&serde_json::to_string(&line)?);
        body.push('\n');
    }
    Ok(body)
}

fn take(plan: &mut Saved, line: Line) {
    match line {
        Line::About(about) => plan.about = *about,
        Line::Input(input) => plan.inputs.push(input),
        Line::Machine(machine) => plan.machines.push(machine),
        Line::Step(step) => plan.steps.push(step),
        Line::Play(play) => plan.story.add(Record::Play(play)),
        Line::Task(task) => plan.story.add(Record::Task(task)),
        Line::Told(task, step) => plan.story.add(Record::Step(task, *step)),
        Line::Unreachable(lost) => plan.story.add(Record::Lost(lost)),
        Line::Warning(warning) => plan.story.add(Record::Warning(warning)),
        Line::Hosts(hosts) => plan.story.hosts = hosts,
    }
}

/// Writes beside the place and moves there, if nothing is there.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path)?;
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| settle(&temporary, path));
    if written.is_err() {
        // After a failure there may be nothing to remove.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn settle(temporary: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE) {
        // A file system that can't be told to replace nothing.
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(temporary, path)?;
            fs::remove_file(temporary)
        }
        renamed => Ok(renamed?),
    }
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is the name of no file"));
    };
    let random = rand::random::<u64>();
    Ok(path.with_file_name(format!(".{}.{random:016x}", name.to_string_lossy())))
}
