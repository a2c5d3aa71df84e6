//! Block devices, and the names that udev gives them.

use std::collections::BTreeMap;

use crate::data::{Data, Map};
use crate::modules::setup::read::{Reader, base};

const CLASS: &str = "/sys/block";

/// Bytes of a sector, in which the kernel counts whatever the device does.
const SECTOR: u64 = 512;

/// Folders of links that udev makes, and the facts that they are.
const LINKS: &[(&str, &str)] =
    &[("ids", "/dev/disk/by-id"), ("labels", "/dev/disk/by-label"), ("uuids", "/dev/disk/by-uuid")];

/// Names of devices by kind of name.
pub(super) struct Links {
    by_kind: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
}

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let links = Links::read(read);
    let mut devices = Map::new();
    for name in read.names(CLASS) {
        devices.insert(name.clone(), Data::Map(device(read, &name, &links)));
    }
    facts.insert("devices".into(), Data::Map(devices));
    facts.insert("device_links".into(), links.all());
    facts.insert("lvm".into(), "N/A".into());
}

impl Links {
    pub(super) fn read(read: &Reader<'_>) -> Self {
        let mut by_kind: BTreeMap<_, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for (kind, folder) in LINKS {
            let named = by_kind.entry(*kind).or_default();
            for name in read.names(folder) {
                if let Some(target) = read.link(format!("{folder}/{name}")) {
                    named.entry(base(&target).to_owned()).or_default().push(unescaped(&name));
                }
            }
        }
        let masters = by_kind.entry("masters").or_default();
        for device in read.names(CLASS) {
            for slave in read.names(format!("{CLASS}/{device}/slaves")) {
                masters.entry(slave).or_default().push(device.clone());
            }
        }
        Self { by_kind }
    }

    /// The UUID of the file system on a device.
    pub(super) fn uuid(&self, device: &str) -> Option<&str> {
        self.by_kind.get("uuids")?.get(base(device))?.first().map(String::as_str)
    }

    fn of(&self, device: &str) -> Data {
        let kinds = self.by_kind.iter().map(|(kind, named)| {
            let names = named.get(device).cloned().unwrap_or_default();
            ((*kind).to_owned(), names.into())
        });
        Data::Map(kinds.collect())
    }

    fn all(&self) -> Data {
        let kinds = self.by_kind.iter().map(|(kind, named)| {
            let named = named.iter().map(|(device, names)| (device.clone(), names.clone().into()));
            ((*kind).to_owned(), Data::Map(named.collect()))
        });
        Data::Map(kinds.collect())
    }
}

fn device(read: &Reader<'_>, name: &str, links: &Links) -> Map {
    let folder = format!("{CLASS}/{name}");
    let text = |file: &str| read.some_word(format!("{folder}/{file}"));
    let sector = text("queue/logical_block_size").unwrap_or_else(|| SECTOR.to_string());
    let sectors: u64 = text("size").and_then(|size| size.parse().ok()).unwrap_or(0);
    let scheduler = text("queue/scheduler").unwrap_or_default();
    let chosen = scheduler.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let scheduler = chosen.map_or(if scheduler == "none" { "none" } else { "" }, |(name, _)| name);
    let mut facts = Map::from_iter([
        ("virtual".to_owned(), Data::Int(1)),
        ("links".to_owned(), links.of(name)),
        ("vendor".to_owned(), text("device/vendor").into()),
        ("model".to_owned(), text("device/model").into()),
        ("sas_address".to_owned(), text("device/sas_address").into()),
        ("sas_device_handle".to_owned(), text("device/sas_device_handle").into()),
        ("removable".to_owned(), text("removable").into()),
        ("support_discard".to_owned(), text("queue/discard_granularity").into()),
        ("rotational".to_owned(), text("queue/rotational").into()),
        ("scheduler_mode".to_owned(), scheduler.into()),
        ("sectors".to_owned(), Data::Int(sectors.cast_signed())),
        ("sectorsize".to_owned(), sector.into()),
        ("size".to_owned(), human(sectors * SECTOR).into()),
        ("host".to_owned(), "".into()),
        ("holders".to_owned(), read.names(format!("{folder}/holders")).into()),
        ("partitions".to_owned(), Data::Map(partitions(read, name, links))),
    ]);
    for (fact, file) in [("serial", "device/serial"), ("wwn", "device/wwid")] {
        if let Some(value) = text(file) {
            facts.insert(fact.into(), value.into());
        }
    }
    facts
}

fn partitions(read: &Reader<'_>, device: &str, links: &Links) -> Map {
    let mut partitions = Map::new();
    for name in read.names(format!("{CLASS}/{device}")) {
        let folder = format!("{CLASS}/{device}/{name}");
        if !name.starts_with(device) || read.word(format!("{folder}/partition")).is_none() {
            continue;
        }
        let number = |file: &str| read.number(format!("{folder}/{file}")).unwrap_or(0);
        let sectors = number("size");
        let facts = Map::from_iter([
            ("links".to_owned(), links.of(&name)),
            ("start".to_owned(), number("start").to_string().into()),
            ("sectors".to_owned(), sectors.into()),
            ("sectorsize".to_owned(), Data::Int(SECTOR.cast_signed())),
            ("size".to_owned(), human(sectors.unsigned_abs() * SECTOR).into()),
            ("uuid".to_owned(), links.uuid(&name).map(ToOwned::to_owned).into()),
            ("holders".to_owned(), read.names(format!("{folder}/holders")).into()),
        ]);
        partitions.insert(name, Data::Map(facts));
    }
    partitions
}

/// A size in the unit that fits.
fn human(bytes: u64) -> String {
    let units = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.2} {}", units[unit])
}

/// udev writes letters that don't fit into names as `\x20`.
fn unescaped(name: &str) -> String {
    let mut parts = name.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => bytes.extend(format!("\\x{part}").bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{human, unescaped};

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(human(0), "0.00 Bytes");
        assert_eq!(human(536_870_912 * 512), "256.00 GB");
        assert_eq!(human(1_073_741_823), "1024.00 MB");
    }

    #[test]
    fn names_of_udev_are_read() {
        assert_eq!(unescaped("My\\x20Disk"), "My Disk");
        assert_eq!(unescaped("odd\\xzz"), "odd\\xzz");
    }
}
