//! Facts that take a few lines each.

use crate::data::{Data, Map};
use crate::modules::setup::read::Reader;

pub(super) fn apparmor(read: &Reader<'_>, facts: &mut Map) {
    let on = read.exists("/sys/kernel/security/apparmor");
    let status = if on { "enabled" } else { "disabled" };
    facts.insert("apparmor".into(), one("status", status));
}

/// Whether the root is another than that of process 1.
pub(super) fn chroot(read: &Reader<'_>, facts: &mut Map) {
    let same = match (read.node("/"), read.node("/proc/1/root/.")) {
        (Some(own), Some(init)) => (own.inode, own.device) == (init.inode, init.device),
        // Nobody but root may see the other one; then the number of the own root tells.
        (Some(own), None) => matches!(own.inode, 2 | 64 | 96 | 128 | 256),
        _ => true,
    };
    let debian = read.host.variable("debian_chroot").is_some();
    facts.insert("is_chroot".into(), (debian || !same).into());
}

pub(super) fn cmdline(read: &Reader<'_>, facts: &mut Map) {
    let Some(text) = read.text("/proc/cmdline") else { return };
    let (mut last, mut all) = (Map::new(), Map::new());
    for word in crate::words::split(&text).unwrap_or_default() {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), Data::from(value)),
            None => (word, Data::Bool(true)),
        };
        last.insert(key.clone(), value.clone());
        // What is given more than once is a list here.
        match all.get_mut(&key) {
            None => drop(all.insert(key, value)),
            Some(Data::List(values)) => values.push(value),
            Some(first) => *first = Data::List(vec![std::mem::take(first), value]),
        }
    }
    facts.insert("cmdline".into(), Data::Map(last));
    facts.insert("proc_cmdline".into(), Data::Map(all));
}

/// resolv.conf(5).
pub(super) fn dns(read: &Reader<'_>, facts: &mut Map) {
    let mut dns = Map::new();
    for line in read.text("/etc/resolv.conf").unwrap_or_default().lines() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(key) = words.next() else { continue };
        match key {
            "nameserver" => {
                let list =
                    dns.entry("nameservers".into()).or_insert_with(|| Data::List(Vec::new()));
                if let Data::List(list) = list {
                    list.extend(words.map(Data::from));
                }
            }
            "domain" => drop(words.next().map(|domain| dns.insert("domain".into(), domain.into()))),
            "search" | "sortlist" => {
                dns.insert(key.into(), words.collect::<Vec<_>>().into());
            }
            "options" => {
                let option = |word: &str| match word.split_once(':') {
                    Some((name, value)) => (name.to_owned(), Data::from(value)),
                    None => (word.to_owned(), Data::Bool(true)),
                };
                dns.insert("options".into(), Data::Map(words.map(option).collect()));
            }
            _ => {}
        }
    }
    facts.insert("dns".into(), Data::Map(dns));
}

pub(super) fn env(read: &Reader<'_>, facts: &mut Map) {
    let env = read.host.variables().into_iter().map(|(name, value)| (name, value.into()));
    facts.insert("env".into(), Data::Map(env.collect()));
}

pub(super) fn fibre_channel(read: &Reader<'_>, facts: &mut Map) {
    let folder = "/sys/class/fc_host";
    let ports = read.names(folder);
    let names = ports.iter().filter_map(|port| read.word(format!("{folder}/{port}/port_name")));
    let names: Vec<_> = names.map(|name| name.trim_start_matches("0x").to_owned()).collect();
    facts.insert("fibre_channel_wwn".into(), names.into());
}

pub(super) fn fips(read: &Reader<'_>, facts: &mut Map) {
    let on = read.word("/proc/sys/crypto/fips_enabled").as_deref() == Some("1");
    facts.insert("fips".into(), on.into());
}

pub(super) fn iscsi(read: &Reader<'_>, facts: &mut Map) {
    let text = read.text("/etc/iscsi/initiatorname.iscsi").unwrap_or_default();
    let name = text.lines().find_map(|line| line.trim().strip_prefix("InitiatorName="));
    facts.insert("iscsi_iqn".into(), name.unwrap_or_default().into());
}

pub(super) fn loadavg(read: &Reader<'_>, facts: &mut Map) {
    let text = read.text("/proc/loadavg").unwrap_or_default();
    let mut numbers = text.split(' ').map(|word| word.parse::<f64>().unwrap_or_default());
    let mut of = |name: &str| (name.to_owned(), Data::Float(numbers.next().unwrap_or_default()));
    let load = Map::from_iter([of("1m"), of("5m"), of("15m")]);
    facts.insert("loadavg".into(), Data::Map(load));
}

pub(super) fn nvme(read: &Reader<'_>, facts: &mut Map) {
    let name = read.word("/etc/nvme/hostnqn").filter(|name| name.starts_with("nqn."));
    facts.insert("hostnqn".into(), name.unwrap_or_default().into());
}

pub(super) fn selinux(read: &Reader<'_>, facts: &mut Map) {
    // Nothing has to be installed for it, which is what content asks this fact for.
    facts.insert("selinux_python_present".into(), true.into());
    if !read.exists("/sys/fs/selinux/enforce") {
        facts.insert("selinux".into(), one("status", "disabled"));
        return;
    }
    let config = read.text("/etc/selinux/config").unwrap_or_default();
    let of = |key: &str| {
        let lines = config.lines().filter_map(|line| line.trim().split_once('='));
        lines.rev().find(|(name, _)| *name == key).map(|(_, value)| value.trim().to_owned())
    };
    let enforcing = read.word("/sys/fs/selinux/enforce").as_deref() == Some("1");
    let unknown = || "unknown".to_owned();
    let policy = read.word("/sys/fs/selinux/policyvers").and_then(|text| text.parse::<i64>().ok());
    let told = Map::from_iter([
        ("status".to_owned(), "enabled".into()),
        ("policyvers".to_owned(), policy.map_or_else(|| unknown().into(), Data::Int)),
        ("config_mode".to_owned(), of("SELINUX").unwrap_or_else(unknown).into()),
        ("mode".to_owned(), if enforcing { "enforcing" } else { "permissive" }.into()),
        ("type".to_owned(), of("SELINUXTYPE").unwrap_or_else(unknown).into()),
    ]);
    facts.insert("selinux".into(), Data::Map(told));
}

fn one(key: &str, value: &str) -> Data {
    Data::Map(Map::from_iter([(key.to_owned(), value.into())]))
}
