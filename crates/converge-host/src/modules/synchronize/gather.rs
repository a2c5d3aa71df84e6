//! What is below a path, as it is to be there on the other side.

use std::path::{Path, PathBuf};

use crate::blob::{Stamp, Tree, TreeEntry, TreeKind};
use crate::host::{Host, Look, Node, NodeKind};
use crate::modules::synchronize::filter::Filter;
use crate::modules::synchronize::options::Options;
use crate::stop::{Result, Stop};

/// The file by which a folder says what is left out of it.
const MERGE: &str = ".rsync-filter";

/// A tree, and what of it can't be copied.
pub struct Gathered {
    /// What is copied. Contents have their bytes only where they are few.
    pub tree: Tree,
    /// What was left out though no pattern says so, in words.
    pub left_out: Vec<String>,
}

/// Reads a tree as [`Options`] want it. A slash at the end of the path means what is in the folder.
pub(super) fn gather(host: &dyn Host, path: &Path, options: &Options) -> Result<Gathered> {
    let written = path.display().to_string();
    let contents_only = written.ends_with('/') || written.ends_with("/.");
    let (at, look) = if contents_only || options.copy_links {
        host.resolve(path)?
    } else {
        (path.to_path_buf(), host.look(path)?)
    };
    let node = match look {
        Look::Is(node) => node,
        Look::Unknown(why) => return Err(Stop::Unknown(why)),
        Look::Absent => {
            return Err(Stop::failed(format!(
                "there is no `{written}` to be copied; a relative `src` is one of the role's `files` or beside the playbook"
            )));
        }
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = node.kind == NodeKind::Dir;
    let tree =
        Tree { name: name.clone(), contents_only: folder && contents_only, entries: Vec::new() };
    let mut walk = Walk { host, options, gathered: Gathered { tree, left_out: Vec::new() } };
    let transfer = if walk.gathered.tree.contents_only { String::new() } else { name };
    let wanted = transfer.is_empty() || !options.filter.leaves(&transfer, folder);
    if wanted && (!folder || options.recursive || options.dirs) {
        walk.entry(&at, node, PathBuf::new(), &transfer, &options.filter)?;
    }
    let mut gathered = walk.gathered;
    if options.prune_empty {
        prune(&mut gathered.tree.entries);
    }
    lighten(&mut gathered.tree);
    Ok(gathered)
}

/// More bytes than these don't travel along with the names.
const ALONG: u64 = 8 * 1024 * 1024;

/// Takes the contents out where there are too many for one message: each is asked for by its digest then.
fn lighten(tree: &mut Tree) {
    let blobs = || {
        tree.entries.iter().filter_map(|entry| match &entry.kind {
            TreeKind::File(blob) if blob.bytes.is_some() => Some(blob.size),
            _ => None,
        })
    };
    if blobs().sum::<u64>() <= ALONG {
        return;
    }
    for entry in &mut tree.entries {
        if let TreeKind::File(blob) = &mut entry.kind {
            blob.bytes = None;
        }
    }
}

struct Walk<'w> {
    host: &'w dyn Host,
    options: &'w Options,
    gathered: Gathered,
}

impl Walk<'_> {
    fn entry(
        &mut self,
        place: &Path,
        node: Node,
        path: PathBuf,
        transfer: &str,
        filter: &Filter,
    ) -> Result<()> {
        let kind = match &node.kind {
            NodeKind::File => {
                let mut blob = self.host.fingerprint(place)?;
                // It goes by its digest where the other side does not have it.
                blob = blob.for_the_wire();
                TreeKind::File(blob)
            }
            NodeKind::Dir => TreeKind::Dir,
            NodeKind::Link(target) if self.options.links => TreeKind::Link(target.clone()),
            NodeKind::Link(_) => return self.leave(place, "a link"),
            NodeKind::Special(_) => return self.leave(place, "no file, folder or link"),
        };
        let folder = kind == TreeKind::Dir;
        let root = path.as_os_str().is_empty();
        let stamp = Stamp { modified: node.modified, owner: node.owner, group: node.group };
        let entry = TreeEntry { path: path.clone(), mode: node.mode, kind, stamp: Some(stamp) };
        self.gathered.tree.entries.push(entry);
        // Without recursion only what is in a folder that is written with a slash comes along.
        if folder && (self.options.recursive || root && self.gathered.tree.contents_only) {
            self.folder(place, &path, transfer, filter)?;
        }
        Ok(())
    }

    fn folder(&mut self, place: &Path, path: &Path, transfer: &str, filter: &Filter) -> Result<()> {
        let names = self.host.list(place)?;
        let merged;
        let filter = if self.options.merges && names.iter().any(|name| name == MERGE) {
            merged = filter.before(self.merge(&place.join(MERGE), transfer)?);
            &merged
        } else {
            filter
        };
        for name in names {
            let at = place.join(&name);
            let (at, look) = if self.options.copy_links {
                self.host.resolve(&at)?
            } else {
                let look = self.host.look(&at)?;
                (at, look)
            };
            let node = match look {
                Look::Is(node) => node,
                Look::Unknown(why) => return Err(Stop::Unknown(why)),
                Look::Absent => {
                    self.leave(&at, "a link to nothing")?;
                    continue;
                }
            };
            let below =
                if transfer.is_empty() { name.clone() } else { format!("{transfer}/{name}") };
            if filter.leaves(&below, node.kind == NodeKind::Dir) {
                continue;
            }
            self.entry(&at, node, path.join(&name), &below, filter)?;
        }
        Ok(())
    }

    fn merge(&self, path: &Path, base: &str) -> Result<Filter> {
        let blob = self.host.content(path)?;
        let bytes = self.host.fetch(&blob)?;
        let mut filter = Filter::default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            filter
                .line(line, base)
                .map_err(|why| Stop::failed(format!("can't use `{}`: {why}", path.display())))?;
        }
        Ok(filter)
    }

    fn leave(&mut self, place: &Path, what: &str) -> Result<()> {
        self.gathered.left_out.push(format!("`{}` is {what} and is left out", place.display()));
        Ok(())
    }
}

/// Leaves out folders in which there is nothing but folders.
fn prune(entries: &mut Vec<TreeEntry>) {
    let full: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| entry.kind != TreeKind::Dir)
        .flat_map(|entry| entry.path.ancestors().map(Path::to_path_buf).collect::<Vec<_>>())
        .collect();
    entries.retain(|entry| full.contains(&entry.path) || entry.path.as_os_str().is_empty());
}
