//! Directories that are missing on the way to a path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::change::{Before, Change, Changes, FileChange, FileKind, FileState};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::files::Attributes;
use crate::modules::files::subject::fresh;
use crate::stop::{Result, Stop};

/// Asks for a directory and every one above it that is missing, all with the same attributes. `made` are those that were asked
/// for before in the same task.
pub(crate) fn make_folders(
    path: &Path,
    attributes: &Attributes,
    made: &mut BTreeSet<PathBuf>,
    host: &dyn Host,
    changes: &mut Changes,
) -> Result<()> {
    let mut missing: Vec<(PathBuf, Before)> = Vec::new();
    let mut above: Option<FileState> = None;
    for at in path.ancestors() {
        if made.contains(at) {
            above = planned(at, changes);
            break;
        }
        match host.resolve(at)?.1 {
            Look::Is(Node { kind: NodeKind::Dir, .. }) => {
                break;
            }
            Look::Is(_) => {
                return Err(Stop::failed(format!(
                    "can't make the directory `{}`: `{}` is there and is no directory",
                    path.display(),
                    at.display()
                )));
            }
            Look::Absent => missing.push((at.to_path_buf(), Before::Absent)),
            Look::Unknown(why) => missing.push((at.to_path_buf(), Before::Unknown(why))),
        }
    }
    for (at, before) in missing.into_iter().rev() {
        let mut state = match before {
            Before::Unknown(_) => FileState::of(FileKind::Dir),
            _ => match &above {
                // The one above is new as well, so the host can't tell what it hands down.
                Some(above) => handed_down(above, fresh(host, Path::new("/"), FileKind::Dir)?),
                None => fresh(host, &at, FileKind::Dir)?,
            },
        };
        attributes.onto(&at, &mut state, host)?;
        above = Some(state.clone());
        changes.push(Change::File(FileChange::new(&at, before, Some(state))));
        made.insert(at);
    }
    Ok(())
}

fn planned(path: &Path, changes: &Changes) -> Option<FileState> {
    changes.list.iter().rev().find_map(|change| match change {
        Change::File(change) if change.path == path => change.after.clone(),
        _ => None,
    })
}

fn handed_down(above: &FileState, mut state: FileState) -> FileState {
    if above.mode.is_some_and(|mode| mode & 0o2000 != 0) {
        state.group.clone_from(&above.group);
        state.mode = state.mode.map(|mode| mode | 0o2000);
    }
    state
}
