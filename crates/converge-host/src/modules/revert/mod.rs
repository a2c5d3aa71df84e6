//! `revert`: takes back what an earlier run did.

mod accounts;

use crate::args::Args;
use crate::base64;
use crate::change::{
    Before, Change, Changes, FileChange, FileKind, FileState, UnitAction, UnitChange,
};
use crate::host::expected::Expected;
use crate::host::overlay::{Overlay, assume};
use crate::host::{Existence, Host, Look, Node, NodeKind};
use crate::modules::Module;
use crate::stop::{Result, Stop};

/// Takes back what an earlier run did to files, units, accounts and groups.
///
/// `converge revert` writes its argument. Whatever is no longer as that run left it stays as it is, and the task fails.
#[derive(Args)]
#[module(name = "revert", collection = "converge.core")]
pub(crate) struct Revert {
    /// The changes that take it back, in the form that the history keeps.
    changes: String,
}

impl Module for Revert {
    fn plan(&self, host: &dyn Host, changes: &mut Changes) -> Result<()> {
        let bytes = base64::decode(&self.changes);
        let list = bytes.and_then(|bytes| postcard::from_bytes::<Vec<Change>>(&bytes).ok());
        let Some(list) = list else {
            return Err(Stop::failed(
                "`changes` can't be read; another version of converge may have written them",
            ));
        };
        // One step may have changed a thing twice: each is looked at as those before it leave the host.
        let mut expected = Expected::default();
        for change in joined(list) {
            let over = Overlay { base: host, expected: &expected };
            let wanted = match change {
                Change::File(file) => take_back(file, &over)?.map(Change::File),
                Change::Unit(unit) => settle(unit, &over)?.map(Change::Unit),
                Change::User(user) => accounts::user(user, &over)?.map(Change::User),
                Change::Group(group) => accounts::group(group, &over)?.map(Change::Group),
                other => {
                    let what = other.effect().describe().what;
                    return Err(Stop::failed(format!("`{what}` can't be taken back")));
                }
            };
            if let Some(change) = wanted {
                assume(host, &mut expected, std::slice::from_ref(&change))?;
                changes.push(change);
            }
        }
        Ok(())
    }
}

/// The changes with those of one file as one, so that what is back already is seen to be.
fn joined(list: Vec<Change>) -> Vec<Change> {
    let mut joined: Vec<Change> = Vec::new();
    for change in list {
        if let Change::File(later) = &change
            && let Some(earlier) = joined.iter_mut().find_map(|one| followed_by(one, later))
        {
            join(earlier, later);
            continue;
        }
        joined.push(change);
    }
    joined
}

/// A change of a file that another change goes on with.
fn followed_by<'c>(earlier: &'c mut Change, later: &FileChange) -> Option<&'c mut FileChange> {
    let Change::File(earlier) = earlier else { return None };
    let is_file = |kind: &FileKind| matches!(kind, FileKind::File(_) | FileKind::Untouched);
    let stays = |file: &FileChange| {
        file.before.kind().is_some_and(is_file)
            && file.after.as_ref().is_some_and(|after| is_file(&after.kind))
    };
    (earlier.path == later.path && stays(earlier) && stays(later)).then_some(earlier)
}

fn join(earlier: &mut FileChange, later: &FileChange) {
    // What one of them leaves alone is as the other says.
    let over = |first: &FileState, second: &FileState| FileState {
        kind: match &first.kind {
            FileKind::Untouched => second.kind.clone(),
            kind => kind.clone(),
        },
        mode: first.mode.or(second.mode),
        owner: first.owner.clone().or_else(|| second.owner.clone()),
        group: first.group.clone().or_else(|| second.group.clone()),
        selinux: first.selinux.clone().or_else(|| second.selinux.clone()),
        flags: first.flags.or(second.flags),
        times: first.times.or(second.times),
    };
    if let (Before::Is(first), Before::Is(second)) = (&mut earlier.before, &later.before) {
        *first = over(first, second);
    }
    if let (Some(first), Some(second)) = (&mut earlier.after, &later.after) {
        *first = over(second, first);
    }
}

fn take_back(file: FileChange, host: &dyn Host) -> Result<Option<FileChange>> {
    let node = match host.look(&file.path)? {
        Look::Is(node) => Some(node),
        Look::Absent => None,
        Look::Unknown(why) => return Err(Stop::Unknown(why)),
    };
    if unlike(&file, node.as_ref(), file.after.as_ref(), host)?.is_none() {
        return Ok(None);
    }
    let left = match &file.before {
        Before::Is(state) => Some(state),
        Before::Absent | Before::Unknown(_) => None,
    };
    let moved = |how: &str| {
        let path = file.path.display();
        Err(Stop::failed(format!(
            "`{path}` is no longer as that run left it: {how}; it stays as it is"
        )))
    };
    if let Some(how) = unlike(&file, node.as_ref(), left, host)? {
        return moved(how);
    }
    let is_dir = node.is_some_and(|node| node.kind == NodeKind::Dir);
    if file.after.is_none()
        && is_dir
        && let Some(name) = host.list(&file.path)?.first()
    {
        return moved(&format!("`{name}` is in it"));
    }
    Ok(Some(file))
}

