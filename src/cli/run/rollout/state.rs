//! How far a rollout is: a file in the state folder, so that it outlives whoever runs it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::git;
use crate::record::Head;

/// The folder below the state folder.
const FOLDER: &str = "rollouts";

/// The version of the file's form.
const FORM: u32 = 1;

/// How far a rollout is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cli::run) struct State {
    /// The version of the form.
    pub(super) form: u32,
    /// Its name: that of its first run.
    pub(super) id: String,
    /// The environment.
    pub(super) environment: String,
    /// The commit; none outside of git.
    pub(super) commit: Option<String>,
    /// What it is about.
    pub(super) head: Head,
    /// The options, as plans keep them.
    pub(super) options: Value,
    /// When it began, in words.
    pub(super) since: String,
    /// Who began it.
    pub(super) who: String,
    /// Where it is.
    pub(super) stage: Stage,
    /// Why it stopped.
    pub(super) why: Option<String>,
    /// Hosts that it is through with.
    pub(super) done: Vec<String>,
    /// Hosts that failed, or whose checks did.
    pub(super) failed: Vec<String>,
    /// The batches that are left, the one at work first.
    pub(super) left: Vec<Vec<String>>,
    /// The runs that it is made of, as the history names them.
    pub(super) runs: Vec<String>,
}

/// Where a rollout is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// It is at work, or was when it was killed.
    Running,
    /// It stopped, and waits for somebody to decide.
    Stopped,
    /// It came to its end.
    Done,
    /// It was given up, or another one began.
    Aborted,
}

/// The file of a rollout that this process runs. Nobody else runs it meanwhile.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    _lock: File,
}

impl State {
    /// A rollout that begins.
    pub(super) fn new(id: &str, environment: &str, head: Head, options: Value, who: &str) -> Self {
        let commit = head.revision.as_ref().and_then(|revision| revision.commit.clone());
        Self {
            form: FORM,
            id: id.to_owned(),
            environment: environment.to_owned(),
            commit,
            head,
            options,
            since: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            who: who.to_owned(),
            stage: Stage::Running,
            why: None,
            done: Vec::new(),
            failed: Vec::new(),
            left: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Whether it waits for somebody to decide.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Running | Stage::Stopped)
    }

    /// Hosts that nothing was done on.
    pub(super) fn untouched(&self) -> Vec<&str> {
        let touched = |host: &&str| !self.failed.iter().any(|failed| failed == host);
        self.left.iter().flatten().map(String::as_str).filter(touched).collect()
    }
}

impl Kept {
    /// Takes the file of a rollout. Fails where another process runs it.
    pub(super) fn take(state: &Path, id: &str) -> io::Result<Self> {
        let folder = git::private(&state.join(FOLDER))?;
        let lock = folder.join(format!("{id}.lock"));
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(lock)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another process runs it"))?;
        Ok(Self { path: folder.join(format!("{id}.json")), _lock: lock })
    }

    /// Writes down how far it is, all or nothing.
    pub(super) fn write(&self, state: &State) -> io::Result<()> {
        let temporary = self.path.with_extension(format!("{:016x}", rand::random::<u64>()));
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        let text = serde_json::to_string_pretty(state).map_err(io::Error::other)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

/// Every rollout that is known, the newest first. A file that can't be read is told by its name.
pub(super) fn all(state: &Path) -> io::Result<(Vec<State>, Vec<String>)> {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    let entries = match fs::read_dir(state.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((found, unread)),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        match serde_json::from_str::<State>(&text) {
            Ok(state) if state.form == FORM => found.push(state),
            Ok(_) => unread.push(format!("{}: a form of another converge", path.display())),
            Err(error) => unread.push(format!("{}: {error}", path.display())),
        }
    }
    found.sort_by(|one, other| other.id.cmp(&one.id));
    Ok((found, unread))
}

/// Whether a process is at work on it.
pub(super) fn is_alive(state: &Path, id: &str) -> bool {
    Kept::take(state, id).is_err()
}
