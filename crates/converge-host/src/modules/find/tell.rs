//! What is returned of something that was found.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::data::{Data, Map};
use crate::host::{Host, Node, NodeKind, Special};
use crate::modules::find::Find;
use crate::stop::{Result, Stop};

/// The attributes of what was found.
pub(super) fn tell(path: &Path, node: &Node, find: &Find, host: &dyn Host) -> Result<Map> {
    let mut told = Map::new();
    let mut set = |name: &str, value: Data| told.insert(name.to_owned(), value);
    let whole = |number: u64| Data::Int(i64::try_from(number).unwrap_or(i64::MAX));
    set("path", path.display().to_string().into());
    set("mode", format!("{:04o}", node.mode).into());
    let special = |kind: Special| node.kind == NodeKind::Special(kind);
    set("isdir", (node.kind == NodeKind::Dir).into());
    set("ischr", special(Special::CharDevice).into());
    set("isblk", special(Special::BlockDevice).into());
    set("isreg", (node.kind == NodeKind::File).into());
    set("isfifo", special(Special::Fifo).into());
    set("islnk", matches!(node.kind, NodeKind::Link(_)).into());
    set("issock", special(Special::Socket).into());
    set("uid", node.owner.id.map_or(Data::Null, Data::from));
    set("gid", node.group.id.map_or(Data::Null, Data::from));
    set("pw_name", named(&node.owner.name).into());
    set("gr_name", named(&node.group.name).into());
    set("size", whole(node.size));
    set("inode", whole(node.inode));
    set("dev", whole(node.device));
    set("nlink", whole(node.links));
    set("atime", seconds(node.accessed));
    set("mtime", seconds(node.modified));
    set("ctime", seconds(node.changed));
    let bits = [
        ("wusr", 0o200),
        ("rusr", 0o400),
        ("xusr", 0o100),
        ("wgrp", 0o020),
        ("rgrp", 0o040),
        ("xgrp", 0o010),
        ("woth", 0o002),
        ("roth", 0o004),
        ("xoth", 0o001),
        ("isuid", 0o4000),
        ("isgid", 0o2000),
    ];
    for (name, bit) in bits {
        set(name, (node.mode & bit != 0).into());
    }
    if find.get_checksum && node.kind == NodeKind::File {
        set(
            "checksum",
            match host.checksum(path, find.checksum_algorithm) {
                Ok(checksum) => checksum.into(),
                Err(Stop::Failed(_)) => Data::Null,
                Err(stop) => return Err(stop),
            },
        );
    }
    if let NodeKind::Link(target) = &node.kind {
        set("lnk_target", target.display().to_string().into());
        set("lnk_source", host.resolve(path)?.0.display().to_string().into());
    }
    Ok(told)
}

/// A number that no account has has no name either.
fn named(name: &str) -> &str {
    if name.bytes().all(|digit| digit.is_ascii_digit()) { "" } else { name }
}

fn seconds(time: SystemTime) -> Data {
    Data::Float(time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64()))
}
