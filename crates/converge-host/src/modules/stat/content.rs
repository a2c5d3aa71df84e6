//! What sort of content a file has.

use std::path::Path;

use crate::host::{Host, Node, NodeKind, Special};
use crate::stop::{Result, Stop};

/// The MIME type and the encoding, by file(1) where the host has it.
pub(super) fn sort(
    path: &Path,
    at: &Path,
    node: &Node,
    host: &dyn Host,
) -> Result<(String, String)> {
    let plain = |sort: &str| Ok((sort.to_owned(), "binary".to_owned()));
    match &node.kind {
        NodeKind::Dir => return plain("inode/directory"),
        NodeKind::Link(_) => return plain("inode/symlink"),
        // What Ansible tells of a link that is followed is that it is one.
        NodeKind::File if path != at => return plain("inode/symlink"),
        NodeKind::File if node.size == 0 => return plain("inode/x-empty"),
        NodeKind::File => {}
        NodeKind::Special(Special::Fifo) => return plain("inode/fifo"),
        NodeKind::Special(Special::Socket) => return plain("inode/socket"),
        NodeKind::Special(Special::CharDevice) => return plain("inode/chardevice"),
        NodeKind::Special(Special::BlockDevice) => return plain("inode/blockdevice"),
    }
    let asked = match host.program("file") {
        Ok(Some(_)) => host.sort(at),
        Ok(None) => return Ok(("unknown".into(), "unknown".into())),
        Err(stop) => Err(stop),
    };
    match asked {
        Ok(output) if output.ok() => {
            let text = output.text();
            let told = text.trim().split_once("; charset=");
            Ok(told.map_or_else(unknown, |(sort, charset)| (sort.to_owned(), charset.to_owned())))
        }
        Ok(_) => Ok(unknown()),
        // The file is only planned, so file(1) can't look at it.
        Err(Stop::Unknown(_)) => guess(&host.fetch(&host.content(at)?)?),
        Err(stop) => Err(stop),
    }
}

fn unknown() -> (String, String) {
    ("unknown".into(), "unknown".into())
}

fn guess(bytes: &[u8]) -> Result<(String, String)> {
    let (sort, charset) = match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => ("application/octet-stream", "binary"),
        Ok(text) if text.is_ascii() => ("text/plain", "us-ascii"),
        Ok(_) => ("text/plain", "utf-8"),
        Err(_) => ("application/octet-stream", "binary"),
    };
    Ok((sort.to_owned(), charset.to_owned()))
}
