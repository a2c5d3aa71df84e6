//! What was done to files can be taken back: bytes, mode and owner are then what they were.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use converge::event::{Event, Listener};
use converge_host::change::{Change, Effect as _};
use converge_host::host::machine::Machine as _;
use converge_host::host::{Host as _, Look, NodeKind};

use crate::machine::Memory;

/// Keeps the changes that were made, by host, and passes everything on.
pub(crate) struct Tap<'a> {
    listener: &'a dyn Listener,
    made: Mutex<Vec<(String, Change)>>,
}

impl<'a> Tap<'a> {
    /// Passes on to this listener.
    pub(crate) fn new(listener: &'a dyn Listener) -> Self {
        Self { listener, made: Mutex::default() }
    }

    /// What was made.
    pub(crate) fn made(self) -> Vec<(String, Change)> {
        self.made.into_inner().unwrap()
    }
}

impl Listener for Tap<'_> {
    fn hear(&self, event: &Event) {
        if let Event::Step(step) = event
            && !step.planned
        {
            let host = step.delegated.as_ref().unwrap_or(&step.host);
            let made = step.changes.iter().map(|change| (host.clone(), change.clone()));
            self.made.lock().unwrap().extend(made);
        }
        self.listener.hear(event);
    }
}

/// Takes everything back on a host, and tells what is not as it was.
pub(crate) fn faults(
    name: &str,
    before: &Memory,
    mut after: Memory,
    made: &[Change],
) -> Vec<String> {
    // What a command did is not known.
    if made.iter().any(|change| matches!(change, Change::Run(_))) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut paths = BTreeSet::new();
    let mut left: BTreeSet<PathBuf> = BTreeSet::new();
    for change in made.iter().rev() {
        let Change::File(file) = change else { continue };
        if left.iter().any(|path| file.path.starts_with(path) || path.starts_with(&file.path)) {
            continue;
        }
        let Some(inverse) = file.invert() else {
            left.insert(file.path.clone());
            continue;
        };
        if let Err(stop) = after.perform(&inverse) {
            faults.push(format!("{name}: {} can't be taken back: {stop}", file.path.display()));
            left.insert(file.path.clone());
        }
        paths.insert(file.path.clone());
    }
    for path in paths.iter().filter(|path| !left.iter().any(|left| path.starts_with(left))) {
        let (was, is) = (told(before, path), told(&after, path));
        if was != is {
            faults.push(format!("{name}: {} was {was} and came back as {is}", path.display()));
        }
    }
    faults
}

fn told(machine: &Memory, path: &Path) -> String {
    match machine.look(path) {
        Ok(Look::Is(node)) => {
            let content = match node.kind {
                NodeKind::File => format!("{:?}", machine.content(path).unwrap().digest),
                ref other => format!("{other:?}"),
            };
            let (owner, group) = (&node.owner.name, &node.group.name);
            format!("{content} {:04o} {owner}:{group}", node.mode)
        }
        Ok(other) => format!("{other:?}"),
        Err(stop) => stop.to_string(),
    }
}
