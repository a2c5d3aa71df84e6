//! `state: absent`.

use std::path::Path;

use crate::change::{Before, Change, Changes, FileChange};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::files::Subject;
use crate::stop::Result;

/// Asks for what stands at a path to be removed, a directory with all that is in it.
pub(crate) fn plan(now: &Subject<'_>, host: &dyn Host, changes: &mut Changes) -> Result<()> {
    let (before, contents) = match &now.look {
        Look::Absent => return Ok(()),
        // Something may bring files, but nothing that is called like this one will.
        Look::Unknown(why) if !why.may_bring(&now.path.to_string_lossy()) => return Ok(()),
        Look::Unknown(why) => (Before::Unknown(why.clone()), 0),
        Look::Is(Node { kind: NodeKind::Dir, .. }) => (now.before(), count(&now.path, host)?),
        // A file that can't be read can be removed all the same.
        Look::Is(_) => (now.before_with_content().unwrap_or_else(|_| now.before()), 0),
    };
    changes.push(Change::File(FileChange { contents, ..FileChange::new(&now.path, before, None) }));
    Ok(())
}

/// How much is in a directory, at any depth.
fn count(path: &Path, host: &dyn Host) -> Result<u64> {
    let mut all = 0;
    for name in host.list(path)? {
        all += 1;
        let below = path.join(name);
        if let Look::Is(Node { kind: NodeKind::Dir, .. }) = host.look(&below)? {
            all += count(&below, host)?;
        }
    }
    Ok(all)
}
