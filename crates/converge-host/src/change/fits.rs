//! Whether what would be done now is what was reviewed.

use crate::change::file::label_allowed;
use crate::change::{
    ActChange, Before, Change, FileChange, FileKind, FileState, GroupChange, PackageAction,
    PackagesChange, UnitChange, UserChange,
};

/// Whether every change is one that was reviewed, in the same order. A change that has become needless may be missing, and
/// where the review said that something can't be known, anything may have come out. Waiting changes nothing, and may have become
/// needful.
pub(crate) fn fits(now: &[Change], reviewed: &[Change]) -> bool {
    let mut reviewed = reviewed.iter();
    let mut now = now.iter().filter(|change| !matches!(change, Change::Wait(_)));
    now.all(|change| reviewed.any(|other| same(change, other)))
}

fn same(now: &Change, reviewed: &Change) -> bool {
    match (now, reviewed) {
        (Change::File(now), Change::File(reviewed)) => same_file(now, reviewed),
        (Change::Packages(now), Change::Packages(reviewed)) => same_packages(now, reviewed),
        (Change::Unit(now), Change::Unit(reviewed)) => same_unit(now, reviewed),
        // What was not known to exist may be there by then, and only lack less, or be gone.
        (Change::User(now), Change::User(reviewed)) if reviewed.unknown.is_some() => {
            let name = |user: &UserChange| user.name().to_owned();
            name(now) == name(reviewed) && now.after.is_some() == reviewed.after.is_some()
        }
        (Change::User(now), Change::User(reviewed)) => quiet(now) == quiet(reviewed),
        (Change::Group(now), Change::Group(reviewed)) if reviewed.unknown.is_some() => {
            let name = |group: &GroupChange| group.name().to_owned();
            name(now) == name(reviewed) && now.after.is_some() == reviewed.after.is_some()
        }
        (Change::Act(now), Change::Act(reviewed)) if reviewed.unknown.is_some() => {
            same_act(now, reviewed)
        }
        (Change::Tool(now), Change::Tool(reviewed)) if reviewed.unknown.is_some() => {
            now.what == reviewed.what && now.sign == reviewed.sign
        }
        (now, reviewed) => now == reviewed,
    }
}

/// An account's change without what its commands read, as a password's hash has another salt each time it is made, and without what
/// its home is filled with, which can't be told while something planned may bring that.
fn quiet(user: &UserChange) -> UserChange {
    let mut user = user.clone();
    user.commands.iter_mut().for_each(|command| command.stdin = None);
    user.brings.clear();
    user
}

fn same_file(now: &FileChange, reviewed: &FileChange) -> bool {
    let mut now = now.clone();
    if let Before::Unknown(_) = reviewed.before {
        now.before.clone_from(&reviewed.before);
        // What was unknown may turn out to be there already, and then its attributes stay.
        if let (Some(now), Some(reviewed)) = (&mut now.after, &reviewed.after) {
            now.mode = reviewed.mode;
            now.owner.clone_from(&reviewed.owner);
            now.group.clone_from(&reviewed.group);
            now.selinux.clone_from(&reviewed.selinux);
        }
    }
    // Where the content could not be known, any will do.
    if let (Some(now_after), Some(FileState { kind: FileKind::Open(why), .. })) =
        (&mut now.after, &reviewed.after)
        && now_after.kind.is_file()
    {
        now_after.kind = FileKind::Open(why.clone());
        now.maker.clone_from(&reviewed.maker);
        // It may even have become the one that is there.
        if let (Before::Is(now), Before::Is(reviewed)) = (&mut now.before, &reviewed.before)
            && now.kind.is_file()
            && reviewed.kind.is_file()
        {
            now.kind.clone_from(&reviewed.kind);
        }
    }
    // "Now" is another time than it was.
    if let (Some(now), Some(reviewed)) = (&mut now.after, &reviewed.after)
        && now.times.is_some() == reviewed.times.is_some()
    {
        now.times = reviewed.times;
    }
    if let (Before::Is(now), Before::Is(reviewed)) = (&mut now.before, &reviewed.before) {
        now.times = reviewed.times;
        same_label(now, reviewed);
    }
    if let (Some(now), Some(reviewed)) = (&mut now.after, &reviewed.after) {
        same_label(now, reviewed);
    }
    now == *reviewed
}

/// What was new when it was reviewed had no SELinux context yet, or only the parts that were asked for.
fn same_label(now: &mut FileState, reviewed: &FileState) {
    if label_allowed(reviewed.selinux.as_deref(), now.selinux.as_deref()) {
        now.selinux.clone_from(&reviewed.selinux);
    }
}

/// What comes along with a package can't be known before the package itself is.
fn same_packages(now: &PackagesChange, reviewed: &PackagesChange) -> bool {
    let named =
        |action: &PackageAction| reviewed.actions.iter().find(|other| other.name == action.name);
    now.manager == reviewed.manager
        && now.actions.iter().all(|action| match (named(action), &reviewed.unknown) {
            (Some(other), None) => other.to == action.to || other.to.as_deref() == Some(""),
            (Some(other), Some(_)) => other.to.is_some() == action.to.is_some(),
            (None, unknown) => unknown.is_some() && !action.asked,
        })
}

