//! Processors: /proc/cpuinfo.

use indexmap::IndexMap;

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let Some(text) = read.text("/proc/cpuinfo") else { return };
    let machine = facts.get("machine").and_then(Data::as_str).unwrap_or_default().to_owned();
    facts.extend(processors(&text, &machine));
    let usable = read.text("/proc/self/status").and_then(|text| usable(&text));
    let count = usable.or_else(|| facts.get("processor_vcpus")?.as_int());
    facts.insert("processor_nproc".into(), count.map_or(Data::Null, Data::Int));
}

/// The lines that Ansible lists of every processor.
const LISTED: &[&str] = &["model name", "Processor", "vendor_id", "cpu", "Vendor", "processor"];

fn processors(text: &str, machine: &str) -> Map {
    let mut listed: Vec<Data> = Vec::new();
    let (mut vendors, mut models, mut processors) = (0, 0, 0);
    let mut sockets: IndexMap<String, i64> = IndexMap::new();
    let mut threads: IndexMap<String, i64> = IndexMap::new();
    let (mut socket, mut core) = (String::new(), String::new());
    let mut flags = None;
    for line in text.lines() {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let (key, value) = (key.trim(), value.trim());
        if LISTED.contains(&key) {
            listed.push(value.into());
        }
        match key {
            "vendor_id" => vendors += 1,
            "model name" => models += 1,
            "processor" => processors += 1,
            "physical id" => {
                socket = value.to_owned();
                sockets.entry(socket.clone()).or_insert(1);
            }
            "core id" => {
                core = value.to_owned();
                threads.entry(core.clone()).or_insert(1);
            }
            "cpu cores" => {
                sockets.insert(socket.clone(), value.parse().unwrap_or(1));
            }
            "siblings" => {
                threads.insert(core.clone(), value.parse().unwrap_or(1));
            }
            "flags" | "Features" if flags.is_none() => {
                flags = Some(value.split_whitespace().map(Data::from).collect::<Vec<_>>());
            }
            _ => {}
        }
    }
    // Elsewhere than on x86 only the numbers of the processors can be counted.
    let x86 =
        !["arm", "aarch", "ppc", "sparc", "riscv"].iter().any(|other| machine.starts_with(other));
    let mut count = if vendors > 0 && vendors == models { vendors } else { models };
    if !x86 || count == 0 {
        count = processors;
    }
    let (sockets, cores, per_core) = if sockets.is_empty() || !x86 {
        (count, 1, 1)
    } else {
        let cores = sockets.values().next().copied().unwrap_or(1).max(1);
        let siblings = threads.values().next().copied().unwrap_or(1);
        (sockets.len() as i64, cores, (siblings / cores).max(1))
    };
    let mut facts = Map::from_iter([
        ("processor".to_owned(), Data::List(listed)),
        ("processor_count".to_owned(), sockets.into()),
        ("processor_cores".to_owned(), cores.into()),
        ("processor_threads_per_core".to_owned(), per_core.into()),
        ("processor_vcpus".to_owned(), (sockets * cores * per_core).into()),
    ]);
    if let Some(flags) = flags {
        facts.insert("flags".into(), Data::List(flags));
    }
    facts
}

/// How many processors this process may run on, as its status lists them: `0-3,6`.
fn usable(status: &str) -> Option<i64> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let count = |range: &str| -> Option<i64> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(last.parse::<i64>().ok()? - first.parse::<i64>().ok()? + 1)
    };
    list.trim().split(',').map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::{processors, usable};

    fn x86(number: u32, socket: u32, core: u32) -> String {
        format!(
            "processor\t: {number}\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nphysical id\t: {socket}\nsiblings\t: 4\n\
             core id\t\t: {core}\ncpu cores\t: 2\nflags\t\t: fpu vme sse2\npower management:\n\n"
        )
    }

    #[track_caller]
    fn check(text: &str, machine: &str, want: [i64; 4]) {
        let facts = processors(text, machine);
        let names = ["count", "cores", "threads_per_core", "vcpus"];
        let told = names.map(|name| facts[&format!("processor_{name}")].as_int().unwrap());
        assert_eq!(told, want);
    }

    #[test]
    fn processors_are_counted() {
        let two_sockets: String =
            (0..8).map(|number| x86(number, number / 4, number % 2)).collect();
        check(&two_sockets, "x86_64", [2, 2, 2, 8]);
        let arm = "processor\t: 0\nBogoMIPS\t: 48.00\nFeatures\t: fp asimd\n\nprocessor\t: 1\nFeatures\t: fp\n";
        check(arm, "aarch64", [2, 1, 1, 2]);
        let facts = processors(&two_sockets, "x86_64");
        assert_eq!(facts["processor"].as_list().unwrap().len(), 24);
        assert_eq!(facts["flags"].as_list().unwrap().len(), 3);
        assert_eq!(usable("Cpus_allowed:\tf\nCpus_allowed_list:\t0-3,6\n"), Some(5));
    }
}