/// In what a path differs from a state; nothing where it does not.
fn unlike(
    file: &FileChange,
    node: Option<&Node>,
    state: Option<&FileState>,
    host: &dyn Host,
) -> Result<Option<&'static str>> {
    let (node, state) = match (node, state) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Ok(Some("it is gone")),
        (Some(_), None) => return Ok(Some("something is there")),
        (Some(node), Some(state)) => (node, state),
    };
    let kind = match (&state.kind, &node.kind) {
        (FileKind::File(blob), NodeKind::File) => {
            if host.fingerprint(&file.path)?.digest != blob.digest {
                return Ok(Some("its content is another"));
            }
            true
        }
        (FileKind::Untouched | FileKind::Hard(_), NodeKind::File)
        | (FileKind::Dir, NodeKind::Dir) => true,
        (FileKind::Link(was), NodeKind::Link(is)) => was == is,
        (FileKind::Special(was), NodeKind::Special(is)) => was == is,
        _ => false,
    };
    let is_link = matches!(node.kind, NodeKind::Link(_));
    let mode = is_link || state.mode.is_none_or(|mode| mode == node.mode);
    let owner = state.owner.as_ref().is_none_or(|owner| *owner == node.owner);
    let group = state.group.as_ref().is_none_or(|group| *group == node.group);
    Ok(match (kind, mode, owner && group) {
        (false, ..) => Some("it is something else"),
        (_, false, _) => Some("its mode is another"),
        (.., false) => Some("its owner or group is another"),
        _ => None,
    })
}

fn settle(mut change: UnitChange, host: &dyn Host) -> Result<Option<UnitChange>> {
    let Some(name) = &change.name else { return Ok(None) };
    let unit = host.unit(name, change.scope)?;
    match &unit.exists {
        Existence::Unknown(why) => return Err(Stop::Unknown(why.clone())),
        Existence::No => {
            let needs =
                |action: &UnitAction| matches!(action, UnitAction::Start | UnitAction::Enable);
            if change.actions.iter().any(needs) {
                return Err(Stop::failed(format!("there is no unit `{name}` any more")));
            }
            return Ok(None);
        }
        Existence::Yes => {}
    }
    change.actions.retain(|action| match action {
        UnitAction::Start => !unit.active,
        UnitAction::Stop => unit.active,
        UnitAction::Enable => !unit.enabled(),
        UnitAction::Disable => unit.enabled(),
        UnitAction::Mask => !unit.masked(),
        UnitAction::Unmask => unit.masked(),
        _ => true,
    });
    Ok((!change.actions.is_empty()).then_some(change))
}

#[cfg(test)]
mod tests {
    use crate::answer::Answerer;
    use crate::base64::encode;
    use crate::change::Change;
    use crate::data::Data;
    use crate::host::real::Real;
    use crate::modules::scenario::{Scenario, done};
    use crate::wire::{Ask, Call, Done, Reply};

    const DO: Ask = Ask::Perform { gate: false, reviewed: None };

    fn answer(call: &Call) -> Reply {
        Answerer::new(Real::new()).answer(&DO, call).unwrap()
    }

    /// The call that takes back what was done.
    fn back(scenario: &Scenario, done: &Done) -> Call {
        let inverse = |change: &Change| change.effect().invert().unwrap();
        let inverse: Vec<_> = done.changes.iter().rev().map(inverse).collect();
        let bytes = encode(&postcard::to_allocvec(&inverse).unwrap());
        scenario.call("revert", &[("changes", bytes.into())])
    }

    fn copy(scenario: &Scenario, text: &str) -> Done {
        let args: [(&str, Data); 3] =
            [("dest", "$T/f".into()), ("content", text.into()), ("mode", "0600".into())];
        done(answer(&scenario.call("copy", &args)))
    }

    #[test]
    fn what_was_done_is_taken_back_once() {
        let scenario = Scenario::new(&["f=old"]);
        let undo = back(&scenario, &copy(&scenario, "new"));
        assert_eq!(scenario.text("f"), "new");
        assert!(done(answer(&undo)).changed);
        assert_eq!(scenario.text("f"), "old");
        assert!(!done(answer(&undo)).changed, "it is back already");
    }

    #[test]
    fn what_one_step_changed_twice_is_taken_back() {
        let scenario = Scenario::new(&["f=old"]);
        let (first, second) = (copy(&scenario, "new"), copy(&scenario, "newer"));
        let whole = Done { changes: [first.changes, second.changes].concat(), ..Done::default() };
        let undo = back(&scenario, &whole);
        assert!(done(answer(&undo)).changed);
        assert_eq!(scenario.text("f"), "old");
        assert!(!done(answer(&undo)).changed, "it is back already");
    }

    #[test]
    fn what_was_changed_since_stays() {
        let scenario = Scenario::new(&["f=old"]);
        let undo = back(&scenario, &copy(&scenario, "new"));
        copy(&scenario, "newer");
        match answer(&undo) {
            Reply::Failed(failure, done) => {
                assert!(failure.msg.ends_with("its content is another; it stays as it is"));
                assert!(done.is_empty());
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(scenario.text("f"), "newer");
    }

    #[test]
    fn a_folder_goes_with_what_was_put_in_it_and_not_with_more() {
        for more in [false, true] {
            let scenario = Scenario::new(&[]);
            let folder = [("path", "$T/d".into()), ("state", "directory".into())];
            let made = done(answer(&scenario.call("file", &folder)));
            if more {
                std::fs::write(scenario.path().join("d/x"), "x").unwrap();
            }
            match answer(&back(&scenario, &made)) {
                Reply::Done(done) => assert!(done.changed && !more),
                Reply::Failed(failure, _) => {
                    assert!(more && failure.msg.contains("`x` is in it"), "{}", failure.msg);
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(scenario.path().join("d").exists(), more);
        }
    }

    #[test]
    fn what_is_no_list_of_changes_is_refused() {
        let call = Scenario::new(&[]).call("revert", &[("changes", "!".into())]);
        assert!(matches!(answer(&call), Reply::Failed(..)));
    }
}
