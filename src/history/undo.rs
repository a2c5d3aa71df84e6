//! What takes a run back: the inverse of each change, with the former contents of files.
//!
//! Contents are kept where they are small enough and hold no secret, compressed, in the history's own file, which is for its user
//! only. Everything else is kept by name, so that taking back can say what it leaves.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use converge_host::change::{Before, Change, FileKind};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::event::{Event, Listener, Step};
use crate::history::database::{Row, Value};
use crate::history::{History, HistoryError};
use crate::record::HIDDEN;
use crate::redact::Redactor;

/// So many bytes of former contents are kept of one run.
const LIMIT: u64 = 64 * 1024 * 1024;

/// No list of changes of one step is longer, unpacked.
const STEP_LIMIT: u64 = 2 * LIMIT;

/// What takes one step back.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// The host that it ran on.
    pub host: String,
    /// As which user, where that was another than the one who logged in.
    pub user: Option<String>,
    /// The task.
    pub task: String,
    /// Where the task stands.
    pub place: String,
    /// The changes that take it back, in the order in which they are to be made.
    pub changes: Vec<Change>,
    /// What nothing takes back, in words, and why.
    pub rest: Vec<String>,
}

/// Keeps what takes a run back while it happens. The first error ends that.
pub struct Keeper {
    history: History,
    run: String,
    redactor: Arc<Redactor>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: i64,
    kept: u64,
    broken: bool,
}

impl Keeper {
    pub(super) fn new(history: History, run: String, redactor: Arc<Redactor>) -> Self {
        Self { history, run, redactor, state: Mutex::default() }
    }

    fn keep(&self, step: &Step) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.broken {
            return;
        }
        let mut undo = Undo {
            host: step.delegated.clone().unwrap_or_else(|| step.host.clone()),
            user: step.user.clone(),
            task: self.redactor.redact(&step.task.name).into_owned(),
            place: step.task.place.clone(),
            changes: Vec::new(),
            rest: Vec::new(),
        };
        for change in step.changes.iter().rev() {
            match self.inverse(change, step, &mut state.kept) {
                Ok(inverse) => undo.changes.push(inverse),
                Err(Some(rest)) => undo.rest.push(rest),
                Err(None) => {}
            }
        }
        state.broken = self.insert(state.next, &undo).is_none();
        state.next += 1;
    }

    /// What takes a change back, or what is left and why; neither where there is nothing to take back.
    fn inverse(
        &self,
        change: &Change,
        step: &Step,
        kept: &mut u64,
    ) -> Result<Change, Option<String>> {
        let effect = change.effect();
        if !effect.counts() {
            return Err(None);
        }
        if step.hidden {
            return Err(Some(HIDDEN.to_owned()));
        }
        let what = self.redactor.redact(&effect.describe().what).into_owned();
        let left = |why: &str| Err(Some(format!("{what}: {why}")));
        let kinds = |change: &Change| {
            matches!(change, Change::File(_) | Change::Unit(_) | Change::User(_) | Change::Group(_))
        };
        if !kinds(change) {
            return Err(Some(what));
        }
        let Some(mut inverse) = effect.invert() else {
            return match change {
                Change::Unit(_) => left("do that again once its files are back"),
                _ => left("what was there before is not known"),
            };
        };
        if let Change::File(file) = &mut inverse {
            // What the run wrote is known by its digest.
            if let Before::Is(state) = &mut file.before
                && let FileKind::File(blob) = &mut state.kind
            {
                blob.bytes = None;
            }
            let same = file.before.kind() == file.after.as_ref().map(|after| &after.kind);
            if let Some(after) = &mut file.after
                && let FileKind::File(blob) = &mut after.kind
            {
                if same {
                    blob.bytes = None;
                } else if let Some(bytes) = &blob.bytes {
                    let text = String::from_utf8_lossy(bytes);
                    if !step.diff || self.redactor.redact(&text) != text {
                        return left("its former content may hold a secret, and is not kept");
                    }
                    if *kept + blob.size > LIMIT {
                        return left("too much was changed to keep its former content");
                    }
                    *kept += blob.size;
                }
            }
        }
        Ok(inverse)
    }

    fn insert(&self, seq: i64, undo: &Undo) -> Option<()> {
        let bytes = postcard::to_allocvec(&undo.changes).ok()?;
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&bytes).ok()?;
        let packed = packed.finish().ok()?;
        let rest = serde_json::to_string(&undo.rest).ok()?;
        let values: [Value; 8] = [
            (&self.run).into(),
            seq.into(),
            (&undo.host).into(),
            undo.user.as_ref().into(),
            (&undo.task).into(),
            (&undo.place).into(),
            packed.into(),
            rest.into(),
        ];
        let sql = "INSERT INTO undo (run, seq, host, \"user\", task, place, changes, rest)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        self.history.ask(|database| database.execute(sql, &values)).ok().map(drop)
    }
}

impl Listener for Keeper {
    fn hear(&self, event: &Event) {
        if let Event::Step(step) = event
            && !step.planned
            && !step.changes.is_empty()
        {
            self.keep(step);
        }
    }
}

