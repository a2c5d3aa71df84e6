//! How far a rollout is: a file in the state folder, so that it outlives whoever runs it; and where a team shares the history, there too.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::environment::Environment;
use crate::git;
use crate::history::{History, HistoryError, Where};
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
    /// How often it was written down.
    #[serde(default)]
    step: u64,
    /// Whether another machine began it, which shares its history with this one.
    #[serde(skip)]
    pub(super) adopted: bool,
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

/// Where rollouts are kept.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    folder: &'a Path,
    history: &'a Where,
    /// A folder of the project.
    here: &'a Path,
}

/// The file of a rollout that this process runs. Nobody else runs it meanwhile.
pub(super) struct Kept {
    id: String,
    path: PathBuf,
    _lock: File,
    /// The history of the team, where there is one that can be reached.
    shared: Option<History>,
    /// Why others can't see it.
    pub(super) alone: Option<String>,
}

impl<'a> Shelf<'a> {
    /// Where this machine keeps them; none where it has no folder for its state.
    pub(super) fn of(environment: &'a Environment) -> Option<Self> {
        let (history, here) = (&environment.history, environment.here.as_path());
        environment.state.as_deref().map(|folder| Self { folder, history, here })
    }

    /// The history of the team, if there is one.
    fn shared(&self) -> Result<Option<History>, HistoryError> {
        self.history.server.as_ref().map(|_| History::open(self.history)).transpose()
    }
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
            step: 0,
            adopted: false,
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
    /// Takes a rollout. Fails where another process runs it.
    pub(super) fn take(shelf: Shelf<'_>, id: &str) -> io::Result<Self> {
        let folder = git::private(&shelf.folder.join(FOLDER))?;
        let lock = folder.join(format!("{id}.lock"));
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(lock)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another process runs it"))?;
        let path = folder.join(format!("{id}.json"));
        let mut kept = Self { id: id.to_owned(), path, _lock: lock, shared: None, alone: None };
        // It is held by the connection, and so by nobody who is gone.
        let taken = shelf.shared().and_then(|shared| {
            let taken = shared.as_ref().map_or(Ok(true), |shared| shared.take_rollout(id))?;
            Ok((shared, taken))
        });
        match taken {
            Ok((_, false)) => return Err(io::Error::other("another machine runs it")),
            Ok((shared, true)) => kept.shared = shared,
            Err(error) => kept.alone = Some(error.to_string()),
        }
        Ok(kept)
    }

    /// Writes down how far it is, all or nothing.
    pub(super) fn write(&self, state: &mut State) -> io::Result<()> {
        state.step += 1;
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
        let told =
            self.shared.as_ref().map(|shared| shared.keep_rollout(&self.id, state.step, &text));
        written.and(told.transpose().map(drop).map_err(io::Error::other))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Where it can't be given back, it is with the end of the connection.
        let _gone = self.shared.as_ref().map(|shared| shared.release_rollout(&self.id));
    }
}

/// Every rollout that is known, the newest first, those of the team's other machines included. What can't be read is told.
pub(super) fn all(shelf: Shelf<'_>) -> io::Result<(Vec<State>, Vec<String>)> {
    let (mut found, mut unread) = own(shelf.folder)?;
    match shelf.shared().and_then(|shared| shared.map_or(Ok(Vec::new()), |one| one.rollouts())) {
        Ok(texts) => texts.iter().for_each(|text| adopt(&mut found, text, shelf.here)),
        Err(error) => unread.push(format!("those of others: {error}")),
    }
    found.sort_by(|one, other| other.id.cmp(&one.id));
    Ok((found, unread))
}

/// Takes in what the team knows of a rollout: of one of this project, or further on than what this machine knows.
fn adopt(found: &mut Vec<State>, text: &str, here: &Path) {
    // What another converge wrote is its own.
    let Ok(state) = serde_json::from_str::<State>(text) else { return };
    if state.form != FORM {
        return;
    }
    match found.iter_mut().find(|own| own.id == state.id) {
        Some(own) if own.step < state.step => {
            let head = Head { project: own.head.project.clone(), ..state.head };
            *own = State { head, ..state };
        }
        Some(_) => {}
        None if state.commit.as_ref().is_some_and(|commit| git::has_commit(here, commit)) => {
            found.push(State { adopted: true, ..state });
        }
        None => {}
    }
}

fn own(folder: &Path) -> io::Result<(Vec<State>, Vec<String>)> {
    let mut found = Vec::new();
    let mut unread = Vec::new();
    let entries = match fs::read_dir(folder.join(FOLDER)) {
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
    Ok((found, unread))
}

/// Whether a process is at work on it.
pub(super) fn is_alive(shelf: Shelf<'_>, id: &str) -> bool {
    Kept::take(shelf, id).is_err()
}
