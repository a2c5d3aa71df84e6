//! A change of a path in words.

use crate::blob::Blob;
use crate::change::file::label::told;
use crate::change::file::{Before, FileChange, FileKind, FileState};
use crate::change::{Description, Effect, Sign, Text, TextDiff, Touch};
use crate::host::flags::letters;
use crate::host::{Principal, Special};

pub(super) fn describe(change: &FileChange) -> Description {
    let (sign, old, unknown) = match (&change.before, &change.after) {
        (Before::Absent, _) => (Sign::Create, None, None),
        (Before::Is(state), None) => (Sign::Remove, Some(state), None),
        (Before::Is(state), Some(_)) => (Sign::Modify, Some(state), None),
        (Before::Unknown(why), None) => (Sign::Remove, None, Some(why)),
        // Something may bring it, but nothing that is called like it will.
        (Before::Unknown(why), Some(_)) if !why.may_bring(&change.path.to_string_lossy()) => {
            (Sign::Create, None, None)
        }
        (Before::Unknown(why), Some(_)) => (Sign::Modify, None, Some(why)),
    };
    let mut description =
        Description::new(sign, change.path.display().to_string()).unknown(unknown.cloned());
    match &change.after {
        Some(new) => description.facts.extend(facts(old, new).into_iter().map(|(_, fact)| fact)),
        None => description.facts.extend(old.and_then(|old| removed(old, change.contents))),
    }
    if let Some(maker) = &change.maker {
        description.facts.push(maker.shown.clone());
        if let Some((_, checksum)) = &maker.checksum {
            let short: String = checksum.chars().take(12).collect();
            description.facts.push(format!("checksum {short}"));
        }
        description.unknown = description.unknown.or_else(|| change.tells());
    }
    if change.maker.is_none() {
        description.unknown = description.unknown.or_else(|| change.tells());
    }
    if change.backup && old.is_some_and(|old| old.kind.is_file()) {
        description.facts.push("a backup is kept".into());
    }
    description.diff = diff(change);
    if change.private {
        description.facts.extend(description.diff.take().and_then(|diff| diff.sizes()));
    }
    description
}

/// The attributes of a path that become others.
pub(super) fn touches(change: &FileChange) -> Vec<Touch> {
    let path = change.path.display().to_string();
    let (Before::Is(old), Some(new)) = (&change.before, &change.after) else {
        return vec![Touch::new(&path, Touch::EXISTENCE, None)];
    };
    let content = diff(change).map(|_| Touch::new(&path, Touch::CONTENT, None));
    let facts = facts(Some(old), new).into_iter();
    let facts = facts.map(|(attribute, fact)| Touch::new(&path, attribute, Some(fact)));
    let touches: Vec<Touch> = content.into_iter().chain(facts).collect();
    // A file that a program makes is compared by nothing but that.
    if touches.is_empty() { vec![Touch::new(&path, Touch::CONTENT, None)] } else { touches }
}

fn removed(old: &FileState, contents: u64) -> Option<String> {
    Some(match (&old.kind, contents) {
        (FileKind::Dir, 0) => "empty directory".into(),
        (FileKind::Dir, 1) => "directory with 1 entry".into(),
        (FileKind::Dir, count) => format!("directory with {count} entries"),
        (kind, _) if kind.is_file() => return None,
        (kind, _) => name(kind),
    })
}

/// What becomes another beside the content: the attribute in one word, and all of it in words.
fn facts(old: Option<&FileState>, new: &FileState) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    match old.map(|old| &old.kind) {
        Some(was) if was.is_file() && new.kind.is_file() => {
            if let FileKind::Hard(_) = new.kind {
                facts.push(("kind", name(&new.kind)));
            }
        }
        Some(was) if *was == new.kind => {}
        Some(was) => facts.push(("kind", format!("{} → {}", name(was), name(&new.kind)))),
        None if new.kind.is_file() && !matches!(new.kind, FileKind::Hard(_)) => {}
        None => facts.push(("kind", name(&new.kind))),
    }
    // The permission bits of a symbolic link mean nothing.
    if !matches!(new.kind, FileKind::Link(_)) {
        let mode = |state: &FileState| state.mode.map(|bits| format!("{bits:04o}"));
        facts.extend(fact("mode", old.map(mode), mode(new)));
    }
    let owned = |principal: &Option<Principal>| principal.clone().map(|one| one.name);
    let owner = |state: &FileState| owned(&state.owner);
    facts.extend(fact("owner", old.map(owner), owner(new)));
    let group = |state: &FileState| owned(&state.group);
    facts.extend(fact("group", old.map(group), group(new)));
    let selinux = |state: &FileState| state.selinux.as_deref().map(told);
    facts.extend(fact("context", old.map(selinux), selinux(new)));
    let flags = |state: &FileState| state.flags.map(letters);
    facts.extend(fact("attributes", old.map(flags), flags(new)));
    if new.times.is_some() && old.is_some() {
        facts.push(("times", "times set".into()));
    }
    facts
}

/// `None` outside: there was nothing before. `None` inside: it was not looked at.
fn fact(
    what: &'static str,
    old: Option<Option<String>>,
    new: Option<String>,
) -> Option<(&'static str, String)> {
    let new = new?;
    match old {
        Some(Some(old)) if old == new => None,
        Some(Some(old)) => Some((what, format!("{what} {old} → {new}"))),
        Some(None) | None => Some((what, format!("{what} {new}"))),
    }
}

fn name(kind: &FileKind) -> String {
    match kind {
        FileKind::File(_) | FileKind::Untouched | FileKind::Open(_) => "file".into(),
        FileKind::Dir => "directory".into(),
        FileKind::Link(target) => format!("link to {}", target.display()),
        FileKind::Hard(target) => format!("hard link to {}", target.display()),
        FileKind::Special(Special::CharDevice) => "character device".into(),
        FileKind::Special(Special::BlockDevice) => "block device".into(),
        FileKind::Special(Special::Fifo) => "named pipe".into(),
        FileKind::Special(Special::Socket) => "socket".into(),
    }
}

fn diff(change: &FileChange) -> Option<TextDiff> {
    let before = match &change.before {
        Before::Absent => Text::Absent,
        Before::Unknown(why) if !why.may_bring(&change.path.to_string_lossy()) => Text::Absent,
        Before::Unknown(why) => Text::Unknown(why.clone()),
        Before::Is(state) => match &state.kind {
            FileKind::File(blob) => text(blob),
            FileKind::Open(why) => Text::Unknown(why.clone()),
            _ => return None,
        },
    };
    let after = match change.after.as_ref().map(|state| &state.kind) {
        None => Text::Absent,
        Some(FileKind::Open(why)) => Text::Unknown(why.clone()),
        Some(FileKind::File(blob)) => text(blob),
        Some(_) => return None,
    };
    (before != after).then_some(TextDiff { before, after })
}

fn text(blob: &Blob) -> Text {
    match blob.text() {
        Some(text) => Text::Known(text.to_owned()),
        None => Text::Binary(blob.digest.hex()[..12].to_owned(), blob.size),
    }
}
