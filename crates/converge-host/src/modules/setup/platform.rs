//! The kernel, the machine, and its name.

use std::env::consts::ARCH;

use crate::data::Map;
use crate::modules::setup::read::Reader;

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let kernel = |name: &str| read.word(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    let machine = read.some_word("/proc/sys/kernel/arch").unwrap_or_else(|| ARCH.into());
    let node = kernel("hostname");
    let full = full_name(read, &node);
    let domain = full.split_once('.').map_or("", |(_, domain)| domain);
    facts.insert("system".into(), kernel("ostype").into());
    facts.insert("kernel".into(), kernel("osrelease").into());
    facts.insert("kernel_version".into(), kernel("version").into());
    facts.insert("machine".into(), machine.as_str().into());
    facts.insert("architecture".into(), machine.as_str().into());
    // The helper runs on machines of 64 bits only.
    facts.insert("userspace_bits".into(), "64".into());
    facts.insert("userspace_architecture".into(), machine.into());
    facts.insert("hostname".into(), node.split('.').next().unwrap_or_default().into());
    facts.insert("domain".into(), domain.into());
    facts.insert("nodename".into(), node.into());
    facts.insert("fqdn".into(), full.as_str().into());
    let id = ["/var/lib/dbus/machine-id", "/etc/machine-id"];
    if let Some(id) = id.iter().find_map(|path| read.some_word(path)) {
        facts.insert("machine_id".into(), id.into());
    }
}

/// The name with its domain, found as Python's `socket.getfqdn` finds it: the address of the name, and of the names of that
/// address the first that has a dot.
fn full_name(read: &Reader<'_>, node: &str) -> String {
    let hosts = read.text("/etc/hosts").unwrap_or_default();
    if let Some(names) = names_in_hosts(&hosts, node) {
        return pick(&names, node);
    }
    // Another source of names may know it: DNS, or systemd's.
    let names: Option<Vec<String>> = read.output(&["getent", "hosts", node]).and_then(|text| {
        let ip = text.split_whitespace().next()?.to_owned();
        let told = read.output(&["getent", "hosts", &ip]).unwrap_or(text);
        Some(told.lines().next()?.split_whitespace().skip(1).map(ToOwned::to_owned).collect())
    });
    pick(&names.unwrap_or_default(), node)
}

/// The names that the address of `node` has in hosts(5).
fn names_in_hosts(hosts: &str, node: &str) -> Option<Vec<String>> {
    let lines = || {
        hosts.lines().filter_map(|line| {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            Some((words.next()?, words.collect::<Vec<_>>()))
        })
    };
    let same = |name: &&str| name.eq_ignore_ascii_case(node);
    // The name is looked up for IPv4 first, as the library does.
    let v4 = lines().find(|(ip, names)| !ip.contains(':') && names.iter().any(same));
    let (ip, _) = v4.or_else(|| lines().find(|(_, names)| names.iter().any(same)))?;
    let names = lines().find(|(other, _)| *other == ip)?.1;
    Some(names.into_iter().map(ToOwned::to_owned).collect())
}

/// The first name is the true one, unless only another has a dot.
fn pick(names: &[String], node: &str) -> String {
    let dotted = names.iter().find(|name| name.contains('.'));
    dotted.or(names.first()).map_or(node, String::as_str).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{names_in_hosts, pick};

    #[track_caller]
    fn check(hosts: &str, node: &str, want: Option<&str>) {
        let full = names_in_hosts(hosts, node).map(|names| pick(&names, node));
        assert_eq!(full.as_deref(), want);
    }

    #[test]
    fn the_full_name_is_that_of_the_address() {
        check("127.0.0.1 localhost\n127.0.1.1 h1.example.org h1\n", "h1", Some("h1.example.org"));
        check("127.0.0.1 localhost\n127.0.0.1 runsc\n127.0.0.1 vm\n", "vm", Some("localhost"));
        check(
            "127.0.0.1 localhost\n10.0.0.5 web1 web1.example.org # own\n",
            "web1",
            Some("web1.example.org"),
        );
        check("127.0.0.1 localhost\n::1 localhost h1.org\n", "h1", None);
    }
}