/// What could not be told before must come to the values that were told.
fn same_act(now: &ActChange, reviewed: &ActChange) -> bool {
    let outcome = |act: &ActChange| {
        let values = act.values.iter().map(|value| (value.name.clone(), value.after.clone()));
        values.collect::<Vec<_>>()
    };
    now.commands == reviewed.commands && outcome(now) == outcome(reviewed)
}

fn same_unit(now: &UnitChange, reviewed: &UnitChange) -> bool {
    let known = reviewed.unknown.is_none();
    now.name == reviewed.name
        && now.scope == reviewed.scope
        && now.actions.iter().all(|action| reviewed.actions.contains(action))
        && (!known || now.actions == reviewed.actions)
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::blob::Blob;
    use crate::change::{
        Before, Change, FileChange, FileKind, FileState, PackageAction, PackagesChange, UserChange,
    };
    use crate::host::Command;
    use crate::stop::Why;

    fn write(path: &str, before: Before, text: &str) -> Change {
        let state = FileState::of(FileKind::File(Blob::new(text.as_bytes())));
        Change::File(FileChange::new(path, before, Some(state)))
    }

    #[test]
    fn only_what_was_reviewed_fits() {
        let (a, b) = (write("/a", Before::Absent, "1"), write("/b", Before::Absent, "2"));
        let both = [a.clone(), b.clone()];
        assert!(fits(&both, &both));
        assert!(fits(&[], &both));
        assert!(fits(std::slice::from_ref(&b), &both));
        assert!(!fits(&both, std::slice::from_ref(&a)));
        assert!(!fits(&[b.clone(), a.clone()], &both), "the order matters");
        assert!(!fits(&[write("/a", Before::Absent, "3")], &both));
        let old = Before::Is(FileState::of(FileKind::File(Blob::new(&b"0"[..]))));
        assert!(!fits(&[write("/a", old.clone(), "1")], &both));
        let unknown = write("/a", Before::Unknown(Why("package a".into())), "1");
        assert!(fits(&[write("/a", old, "1")], std::slice::from_ref(&unknown)));
        assert!(fits(&[a], &[unknown]));
    }

    #[test]
    fn the_policy_labels_what_was_new() {
        let edit = |label: Option<&str>| {
            let labelled = |text: &str| FileState {
                selinux: label.map(str::to_owned),
                ..FileState::of(FileKind::File(Blob::new(text.as_bytes())))
            };
            let before = Before::Is(labelled("0"));
            [Change::File(FileChange::new("/a", before, Some(labelled("1"))))]
        };
        let real = edit(Some("system_u:object_r:etc_t:s0"));
        assert!(fits(&real, &edit(None)) && fits(&real, &edit(Some("::etc_t:"))));
        assert!(!fits(&real, &edit(Some("::var_t:"))) && !fits(&edit(None), &real));
    }

    #[test]
    fn a_hash_may_have_another_salt() {
        let user = |program: &str, hash: &str| {
            let command = Command { stdin: Some(hash.into()), ..Command::new([program]) };
            [Change::User(UserChange { commands: vec![command], ..UserChange::default() })]
        };
        assert!(fits(&user("chpasswd", "$6$a$1"), &user("chpasswd", "$6$b$2")));
        assert!(!fits(&user("chpasswd", "$6$a$1"), &user("usermod", "$6$a$1")));
    }

    #[test]
    fn what_fills_a_home_need_not_have_been_known() {
        let user = |brings: &[&str]| {
            let state = FileState::of(FileKind::Dir);
            let brings = brings.iter().map(|path| (path.into(), state.clone())).collect();
            [Change::User(UserChange { brings, ..UserChange::default() })]
        };
        assert!(fits(&user(&["/home/app"]), &user(&[])));
    }

    #[test]
    fn packages_fit_as_far_as_they_were_known() {
        let change = |actions: &[(&str, &str, bool)], unknown: Option<&str>| {
            let action = |(name, to, asked): &(&str, &str, bool)| PackageAction {
                name: (*name).into(),
                from: None,
                to: Some((*to).into()),
                asked: *asked,
            };
            [Change::Packages(PackagesChange {
                actions: actions.iter().map(action).collect(),
                unknown: unknown.map(|why| Why(why.into())),
                ..PackagesChange::default()
            })]
        };
        let known = change(&[("a", "1", true), ("lib", "1", false)], None);
        let open = change(&[("a", "", true)], Some("the lists"));
        assert!(fits(&known, &known) && fits(&known, &open));
        assert!(!fits(&change(&[("a", "2", true)], None), &known));
        assert!(!fits(&change(&[("a", "1", true), ("more", "1", false)], None), &known));
        assert!(!fits(&change(&[("b", "1", true)], None), &open));
    }
}
