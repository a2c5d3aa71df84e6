//! Performing a change of a path, after a look at whether it still is as it was.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::change::file::attributes::{Wanted, set_flags, to_path};
use crate::change::file::label::relabel;
use crate::change::file::write::{Temporary, directory, in_place, unlink};
use crate::change::file::{Before, FileChange, FileKind, backup, made, remove};
use crate::change::run::lines;
use crate::data::Map;
use crate::host::real::Real;
use crate::host::real::files::{plain, refused};
use crate::host::{Command, Host, Look, Node, NodeKind};
use crate::stop::{Failure, Result, Stop};
use crate::words::split;

pub(super) fn perform(change: &FileChange, real: &Real) -> Result<Map> {
    let results = bring_about(change, real)?;
    if let Some(flags) = change.after.as_ref().and_then(|after| after.flags) {
        set_flags(&change.path, flags)
            .map_err(|error| refused("set the attributes of", &change.path, &error))?;
    }
    Ok(results)
}

fn bring_about(change: &FileChange, real: &Real) -> Result<Map> {
    let node = unmoved(change, real)?;
    let path = &change.path;
    let mut results = Map::new();
    let failed = |what: &'static str| move |error: io::Error| refused(what, path, &error);
    let keep = |node: &Node, results: &mut Map| -> Result<()> {
        if change.backup && node.kind == NodeKind::File {
            let kept = backup::keep(path, node, real).map_err(failed("make a backup of"))?;
            results.insert("backup_file".into(), kept.display().to_string().into());
        }
        Ok(())
    };
    let Some(after) = &change.after else {
        if let Some(node) = node {
            keep(&node, &mut results)?;
            match node.kind {
                NodeKind::Dir => remove::tree(path),
                _ => unlink(path),
            }
            .map_err(failed("remove"))?;
        }
        return Ok(results);
    };
    let wanted = Wanted::of(after, real)?;
    match (&after.kind, node) {
        (FileKind::File(blob), node) => {
            if let Some(node) = &node
                && holds(&change.before, &after.kind)
            {
                to_path(path, &node.kind, &wanted.unlike(node)).map_err(failed("change"))?;
                return Ok(results);
            }
            if let Some(node) = &node {
                keep(node, &mut results)?;
            }
            replace(change, real, &real.fetch(blob)?, wanted, node.as_ref())?;
        }
        (FileKind::Open(_), node) => {
            let Some(maker) = &change.maker else {
                return Err(Stop::failed(format!("nothing makes `{}`", path.display())));
            };
            let had = node.is_some();
            results = made::make(change, maker, real, wanted, node.as_ref(), &keep)?;
            if !had {
                relabel(path, after, real)?;
            }
        }
        (FileKind::Dir, Some(Node { kind: NodeKind::Dir, .. }))
        | (FileKind::Untouched | FileKind::Special(_), Some(_)) => {
            change_attributes(path, real, wanted)?;
        }
        (FileKind::Dir, node) => {
            if node.is_some() {
                unlink(path).map_err(failed("remove"))?;
            }
            let new = by_default(wanted, 0o777, real);
            directory(path, &new).map_err(failed("make the directory"))?;
            relabel(path, after, real)?;
        }
        (FileKind::Link(target), node) => {
            match &node {
                Some(Node { kind: NodeKind::Link(old), .. }) if old == target => {}
                _ => {
                    let link = Temporary::link(path, target).map_err(failed("make the link"))?;
                    make_room(path, node.as_ref())?;
                    link.put(path).map_err(failed("make the link"))?;
                    relabel(path, after, real)?;
                }
            }
            change_attributes(path, real, wanted)?;
        }
        (FileKind::Hard(target), node) => {
            let link = Temporary::hard(path, target).map_err(failed("make the hard link"))?;
            make_room(path, node.as_ref())?;
            link.put(path).map_err(failed("make the hard link"))?;
            change_attributes(path, real, wanted)?;
        }
        (FileKind::Untouched | FileKind::Special(_), None) => {
            return Err(Stop::failed(format!("`{}` is not there any more", path.display())));
        }
    }
    Ok(results)
}

