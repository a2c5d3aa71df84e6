//! What was done can be taken back: bytes, mode and owner are then what they were, and so are units, accounts and groups.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use converge::event::{Event, Listener};
use converge_host::change::{Change, Effect as _, UnitAction};
use converge_host::host::machine::Machine as _;
use converge_host::host::{Host as _, Look, NodeKind, Scope};

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

/// What has a state beside files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Unit(Scope, String),
    User(String),
    Group(String),
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
    let mut things = BTreeSet::new();
    let mut unsure = BTreeSet::new();
    for change in made.iter().rev() {
        let Change::File(file) = change else {
            let Some(thing) = thing(change) else { continue };
            match change.effect().invert() {
                // A reload changes no state.
                None if !resets(change) => {}
                None => drop(unsure.insert(thing.clone())),
                Some(inverse) => {
                    if let Err(stop) = after.perform(&inverse) {
                        faults.push(format!("{name}: {thing:?} can't be taken back: {stop}"));
                    }
                }
            }
            things.insert(thing);
            continue;
        };
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
    for thing in things.difference(&unsure) {
        let (was, is) = (state(before, thing), state(&after, thing));
        if was != is {
            faults.push(format!("{name}: {thing:?} was {was} and came back as {is}"));
        }
    }
    faults
}

/// What a change is about, if it is about a unit, an account or a group.
fn thing(change: &Change) -> Option<Thing> {
    Some(match change {
        Change::Unit(unit) => Thing::Unit(unit.scope, unit.name.clone()?),
        Change::User(user) => {
            Thing::User(user.after.as_ref().or(user.before.as_ref())?.name.clone())
        }
        Change::Group(group) => {
            Thing::Group(group.after.as_ref().or(group.before.as_ref())?.name.clone())
        }
        _ => return None,
    })
}

/// Whether something is another after a change, beside that it happened.
fn resets(change: &Change) -> bool {
    let once = [UnitAction::Restart, UnitAction::Reload, UnitAction::DaemonReload];
    !matches!(change, Change::Unit(unit) if unit.actions.iter().all(|action| once.contains(action)))
}

fn state(machine: &Memory, thing: &Thing) -> String {
    match thing {
        Thing::Unit(scope, name) => {
            let unit = machine.unit(name, *scope);
            format!("{:?}", unit.map(|unit| (unit.active, unit.enabled())))
        }
        // Which groups they are in is the groups' state.
        Thing::User(name) => format!("{:?}", machine.user(name)),
        Thing::Group(name) => {
            format!("{:?}", machine.group(name).map(|one| one.map(|one| one.gid)))
        }
    }
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
