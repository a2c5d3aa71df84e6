//! Network interfaces and addresses.

use std::net::IpAddr;

use crate::data::{Data, Map};
use crate::host::network::{Address, Link, Network, Way};
use crate::modules::setup::read::{Reader, base};

const CLASS: &str = "/sys/class/net";

pub(super) fn gather(read: &Reader<'_>, facts: &mut Map) {
    let Ok(network) = read.host.network() else { return };
    let mut interfaces: Vec<(String, Map)> = network
        .links
        .iter()
        .map(|link| (link.name.clone(), of_link(read, link, &network)))
        .collect();
    let name_of = |number: u32| {
        let found = network.links.iter().find(|link| link.number == number);
        found.map(|link| link.name.clone())
    };
    // First ones first, as the facts of an interface begin with them.
    let (secondary, first): (Vec<_>, Vec<_>) =
        network.addresses.iter().partition(|address| address.secondary);
    for address in first.into_iter().chain(secondary) {
        if let Some(name) = name_of(address.interface) {
            add(&mut interfaces, &name, address);
        }
    }
    let listed = |v4: bool| {
        let addresses = network.addresses.iter().map(|address| address.ip);
        let far = addresses.filter(|ip| ip.is_ipv4() == v4 && !ip.is_loopback());
        far.map(|ip| ip.to_string()).collect::<Vec<_>>()
    };
    facts.insert("all_ipv4_addresses".into(), listed(true).into());
    facts.insert("all_ipv6_addresses".into(), listed(false).into());
    let far = |way: &Option<Way>| {
        let way = way.as_ref()?;
        let name = name_of(way.interface)?;
        let (_, own) = interfaces.iter().find(|(known, _)| *known == name)?;
        Some(default(way, &name, own, &network))
    };
    facts.insert("default_ipv4".into(), Data::Map(far(&network.default4).unwrap_or_default()));
    facts.insert("default_ipv6".into(), Data::Map(far(&network.default6).unwrap_or_default()));
    facts.insert("locally_reachable_ips".into(), reachable(&network));
    // A name with a colon is a label, and would be no name of a variable.
    let named = interfaces.into_iter().map(|(name, own)| (name.replace(':', "_"), own));
    let named: Vec<_> = named.collect();
    let names: Vec<_> = named.iter().map(|(name, _)| name.as_str()).collect();
    facts.insert("interfaces".into(), names.into());
    facts.extend(named.into_iter().map(|(name, own)| (name, Data::Map(own))));
}

fn of_link(read: &Reader<'_>, link: &Link, network: &Network) -> Map {
    let mut own = Map::from_iter([("device".to_owned(), Data::from(link.name.as_str()))]);
    if let Some(mac) = &link.mac {
        own.insert("macaddress".into(), mac.as_str().into());
    }
    own.insert("mtu".into(), link.mtu.into());
    own.insert("active".into(), (!link.down).into());
    let kind = match (link.kind.as_deref(), link.hardware) {
        (Some("bridge"), _) => "bridge",
        (Some("bond"), _) => "bonding",
        (_, 1) => "ether",
        (_, 32) => "infiniband",
        (_, 512) => "ppp",
        (_, 772) => "loopback",
        (_, 65_534) => "tunnel",
        _ => "unknown",
    };
    own.insert("type".into(), kind.into());
    // IFF_PROMISC, netdevice(7).
    own.insert("promisc".into(), (link.flags & 0x100 != 0).into());
    if kind == "bridge" {
        let ports = network.links.iter().filter(|port| port.master == Some(link.number));
        let ports: Vec<_> = ports.map(|port| port.name.as_str()).collect();
        own.insert("interfaces".into(), ports.into());
    }
    let folder = format!("{CLASS}/{}", link.name);
    // The files may be those of another network namespace.
    if read.number(format!("{folder}/ifindex")) == Some(link.number.into()) {
        of_sysfs(read, &folder, kind, &mut own);
    }
    own
}

