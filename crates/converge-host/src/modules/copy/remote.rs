//! Files and folders of the host itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::change::Changes;
use crate::data::Data;
use crate::host::{Look, Node, NodeKind};
use crate::modules::copy::upload::{link, written};
use crate::modules::copy::{Origin, Placing};
use crate::modules::files::{Subject, absolute, make_folders};
use crate::stop::{Result, Stop};

pub(super) fn plan(placing: &Placing<'_>, src: &str, changes: &mut Changes) -> Result<()> {
    let host = placing.host;
    let (path, look) = host.resolve(&absolute(Path::new(src), host))?;
    match look {
        Look::Unknown(why) => Err(Stop::Unknown(why)),
        Look::Absent => Err(Stop::failed(format!("there is no `{src}` to be copied on the host"))),
        Look::Is(Node { kind: NodeKind::Dir, .. }) => folder(placing, src, &path, changes),
        Look::Is(Node { kind: NodeKind::File, mode, .. }) => {
            let name = Path::new(src).file_name().unwrap_or_default().to_string_lossy();
            let origin = Origin { name: &name, shown: src, mode };
            placing.file(&host.content(&path)?, &origin, changes)
        }
        Look::Is(_) => Err(Stop::failed(format!("`{src}` is neither a file nor a directory"))),
    }
}

fn folder(placing: &Placing<'_>, src: &str, path: &Path, changes: &mut Changes) -> Result<()> {
    let host = placing.host;
    let dest = absolute(placing.dest, host);
    let name = Path::new(src).file_name().unwrap_or_default();
    let (root, shown) = if src.ends_with('/') {
        (dest, placing.dest.to_path_buf())
    } else {
        (dest.join(name), placing.dest.join(name))
    };
    changes.set("src", src);
    changes.set("dest", shown.display().to_string());
    changes.set("checksum", Data::Null);
    if root.starts_with(path) {
        return Err(Stop::failed(format!("`{src}` can't be copied into itself")));
    }
    let mut made = BTreeSet::new();
    // Only what is made takes the permission bits of its source; `mode` is for the top.
    let top = Subject::followed(&root, host)?;
    let attributes = placing.attributes.clone();
    match top.kind() {
        Some(NodeKind::Dir) => top.give(&attributes, changes)?,
        _ => {
            if let Some(above) =
                root.parent().filter(|_| placing.says_folder() || !src.ends_with('/'))
            {
                make_folders(above, &placing.of_folders(), &mut made, host, changes)?;
            } else {
                top.need_folder()?;
            }
            let mode = attributes.mode.clone().or(source_mode(path, placing)?);
            make_folders(&root, &attributes.with_mode(mode), &mut made, host, changes)?;
        }
    }
    below(placing, path, &root, &mut made, changes)
}

fn below(
    placing: &Placing<'_>,
    from: &Path,
    to: &Path,
    made: &mut BTreeSet<PathBuf>,
    changes: &mut Changes,
) -> Result<()> {
    let (host, attributes) = (placing.host, placing.attributes);
    for name in host.list(from)? {
        let (source, place) = (from.join(&name), to.join(&name));
        let Look::Is(node) = host.look(&source)? else { continue };
        let as_source = attributes.with_mode(Some(written(node.mode)));
        match &node.kind {
            NodeKind::Dir => {
                let subject = Subject::followed(&place, host)?;
                if subject.kind() == Some(&NodeKind::Dir) {
                    subject.give(&attributes.without_mode(), changes)?;
                } else {
                    make_folders(&place, &as_source, made, host, changes)?;
                }
                below(placing, &source, &place, made, changes)?;
            }
            NodeKind::File => {
                placing.one(&place, &host.content(&source)?, as_source, changes)?;
            }
            NodeKind::Link(target) => link(&place, target, placing, changes)?,
            NodeKind::Special(_) => {
                return Err(Stop::failed(format!(
                    "`{}` is neither a file nor a directory",
                    source.display()
                )));
            }
        }
    }
    Ok(())
}

fn source_mode(path: &Path, placing: &Placing<'_>) -> Result<Option<crate::args::Mode>> {
    match placing.host.look(path)? {
        Look::Is(node) => Ok(Some(written(node.mode))),
        Look::Absent | Look::Unknown(_) => Ok(None),
    }
}
