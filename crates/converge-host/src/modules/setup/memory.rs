//! Memory and swap: proc_meminfo(5).

use std::collections::HashMap;

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    if let Some(text) = read.text("/proc/meminfo") {
        facts.extend(memory(&text));
    }
    if let Some(seconds) = read.text("/proc/uptime").and_then(|text| uptime(&text)) {
        facts.insert("uptime_seconds".into(), seconds.into());
    }
}

fn memory(text: &str) -> Map {
    let kib: HashMap<&str, i64> = text
        .lines()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name, value.split_whitespace().next()?.parse().ok()?))
        })
        .collect();
    let of = |name: &str| kib.get(name).copied().unwrap_or(0);
    let mib = |kib: i64| Data::Int(kib / 1024);
    let (total, free) = (of("MemTotal"), of("MemFree"));
    let without_cache = free + of("Cached") + of("Buffers");
    let (swap, swap_free) = (of("SwapTotal"), of("SwapFree"));
    let map = |entries: &[(&str, i64)]| {
        Data::Map(entries.iter().map(|(name, kib)| ((*name).to_owned(), mib(*kib))).collect())
    };
    let parts = Map::from_iter([
        ("real".to_owned(), map(&[("total", total), ("used", total - free), ("free", free)])),
        ("nocache".to_owned(), map(&[("free", without_cache), ("used", total - without_cache)])),
        (
            "swap".to_owned(),
            map(&[
                ("total", swap),
                ("free", swap_free),
                ("used", swap - swap_free),
                ("cached", of("SwapCached")),
            ]),
        ),
    ]);
    Map::from_iter([
        ("memtotal_mb".to_owned(), mib(total)),
        ("memfree_mb".to_owned(), mib(free)),
        ("swaptotal_mb".to_owned(), mib(swap)),
        ("swapfree_mb".to_owned(), mib(swap_free)),
        ("memory_mb".to_owned(), Data::Map(parts)),
    ])
}

fn uptime(text: &str) -> Option<i64> {
    text.split('.').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{memory, uptime};
    use crate::data::Data;

    const MEMINFO: &str = "MemTotal:        8009932 kB\nMemFree:          352896 kB\nMemAvailable:    6217020 kB\n\
        Buffers:          401148 kB\nCached:          5063360 kB\nSwapCached:          128 kB\nSwapTotal:       2097148 kB\n\
        SwapFree:        2096380 kB\nHugePages_Total:       0\n";

    #[test]
    fn memory_is_read() {
        let facts = memory(MEMINFO);
        let int = |name: &str| facts[name].as_int().unwrap();
        assert_eq!((int("memtotal_mb"), int("memfree_mb"), int("swaptotal_mb")), (7822, 344, 2047));
        let nocache = facts["memory_mb"].as_map().unwrap()["nocache"].as_map().unwrap();
        assert_eq!((&nocache["free"], &nocache["used"]), (&Data::Int(5681), &Data::Int(2141)));
        assert_eq!(uptime("4671.53 9012.11\n"), Some(4671));
    }
}
