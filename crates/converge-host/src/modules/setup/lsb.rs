//! What the Linux Standard Base calls the distribution.

use crate::data::{Data, Map};
use crate::modules::setup::distribution::assignments;
use crate::modules::setup::read::Reader;

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    facts.insert("lsb".into(), Data::Map(lsb(read)));
}

/// `lsb_release` tells what stands in these files; where it is not installed, only the first of them counts.
fn lsb(read: &Reader<'_>) -> Map {
    let mut told = Map::new();
    if let Some(text) = read.text("/etc/lsb-release") {
        let set = assignments(&text);
        for (fact, key) in [
            ("id", "DISTRIB_ID"),
            ("release", "DISTRIB_RELEASE"),
            ("description", "DISTRIB_DESCRIPTION"),
            ("codename", "DISTRIB_CODENAME"),
        ] {
            if let Some(value) = set.get(key) {
                told.insert(fact.into(), value.as_str().into());
            }
        }
    }
    if told.is_empty() && read.has("lsb_release") {
        told = of_os_release(&read.text("/etc/os-release").unwrap_or_default());
    }
    if let Some(release) = told.get("release").and_then(Data::as_str) {
        let major = release.split('.').next().unwrap_or_default().to_owned();
        told.insert("major_release".into(), major.into());
    }
    told
}

fn of_os_release(text: &str) -> Map {
    let set = assignments(text);
    let of = |key: &str| set.get(key).cloned();
    let id = of("NAME").and_then(|name| name.split(' ').next().map(ToOwned::to_owned));
    let entries = [
        ("id", id),
        ("release", of("VERSION_ID")),
        ("description", of("PRETTY_NAME")),
        ("codename", of("VERSION_CODENAME")),
    ];
    let known = entries.into_iter().filter_map(|(key, value)| Some((key.into(), value?.into())));
    known.collect()
}