fn of_sysfs(read: &Reader<'_>, folder: &str, kind: &str, own: &mut Map) {
    let word = |file: &str| read.some_word(format!("{folder}/{file}"));
    if let Some(driver) = read.link(format!("{folder}/device/driver/module")) {
        own.insert("module".into(), base(&driver).into());
    }
    if kind == "bridge" {
        if let Some(id) = word("bridge/bridge_id") {
            own.insert("id".into(), id.into());
        }
        if let Some(stp) = word("bridge/stp_state") {
            own.insert("stp".into(), (stp == "1").into());
        }
    }
    if kind == "bonding" {
        bonding(read, folder, own);
    }
    if let Some(device) = read.link(format!("{folder}/device")) {
        own.insert("pciid".into(), base(&device).into());
    }
    if let Some(speed) = read.number(format!("{folder}/speed")) {
        own.insert("speed".into(), speed.into());
    }
    // The kernel tells only here of a port that its bridge makes listen to everything.
    let flags =
        word("flags").and_then(|hex| u32::from_str_radix(hex.trim_start_matches("0x"), 16).ok());
    if let Some(flags) = flags {
        own.insert("promisc".into(), (flags & 0x100 != 0).into());
    }
}

fn bonding(read: &Reader<'_>, folder: &str, own: &mut Map) {
    let first = |file: &str| {
        let word = read.some_word(format!("{folder}/bonding/{file}"))?;
        word.split(' ').next().map(ToOwned::to_owned)
    };
    let slaves = read.word(format!("{folder}/bonding/slaves")).unwrap_or_default();
    own.insert("slaves".into(), slaves.split_whitespace().collect::<Vec<_>>().into());
    own.insert("mode".into(), first("mode").unwrap_or_default().into());
    own.insert("miimon".into(), first("miimon").unwrap_or_default().into());
    own.insert("lacp_rate".into(), first("lacp_rate").unwrap_or_default().into());
    if let Some(primary) = first("primary") {
        own.insert("primary".into(), primary.into());
        let all = first("all_slaves_active").is_some_and(|word| word == "1");
        own.insert("all_slaves_active".into(), all.into());
    }
}

/// Adds an address to the facts of its interface, or of the label that it was given with.
fn add(interfaces: &mut Vec<(String, Map)>, device: &str, address: &Address) {
    if address.ip.is_ipv6() {
        let entry = map(&[
            ("address", address.ip.to_string().into()),
            ("prefix", address.prefix.to_string().into()),
            ("scope", address.scope.as_str().into()),
        ]);
        push(at(interfaces, device), "ipv6", entry);
        return;
    }
    let label = address.label.as_deref().unwrap_or(device);
    let entry = v4(address);
    let own = at(interfaces, label);
    if address.secondary || own.contains_key("ipv4") {
        push(own, "ipv4_secondaries", entry.clone());
    } else {
        own.insert("ipv4".into(), entry.clone());
    }
    if address.secondary && label != device {
        push(at(interfaces, device), "ipv4_secondaries", entry);
    }
}

fn v4(address: &Address) -> Data {
    // The other end's network is not the own one.
    let prefix = if address.peer.is_some() { 32 } else { address.prefix };
    let (mask, network) = network_of(address.ip, prefix);
    let broadcast = address.broadcast.map(|ip| ip.to_string()).unwrap_or_default();
    map(&[
        ("address", address.ip.to_string().into()),
        ("broadcast", broadcast.into()),
        ("netmask", mask.into()),
        ("network", network.into()),
        ("prefix", prefix.to_string().into()),
    ])
}

/// The mask and the network of an IPv4 address.
fn network_of(ip: IpAddr, prefix: u8) -> (String, String) {
    let IpAddr::V4(ip) = ip else { return Default::default() };
    let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    let text = |bits: u32| std::net::Ipv4Addr::from_bits(bits).to_string();
    (text(mask), text(ip.to_bits() & mask))
}

