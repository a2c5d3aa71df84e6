//! What must hold for every module about files, checked on a real folder.
//!
//! Planning changes nothing. Performing brings about what was planned. What was planned is planned once only. What can be taken
//! back is as it was before.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use crate::answer::Answerer;
use crate::blob::Digest;
use crate::change::Change;
use crate::data::{Data, Map};
use crate::host::overlay::Overlay;
use crate::host::real::Real;
use crate::host::{Host, Look, NodeKind};
use crate::stop::Stop;
use crate::wire::{Ask, Call, Done, Reply};

/// What stands at every path of the folder, in words.
pub(crate) type Shape = BTreeMap<String, String>;

/// A folder with files for a module to work on. `$T` in arguments is the folder.
pub(crate) struct Scenario {
    root: TempDir,
    idempotent: bool,
    blobs: Vec<Arc<[u8]>>,
}

impl Scenario {
    /// A folder with these entries: `a=text` is a file, `d/` a directory, `l->target` a link; `!0600` at the end is a mode.
    pub(crate) fn new(entries: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for entry in entries {
            let (entry, mode) = match entry.rsplit_once('!') {
                Some((entry, mode)) => (entry, Some(u32::from_str_radix(mode, 8).unwrap())),
                None => (*entry, None),
            };
            let path = if let Some((path, target)) = entry.split_once("->") {
                symlink(
                    target.replace("$T", &root.path().display().to_string()),
                    root.path().join(path),
                )
                .unwrap();
                continue;
            } else if let Some((path, text)) = entry.split_once('=') {
                let path = root.path().join(path);
                fs::write(&path, text).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
                path
            } else {
                let path = root.path().join(entry);
                fs::create_dir_all(&path).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
                path
            };
            if let Some(mode) = mode {
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        Self { root, idempotent: true, blobs: Vec::new() }
    }

    /// Every run changes something, as it does with `touch`.
    pub(crate) fn never_done(mut self) -> Self {
        self.idempotent = false;
        self
    }

    /// Bytes that the controller would send when they are asked for.
    pub(crate) fn sends(mut self, bytes: &[u8]) -> Self {
        self.blobs.push(bytes.into());
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap()
    }

    /// Plans, performs, plans again and takes back, and returns what performing told.
    #[track_caller]
    pub(crate) fn run(&self, module: &str, args: &[(&str, Data)]) -> Done {
        let call = self.call(module, args);
        let before = self.real_shape();
        let mut planner = Answerer::new(Real::new());
        let planned = done(planner.answer(&Ask::Plan, &call).unwrap());
        assert_eq!(self.real_shape(), before, "planning changes nothing");
        self.blobs.iter().for_each(|bytes| planner.machine.keep(Arc::clone(bytes)));
        let overlay = Overlay { base: &planner.machine, expected: &planner.expected };
        let expected = shape(&overlay, self.root.path());
        if self.idempotent {
            let again = done(planner.answer(&Ask::Plan, &call).unwrap());
            assert_eq!(again.changes, [], "what is planned needs no planning");
        }

        let mut doer = Answerer::new(Real::new());
        let perform = Ask::Perform { gate: false, reviewed: Some(planned.changes.clone()) };
        let reply = loop {
            match doer.answer(&perform, &call) {
                Ok(reply) => break reply,
                Err(digest) => {
                    let bytes = self.blobs.iter().find(|bytes| Digest::of(bytes) == digest);
                    doer.machine
                        .keep(Arc::clone(bytes.expect("a content that the scenario sends")));
                }
            }
        };
        let performed = done(reply);
        let after = self.real_shape();
        assert_eq!(
            without_unknown(&without_backups(&after), &expected),
            without_unknown(&without_backups(&expected), &expected),
            "performed is what was planned"
        );
        assert_eq!(performed.changed, planned.changed);
        for (key, value) in &planned.results {
            // Contents that were not sent for planning have no checksum then.
            assert_eq!(performed.results.get(key), Some(value), "result `{key}`");
        }
        if self.idempotent {
            let again = done(doer.answer(&Ask::Plan, &call).unwrap());
            assert_eq!(again.changes, [], "what is done needs no doing");
            doer.reset();
        }
        self.take_back(&doer, &performed.changes, &before);
        self.redo(&doer, &performed.changes, &after);
        performed
    }

    /// Plans, and returns how it fails.
    #[track_caller]
    pub(crate) fn fails(&self, module: &str, args: &[(&str, Data)], want: &str) {
        let call = self.call(module, args);
        let before = self.real_shape();
        for ask in [Ask::Plan, Ask::Perform { gate: false, reviewed: None }] {
            match Answerer::new(Real::new()).answer(&ask, &call).unwrap() {
                Reply::Failed(failure, changes) => {
                    let msg = failure.msg.replace(&self.root.path().display().to_string(), "$T");
                    assert_eq!((msg.as_str(), changes.len()), (want, 0));
                }
                other => panic!("it should fail: {other:?}"),
            }
        }
        assert_eq!(self.real_shape(), before);
    }

    /// What stands in the folder, one word a path.
    pub(crate) fn real_shape(&self) -> Shape {
        shape(&Real::new(), self.root.path())
    }

    pub(crate) fn call(&self, module: &str, args: &[(&str, Data)]) -> Call {
        let root = self.root.path().display().to_string();
        let args: Map = args
            .iter()
            .map(|(key, data)| {
                let data = match data {
                    Data::Str(text) => Data::Str(text.replace("$T", &root)),
                    other => other.clone(),
                };
                ((*key).to_owned(), data)
            })
            .collect();
        Call { module: module.into(), args, env: Vec::new() }
    }

    fn take_back(&self, doer: &Answerer, changes: &[Change], before: &Shape) {
        let inverse: Option<Vec<Change>> =
            changes.iter().rev().map(|change| change.effect().invert()).collect();
        let Some(inverse) = inverse else { return };
        for change in inverse {
            change.effect().perform(&doer.machine).unwrap();
        }
        assert_eq!(
            without_backups(&self.real_shape()),
            *before,
            "what was taken back is as it was"
        );
    }

    /// Brings back what was taken back, for the test to look at.
    fn redo(&self, doer: &Answerer, changes: &[Change], after: &Shape) {
        if without_backups(&self.real_shape()) == without_backups(after) {
            return;
        }
        for change in changes {
            change.effect().perform(&doer.machine).unwrap();
        }
        assert_eq!(without_backups(&self.real_shape()), without_backups(after));
    }
}

#[track_caller]
pub(crate) fn done(reply: Reply) -> Done {
    match reply {
        Reply::Done(done) => done,
        other => panic!("it should be done: {other:?}"),
    }
}

fn without_backups(shape: &Shape) -> Shape {
    shape
        .iter()
        .filter(|(path, _)| !path.ends_with('~'))
        .map(|(a, b)| (a.clone(), b.clone()))
        .collect()
}

/// Without what the plan could not tell: contents, and all that is in some folders.
fn without_unknown(shape: &Shape, expected: &Shape) -> Shape {
    let unseen = |path: &str| {
        let mut above = Path::new(path).ancestors().skip(1);
        above.any(|at| expected.get(&at.join("?").display().to_string()).is_some())
    };
    let known = |(path, words): (&String, &String)| match expected.get(path) {
        Some(planned) if planned.ends_with(" ?") => {
            let attributes = words.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
            (path.clone(), format!("{attributes} ?"))
        }
        _ => (path.clone(), words.clone()),
    };
    shape.iter().filter(|(path, _)| !unseen(path)).map(known).collect()
}

fn shape(host: &dyn Host, root: &Path) -> Shape {
    let mut found = Shape::new();
    walk(host, root, &PathBuf::new(), &mut found);
    found
}

fn walk(host: &dyn Host, root: &Path, below: &Path, found: &mut Shape) {
    let names = match host.list(&root.join(below)) {
        Err(Stop::Unknown(_)) => {
            found.insert(below.join("?").display().to_string(), String::new());
            return;
        }
        names => names.unwrap(),
    };
    for name in names {
        let at = below.join(name);
        let path = root.join(&at);
        let Look::Is(node) = host.look(&path).unwrap() else { panic!("{path:?} is listed") };
        let (mode, owner, group) = (node.mode, &node.owner.name, &node.group.name);
        let words = match &node.kind {
            NodeKind::File => match host.content(&path) {
                Err(Stop::Unknown(_)) => format!("{mode:04o} {owner}:{group} ?"),
                content => {
                    let bytes = content.unwrap().bytes.unwrap();
                    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
                    // A long content is told by its beginning, and compared to its end.
                    let rest = match bytes.len() {
                        ..=200 => String::new(),
                        size => format!("… {size} bytes, {}", Digest::of(&bytes).hex()),
                    };
                    format!("{mode:04o} {owner}:{group} {text:?}{rest}")
                }
            },
            NodeKind::Dir => format!("{mode:04o} {owner}:{group} dir"),
            NodeKind::Link(target) => format!("{owner}:{group} -> {}", target.display()),
            NodeKind::Special(special) => format!("{mode:04o} {special:?}"),
        };
        found.insert(at.display().to_string(), words);
        if node.kind == NodeKind::Dir {
            walk(host, root, &at, found);
        }
    }
}