impl History {
    /// What takes a run back, the last step first.
    pub fn undo(&self, run: &str) -> Result<Vec<Undo>, HistoryError> {
        let damaged =
            |why: &str| HistoryError::Damaged { place: self.place.clone(), why: why.to_owned() };
        let sql = "SELECT host, \"user\", task, place, changes, rest FROM undo WHERE run = ?1 ORDER BY seq DESC";
        let read = |row: &Row| {
            let text = |column| row.text(column).map(str::to_owned);
            let undo = Undo {
                host: text(0)?,
                user: row.maybe_text(1)?.map(str::to_owned),
                task: text(2)?,
                place: text(3)?,
                changes: Vec::new(),
                rest: row.json(5)?,
            };
            Ok((undo, row.bytes(4)?.to_vec()))
        };
        let rows = self.ask(|database| {
            let rows = database.query(sql, &[run.into()])?;
            rows.iter().map(read).collect::<Result<Vec<_>, _>>()
        })?;
        let unpack = |(undo, packed): (Undo, Vec<u8>)| {
            let mut bytes = Vec::new();
            ZlibDecoder::new(packed.as_slice())
                .take(STEP_LIMIT)
                .read_to_end(&mut bytes)
                .map_err(|error| damaged(&error.to_string()))?;
            let changes = postcard::from_bytes(&bytes)
                .map_err(|error| damaged(&format!("changes can't be read: {error}")))?;
            Ok(Undo { changes, ..undo })
        };
        rows.into_iter().map(unpack).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use converge_host::blob::Blob;
    use converge_host::change::{
        Before, Change, FileChange, FileKind, FileState, PackageAction, PackagesChange,
    };

    use crate::event::{Event, Listener as _, Step, TaskInfo, Verdict};
    use crate::history::{History, Mode, Undo, Where};
    use crate::record::Head;
    use crate::redact::{Redactor, Secret};

    fn state(text: &str) -> FileState {
        FileState { mode: Some(0o600), ..FileState::of(FileKind::File(Blob::new(text.as_bytes()))) }
    }

    fn write(path: &str, old: &str, new: &str) -> Change {
        Change::File(FileChange::new(path, Before::Is(state(old)), Some(state(new))))
    }

    fn step(changes: Vec<Change>) -> Step {
        let task = TaskInfo {
            number: 1,
            name: "t".into(),
            module: "copy".into(),
            place: "a.yml:1:3".into(),
            handler: false,
        };
        Step {
            task: Arc::new(task),
            host: "web1".into(),
            delegated: None,
            user: Some("root".into()),
            item: None,
            verdict: Verdict::Changed,
            changes,
            results: Default::default(),
            warnings: Vec::new(),
            hidden: false,
            diff: true,
            planned: false,
            probed: false,
            took: Duration::ZERO,
        }
    }

    fn kept(steps: Vec<Step>) -> Vec<Undo> {
        let folder = tempfile::tempdir().unwrap();
        let history =
            History::open(&Where { folder: Some(folder.path().into()), server: None }).unwrap();
        let writer = history.begin(&Head::default(), Mode::Apply, SystemTime::now()).unwrap();
        let redactor = Redactor::new();
        redactor.add(&Secret::new("hunter22"));
        let keeper = writer.keeper(Arc::new(redactor));
        steps.into_iter().for_each(|step| keeper.hear(&Event::Step(step)));
        history.undo(writer.id()).unwrap()
    }

    #[test]
    fn steps_are_taken_back_from_the_last_to_the_first() {
        let undo = kept(vec![
            step(vec![write("/a", "1", "2"), write("/b", "1", "2")]),
            step(vec![write("/a", "2", "3")]),
            Step { planned: true, ..step(vec![write("/c", "1", "2")]) },
        ]);
        let paths = |undo: &Undo| {
            let path = |change: &Change| change.effect().describe().what;
            undo.changes.iter().map(path).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(undo.iter().map(paths).collect::<Vec<_>>(), ["/a", "/b /a"]);
        let Change::File(file) = &undo[1].changes[0] else { panic!() };
        let FileKind::File(blob) = &file.after.as_ref().unwrap().kind else { panic!() };
        assert_eq!(blob.text(), Some("1"));
        assert_eq!(undo[0].user.as_deref(), Some("root"));
    }

    #[test]
    fn secrets_and_packages_are_left_and_named() {
        let package = Change::Packages(PackagesChange {
            actions: vec![PackageAction {
                name: "nginx".into(),
                from: None,
                to: Some("1".into()),
                asked: true,
            }],
            ..PackagesChange::default()
        });
        let undo = kept(vec![
            step(vec![package]),
            step(vec![write("/s", "password=hunter22", "x")]),
            Step { hidden: true, ..step(vec![write("/h", "1", "2")]) },
        ]);
        let rest: Vec<String> = undo.into_iter().flat_map(|undo| undo.rest).collect();
        assert_eq!(rest.len(), 3);
        assert_eq!(rest[0], "(hidden by no_log)");
        assert_eq!(rest[1], "/s: its former content may hold a secret, and is not kept");
        assert!(rest[2].contains("nginx"), "{}", rest[2]);
    }
}
