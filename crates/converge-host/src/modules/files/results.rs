//! What modules return about a file.

use std::path::Path;

use crate::data::{Data, Map};
use crate::host::{Host, Look, Node, NodeKind};
use crate::stop::{Result, Stop};

/// Adds what Ansible returns about every file: its path under `key`, owner, group, mode, state and size.
pub(crate) fn file_results(
    key: &str,
    path: &Path,
    host: &dyn Host,
    results: &mut Map,
) -> Result<()> {
    let shown = path.display().to_string();
    let look = host.look(&super::absolute(path, host))?;
    full(key, &shown, &look, results);
    // A content that is not there yet has no size.
    if matches!(&look, Look::Is(node) if node.kind == NodeKind::File && node.inode == 0)
        && matches!(host.fingerprint(&super::absolute(path, host)), Err(Stop::Unknown(_)))
    {
        results.shift_remove("size");
    }
    Ok(())
}

/// The same of what was looked at already.
pub(crate) fn full(key: &str, shown: &str, look: &Look, results: &mut Map) {
    results.insert(key.to_owned(), shown.into());
    let node = match look {
        Look::Is(node) => node,
        Look::Absent => {
            results.insert("state".into(), "absent".into());
            return;
        }
        Look::Unknown(_) => return,
    };
    let mut set = |name: &str, value: Data| results.insert(name.to_owned(), value);
    if let Some(uid) = node.owner.id {
        set("uid", uid.into());
    }
    if let Some(gid) = node.group.id {
        set("gid", gid.into());
    }
    set("owner", node.owner.name.as_str().into());
    set("group", node.group.name.as_str().into());
    set("mode", format!("0{:03o}", node.mode).into());
    set("state", state_name(node).into());
    if let Some(context) = &node.selinux {
        set("secontext", context.as_str().into());
    }
    // The size of a directory is the file system's business and can't be predicted.
    if node.kind != NodeKind::Dir || node.inode != 0 {
        set("size", i64::try_from(node.size).unwrap_or(i64::MAX).into());
    }
}

/// The same to tell with a failure.
pub(crate) fn context(shown: &str, look: &Look) -> Map {
    let mut results = Map::new();
    full("path", shown, look, &mut results);
    results
}

fn state_name(node: &Node) -> &'static str {
    match node.kind {
        NodeKind::Link(_) => "link",
        NodeKind::Dir => "directory",
        NodeKind::File | NodeKind::Special(_) if node.links > 1 => "hard",
        NodeKind::File | NodeKind::Special(_) => "file",
    }
}
