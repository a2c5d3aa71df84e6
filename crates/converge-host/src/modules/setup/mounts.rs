//! What is mounted: proc_pid_mountinfo(5).

use indexmap::IndexMap;

use crate::data::{Data, Map};
use crate::modules::setup::devices::Links;
use crate::modules::setup::read::Reader;

/// A mount, as two files of the kernel tell it.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    device: String,
    place: String,
    kind: String,
    options: String,
    bind: bool,
}

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let text = read.text("/proc/self/mountinfo").unwrap_or_default();
    let links = Links::read(read);
    // What is mounted over another hides it.
    let mut seen: IndexMap<String, Mount> = IndexMap::new();
    for mount in text.lines().filter_map(mount).filter(shown) {
        seen.insert(mount.place.clone(), mount);
    }
    let mounts: Vec<_> =
        seen.into_values().map(|mount| Data::Map(facts_of(read, &mount, &links))).collect();
    facts.insert("mounts".into(), Data::List(mounts));
}

/// Only what comes from a device or over the network.
fn shown(mount: &Mount) -> bool {
    let device = mount.device.starts_with(['/', '\\']) || mount.device.contains(":/");
    device && mount.kind != "none"
}

fn facts_of(read: &Reader<'_>, mount: &Mount, links: &Links) -> Map {
    let bind = if mount.bind { ",bind" } else { "" };
    let mut facts = Map::from_iter([
        ("mount".to_owned(), mount.place.as_str().into()),
        ("device".to_owned(), mount.device.as_str().into()),
        ("fstype".to_owned(), mount.kind.as_str().into()),
        ("options".to_owned(), format!("{}{bind}", mount.options).into()),
        ("dump".to_owned(), Data::Int(0)),
        ("passno".to_owned(), Data::Int(0)),
    ]);
    if let Some(space) = read.host.space(mount.place.as_ref()) {
        for (name, number) in [
            ("size_total", space.fragment_size * space.blocks),
            ("size_available", space.fragment_size * space.blocks_available),
            ("block_size", space.block_size),
            ("block_total", space.blocks),
            ("block_available", space.blocks_available),
            ("block_used", space.blocks.saturating_sub(space.blocks_available)),
            ("inode_total", space.inodes),
            ("inode_available", space.inodes_available),
            ("inode_used", space.inodes.saturating_sub(space.inodes_free)),
        ] {
            facts.insert(name.to_owned(), Data::Int(number.cast_signed()));
        }
    }
    facts.insert("uuid".into(), links.uuid(&mount.device).unwrap_or("N/A").into());
    facts
}

/// `36 35 98:0 /dir /mnt rw,noatime shared:1 - ext3 /dev/root rw,errors=continue`.
fn mount(line: &str) -> Option<Mount> {
    let (head, tail) = line.split_once(" - ")?;
    let head: Vec<_> = head.split(' ').collect();
    let mut tail = tail.split(' ');
    let (kind, device, of_system) = (tail.next()?, tail.next()?, tail.next().unwrap_or_default());
    let (root, place, of_mount) = (head.get(3)?, head.get(4)?, head.get(5)?);
    Some(Mount {
        device: unescaped(device),
        place: unescaped(place),
        kind: kind.to_owned(),
        options: options(of_mount, of_system),
        bind: *root != "/",
    })
}

/// The options of the mount, then those of its file system, each once, as /proc/mounts has them.
fn options(of_mount: &str, of_system: &str) -> String {
    let mut all: Vec<&str> = Vec::new();
    // What is mounted to be read only is so, whatever its file system is.
    let read_only = of_mount.split(',').chain(of_system.split(',')).any(|option| option == "ro");
    all.push(if read_only { "ro" } else { "rw" });
    for option in of_mount.split(',').chain(of_system.split(',')) {
        if !option.is_empty() && option != "rw" && option != "ro" && !all.contains(&option) {
            all.push(option);
        }
    }
    all.join(",")
}

/// The kernel writes white space and backslashes as three octal digits.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..3).and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[3..]);
            }
            None => bytes.extend(format!("\\{part}").bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Mount, mount, shown};

    #[test]
    fn mounts_are_read() {
        let line =
            "36 35 98:0 /dir /mnt/a\\040b rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue";
        let found = mount(line).unwrap();
        assert_eq!(
            found,
            Mount {
                device: "/dev/sda1".into(),
                place: "/mnt/a b".into(),
                kind: "ext4".into(),
                options: "rw,noatime,errors=continue".into(),
                bind: true,
            }
        );
        assert!(shown(&found));
        let proc = mount("22 27 0:21 / /proc rw,nosuid - proc proc rw").unwrap();
        assert!(!shown(&proc) && !proc.bind);
        let nfs = mount("9 1 0:50 / /srv ro,relatime - nfs4 10.0.0.1:/srv rw,vers=4.2").unwrap();
        assert!(shown(&nfs));
        assert_eq!(nfs.options, "ro,relatime,vers=4.2");
        assert_eq!(mount("nonsense"), None);
    }
}