/// What stands at the path, if that still is what the change was planned for.
fn unmoved(change: &FileChange, real: &Real) -> Result<Option<Node>> {
    let path = &change.path;
    let node = match real.look(path)? {
        Look::Is(node) => Some(node),
        Look::Absent | Look::Unknown(_) => None,
    };
    let moved = |was: String, is: &str| {
        let path = path.display();
        Err(Stop::failed(format!(
            "`{path}` was {was} when this was planned and is {is} now; nothing was done to it"
        )))
    };
    match (&change.before, &node) {
        (Before::Unknown(_), _) | (Before::Absent, None) => {}
        (Before::Absent, Some(node)) => return moved("absent".into(), &called(&node.kind)),
        (Before::Is(state), None) => return moved(planned(&state.kind), "absent"),
        (Before::Is(state), Some(node)) => {
            let same = match (&state.kind, &node.kind) {
                (FileKind::File(blob), NodeKind::File) => {
                    if real.fingerprint(path)?.digest != blob.digest {
                        return moved("a file with other content".into(), "changed");
                    }
                    true
                }
                (FileKind::Untouched | FileKind::Open(_) | FileKind::Hard(_), NodeKind::File)
                | (FileKind::Dir, NodeKind::Dir) => true,
                (FileKind::Link(was), NodeKind::Link(is)) => was == is,
                (FileKind::Special(was), NodeKind::Special(is)) => was == is,
                _ => false,
            };
            if !same {
                return moved(planned(&state.kind), &called(&node.kind));
            }
            if change.after.is_none() && node.kind == NodeKind::Dir {
                let count = remove::count(path).map_err(|error| refused("list", path, &error))?;
                if count > change.contents {
                    let entries = |count| format!("a directory with {count} entries");
                    return moved(entries(change.contents), &entries(count));
                }
            }
        }
    }
    Ok(node)
}

fn planned(kind: &FileKind) -> String {
    match kind {
        FileKind::File(_) | FileKind::Untouched | FileKind::Open(_) | FileKind::Hard(_) => {
            "a file".into()
        }
        FileKind::Dir => "a directory".into(),
        FileKind::Link(target) => format!("a link to `{}`", target.display()),
        FileKind::Special(_) => "a special file".into(),
    }
}

fn called(kind: &NodeKind) -> String {
    match kind {
        NodeKind::File => "a file".into(),
        NodeKind::Dir => "a directory".into(),
        NodeKind::Link(target) => format!("a link to `{}`", target.display()),
        NodeKind::Special(_) => "a special file".into(),
    }
}

/// Whether the content is there already and only attributes change.
fn holds(before: &Before, kind: &FileKind) -> bool {
    matches!(before, Before::Is(state) if state.kind == *kind)
}

/// Writes the new file, lets the validation see it, and puts it in its place.
fn replace(
    change: &FileChange,
    real: &Real,
    bytes: &[u8],
    wanted: Wanted,
    old: Option<&Node>,
) -> Result<()> {
    let path = &change.path;
    let mut wanted = match old {
        // Only a file hands its permission bits down.
        Some(old) if old.kind != NodeKind::File => by_default(like(wanted, old), 0o666, real),
        Some(old) => like(wanted, old),
        None => by_default(wanted, 0o666, real),
    };
    // A link or a directory gives its context to no file.
    let labelled = old.filter(|old| old.kind == NodeKind::File);
    if wanted.selinux.is_none() {
        wanted.selinux = labelled.and_then(|old| old.selinux.clone());
    }
    let write = |error: io::Error| refused("write", path, &error);
    let stuck = |error: &io::Error| {
        let known =
            [Errno::BUSY, Errno::ACCESS, Errno::PERM, Errno::XDEV, Errno::TXTBSY, Errno::ROFS];
        change.unsafe_writes
            && old.is_some()
            && known.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    };
    let put = Temporary::file(path, bytes, &wanted, old).map_err(Trouble::Io).and_then(|new| {
        validate(change, real, &new.path).map_err(Trouble::Stop)?;
        new.put(path).map_err(Trouble::Io)
    });
    match put {
        Ok(()) => {}
        Err(Trouble::Stop(stop)) => return Err(stop),
        Err(Trouble::Io(error)) if stuck(&error) => {
            in_place(path, bytes).map_err(write)?;
            change_attributes(path, real, wanted)?;
        }
        Err(Trouble::Io(error)) => return Err(refused_to_move(path, &error)),
    }
    if labelled.is_none()
        && let Some(after) = &change.after
    {
        relabel(path, after, real)?;
    }
    Ok(())
}

