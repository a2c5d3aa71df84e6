//! Files and folders of the controller, and what it made of templates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::args::Mode;
use crate::blob::{Tree, TreeEntry, TreeKind};
use crate::change::{Change, Changes, FileChange, FileKind};
use crate::host::NodeKind;
use crate::modules::copy::{Origin, Placing};
use crate::modules::files::{Subject, absolute, make_folders};
use crate::stop::{Result, Stop};

pub(crate) fn plan(placing: &Placing<'_>, tree: &Tree, changes: &mut Changes) -> Result<()> {
    if let [TreeEntry { path, mode, kind: TreeKind::File(blob), .. }] = tree.entries.as_slice()
        && path.as_os_str().is_empty()
    {
        let origin = Origin { name: &tree.name, shown: &tree.name, mode: *mode };
        return placing.file(blob, &origin, changes);
    }
    folder(placing, tree, changes)
}

fn folder(placing: &Placing<'_>, tree: &Tree, changes: &mut Changes) -> Result<()> {
    let host = placing.host;
    let dest = absolute(placing.dest, host);
    let mut shown = placing.dest.display().to_string();
    if !shown.ends_with('/') {
        shown.push('/');
    }
    changes.set("dest", shown);
    changes
        .set("src", if tree.contents_only { format!("{}/", tree.name) } else { tree.name.clone() });
    let attributes = placing.of_folders();
    let mut made = BTreeSet::new();
    // The folder that everything goes to gets the attributes only where it is made.
    make_folders(&dest, &attributes, &mut made, host, changes)?;
    let root = if tree.contents_only { dest.clone() } else { dest.join(&tree.name) };
    if root != dest {
        directory(&root, placing, &mut made, changes)?;
    }
    for TreeEntry { path, mode, kind, .. } in &tree.entries {
        if path.as_os_str().is_empty() {
            continue;
        }
        if path.is_absolute() || path.components().any(|part| part.as_os_str() == "..") {
            return Err(Stop::failed(format!(
                "`{}` leads out of the folder that it is in",
                path.display()
            )));
        }
        let place = root.join(path);
        if let Some(folder) = place.parent() {
            make_folders(folder, &attributes, &mut made, host, changes)?;
        }
        match kind {
            TreeKind::Dir => directory(&place, placing, &mut made, changes)?,
            TreeKind::File(blob) => {
                placing.one(&place, blob, placing.of_file(*mode), changes)?;
            }
            TreeKind::Link(target) => link(&place, target, placing, changes)?,
        }
    }
    Ok(())
}

/// A folder of the tree: made, or given the attributes if it is there.
pub(super) fn directory(
    place: &Path,
    placing: &Placing<'_>,
    made: &mut BTreeSet<PathBuf>,
    changes: &mut Changes,
) -> Result<()> {
    if made.contains(place) {
        return Ok(());
    }
    let attributes = placing.of_folders();
    let subject = Subject::followed(place, placing.host)?;
    if subject.kind() == Some(&NodeKind::Dir) {
        return subject.give(&attributes, changes);
    }
    make_folders(place, &attributes, made, placing.host, changes)
}

/// A link as it is on the controller.
pub(super) fn link(
    place: &Path,
    target: &Path,
    placing: &Placing<'_>,
    changes: &mut Changes,
) -> Result<()> {
    let subject = Subject::at(place, placing.host)?;
    let kind = FileKind::Link(target.to_path_buf());
    match subject.kind() {
        Some(NodeKind::Link(old)) if old == target => {
            return subject.give(&placing.attributes.without_mode(), changes);
        }
        Some(NodeKind::Dir) => {
            return Err(Stop::failed(format!(
                "can't make the link `{}`: a directory is there",
                place.display()
            )));
        }
        Some(_) if !placing.force => return Ok(()),
        _ => {}
    }
    let before = subject.before_with_content()?;
    let mut after = subject.fresh(kind)?;
    placing.attributes.without_mode().onto(place, &mut after, placing.host)?;
    changes.push(Change::File(FileChange::new(place, before, Some(after))));
    Ok(())
}

/// Permission bits as they would be written.
pub(super) fn written(mode: u32) -> Mode {
    Mode(format!("{mode:04o}"))
}