/// The interface and address that lead to the internet.
fn default(way: &Way, name: &str, own: &Map, network: &Network) -> Map {
    let mut facts = Map::from_iter([("interface".to_owned(), Data::from(name))]);
    let Some(source) = way.source else { return facts };
    facts.insert("address".into(), source.to_string().into());
    if let Some(gateway) = way.gateway {
        facts.insert("gateway".into(), gateway.to_string().into());
    }
    let Some(address) = network.addresses.iter().find(|address| address.ip == source) else {
        return facts;
    };
    if let (IpAddr::V4(_), Data::Map(of_address)) = (source, v4(address)) {
        facts.extend(of_address);
        facts.insert("alias".into(), address.label.as_deref().unwrap_or(name).into());
    } else {
        facts.insert("prefix".into(), address.prefix.to_string().into());
        facts.insert("scope".into(), address.scope.as_str().into());
    }
    for key in ["macaddress", "mtu", "type"] {
        if let Some(value) = own.get(key) {
            facts.insert(key.to_owned(), value.clone());
        }
    }
    facts
}

fn reachable(network: &Network) -> Data {
    let listed = |v4: bool, whole: u8| {
        let own = network.own.iter().filter(|(ip, _)| ip.is_ipv4() == v4);
        let mut names: Vec<String> = Vec::new();
        for (ip, prefix) in own {
            let name = if *prefix == whole { ip.to_string() } else { format!("{ip}/{prefix}") };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Data::from(names)
    };
    map(&[("ipv4", listed(true, 32)), ("ipv6", listed(false, 128))])
}

fn at<'i>(interfaces: &'i mut Vec<(String, Map)>, name: &str) -> &'i mut Map {
    let position = interfaces.iter().position(|(known, _)| known == name);
    let position = position.unwrap_or_else(|| {
        interfaces.push((name.to_owned(), Map::new()));
        interfaces.len() - 1
    });
    &mut interfaces[position].1
}

fn push(own: &mut Map, key: &str, entry: Data) {
    match own.entry(key.to_owned()).or_insert_with(|| Data::List(Vec::new())) {
        Data::List(list) => list.push(entry),
        other => *other = Data::List(vec![entry]),
    }
}

fn map(entries: &[(&str, Data)]) -> Data {
    Data::Map(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::{add, network_of};
    use crate::data::{Data, Map};
    use crate::host::network::Address;

    fn address(text: &str, label: &str, secondary: bool) -> Address {
        let (ip, prefix) = text.split_once('/').unwrap();
        Address {
            interface: 2,
            ip: ip.parse().unwrap(),
            prefix: prefix.parse().unwrap(),
            peer: None,
            broadcast: None,
            scope: "global".into(),
            label: Some(label.into()),
            secondary,
        }
    }

    #[test]
    fn labels_are_interfaces_of_their_own() {
        let mut interfaces = vec![("eth0".to_owned(), Map::new())];
        add(&mut interfaces, "eth0", &address("10.0.0.1/24", "eth0", false));
        add(&mut interfaces, "eth0", &address("10.0.0.2/24", "eth0", true));
        add(&mut interfaces, "eth0", &address("10.0.0.3/24", "eth0:1", true));
        add(&mut interfaces, "eth0", &address("fd00::1/64", "eth0", false));
        let names: Vec<_> = interfaces.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["eth0", "eth0:1"]);
        let eth0 = &interfaces[0].1;
        assert_eq!(eth0["ipv4_secondaries"].as_list().unwrap().len(), 2);
        assert_eq!(eth0["ipv6"].as_list().unwrap().len(), 1);
        let label = interfaces[1].1["ipv4_secondaries"].as_list().unwrap();
        assert_eq!(label[0].as_map().unwrap()["address"], Data::from("10.0.0.3"));
    }

    #[test]
    fn networks_are_masked() {
        let of = |ip: &str, prefix| network_of(ip.parse().unwrap(), prefix);
        assert_eq!(of("192.0.2.130", 25), ("255.255.255.128".into(), "192.0.2.128".into()));
        assert_eq!(of("192.0.2.2", 0), ("0.0.0.0".into(), "0.0.0.0".into()));
        assert_eq!(of("192.0.2.2", 32), ("255.255.255.255".into(), "192.0.2.2".into()));
    }
}