/// Why a new file could not take the place of the old one.
pub(super) fn refused_to_move(path: &Path, error: &io::Error) -> Stop {
    if error.raw_os_error() == Some(Errno::BUSY.raw_os_error()) {
        return Stop::failed(format!(
            "can't replace `{}`: {}; it may be a mount point, which `unsafe_writes: true` writes into",
            path.display(),
            plain(error)
        ));
    }
    refused("write", path, error)
}

enum Trouble {
    Io(io::Error),
    Stop(Stop),
}

/// What is not said stays as it was.
pub(super) fn like(mut wanted: Wanted, old: &Node) -> Wanted {
    let mode = if old.kind == NodeKind::File { Some(old.mode) } else { None };
    wanted.mode = wanted.mode.or(mode);
    wanted.owner = wanted.owner.or(old.owner.id);
    wanted.group = wanted.group.or(old.group.id);
    wanted
}

/// What is not said becomes what it would for any program.
pub(super) fn by_default(mut wanted: Wanted, all: u32, real: &Real) -> Wanted {
    wanted.mode = wanted.mode.or(Some(all & !real.umask()));
    wanted
}

fn change_attributes(path: &Path, real: &Real, wanted: Wanted) -> Result<()> {
    let Look::Is(node) = real.look(path)? else {
        return Err(Stop::failed(format!("`{}` is not there any more", path.display())));
    };
    let wanted = wanted.unlike(&node);
    to_path(path, &node.kind, &wanted).map_err(|error| refused("change", path, &error))
}

/// A directory can't be replaced by a rename; an empty one may go, any other stays.
fn make_room(path: &Path, node: Option<&Node>) -> Result<()> {
    match node {
        Some(node) if node.kind == NodeKind::Dir => std::fs::remove_dir(path)
            .map_err(|error| refused("replace the directory", path, &error)),
        _ => Ok(()),
    }
}

/// Runs the command that must accept the new file.
pub(super) fn validate(change: &FileChange, real: &Real, file: &Path) -> Result<()> {
    let Some(template) = &change.validate else { return Ok(()) };
    let words = split(template).map_err(|why| {
        Stop::failed(format!("can't read the validation command `{template}`: {why}"))
    })?;
    let file = file.display().to_string();
    let command = Command::new(words.iter().map(|word| word.replace("%s", &file)));
    let output = real.run(&command)?;
    if output.ok() {
        return Ok(());
    }
    let mut results = Map::new();
    results.insert("exit_status".into(), i64::from(output.rc).into());
    results.insert("stdout_lines".into(), lines(&output.text()).into());
    results.insert("stderr_lines".into(), lines(&output.error_text()).into());
    results.insert("stdout".into(), output.text().into());
    results.insert("stderr".into(), output.error_text().into());
    let told = if output.stderr.is_empty() { output.text() } else { output.error_text() };
    let msg = format!(
        "failed to validate: rc:{} error:{}; `{}` is as it was",
        output.rc,
        told.trim(),
        change.path.display()
    );
    Err(Stop::Failed(Failure { msg, results }))
}
