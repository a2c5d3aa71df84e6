//! What the kernel tells of interfaces, addresses and routes: rtnetlink(7).
//!
//! `/sys` is not asked, for it may be that of another network namespace.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{recv, send, socket_with};

use crate::host::network::{Address, Link, Network, Way};
use crate::stop::{Result, Stop};

const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
const ERROR: u16 = 2;
const DONE: u16 = 3;

const REQUEST: u16 = 1;
const DUMP: u16 = 0x300;

const INET: u8 = 2;
const INET6: u8 = 10;

/// Nothing is sent there; the kernel only says which way it would go.
const FAR4: Ipv4Addr = Ipv4Addr::new(8, 8, 8, 8);
const FAR6: Ipv6Addr = Ipv6Addr::new(0x2404, 0x6800, 0x400a, 0x800, 0, 0, 0, 0x1012);

/// The local table and its kind of routes.
const LOCAL_TABLE: u8 = 255;
const LOCAL_TYPE: u8 = 2;

/// Asks the kernel.
pub(crate) fn network() -> Result<Network> {
    ask().map_err(|error| Stop::failed(format!("can't ask the kernel for addresses: {error}")))
}

fn ask() -> std::result::Result<Network, Errno> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut network = Network::default();
    exchange(&socket, GET_LINK, DUMP, &[0; 16], &mut |kind, body| {
        if kind == NEW_LINK {
            network.links.extend(link(body));
        }
    })?;
    exchange(&socket, GET_ADDRESS, DUMP, &[0; 8], &mut |kind, body| {
        if kind == NEW_ADDRESS {
            network.addresses.extend(address(body));
        }
    })?;
    let mut local = [0; 12];
    local[4] = LOCAL_TABLE;
    exchange(&socket, GET_ROUTE, DUMP, &local, &mut |kind, body| {
        if kind == NEW_ROUTE {
            network.own.extend(own(body));
        }
    })?;
    network.default4 = way(&socket, IpAddr::V4(FAR4));
    network.default6 = way(&socket, IpAddr::V6(FAR6));
    Ok(network)
}

/// The way to an address; none where there is none.
fn way(socket: &OwnedFd, to: IpAddr) -> Option<Way> {
    let (family, octets) = match to {
        IpAddr::V4(ip) => (INET, ip.octets().to_vec()),
        IpAddr::V6(ip) => (INET6, ip.octets().to_vec()),
    };
    let mut body = vec![0; 12];
    (body[0], body[1]) = (family, (octets.len() * 8) as u8);
    body.extend(((octets.len() + 4) as u16).to_ne_bytes());
    body.extend(1_u16.to_ne_bytes());
    body.extend(octets);
    let mut found = None;
    let answer = exchange(socket, GET_ROUTE, 0, &body, &mut |kind, body| {
        if kind == NEW_ROUTE {
            found = route(body);
        }
    });
    answer.ok().and(found)
}

/// Sends a request and gives every message of the answer.
fn exchange(
    socket: &OwnedFd,
    kind: u16,
    flags: u16,
    body: &[u8],
    take: &mut dyn FnMut(u16, &[u8]),
) -> std::result::Result<(), Errno> {
    let mut request = Vec::with_capacity(16 + body.len());
    request.extend(((16 + body.len()) as u32).to_ne_bytes());
    request.extend(kind.to_ne_bytes());
    request.extend((REQUEST | flags).to_ne_bytes());
    request.extend([0; 8]);
    request.extend(body);
    send(socket, &request, SendFlags::empty())?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (length, _) = recv(socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..length];
        while let Some((kind, body, after)) = message(rest) {
            match kind {
                DONE => return Ok(()),
                ERROR => return Err(errno(body)),
                _ => take(kind, body),
            }
            // The answer to a question about one thing is one message, and no end is told.
            if flags & DUMP == 0 {
                return Ok(());
            }
            rest = after;
        }
    }
}

fn errno(body: &[u8]) -> Errno {
    let code = body.first_chunk::<4>().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
    Errno::from_raw_os_error(-code)
}

/// Takes one message off: its kind, its body, and what follows.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(*bytes.first_chunk::<4>()?) as usize;
    let kind = u16::from_ne_bytes([*bytes.get(4)?, *bytes.get(5)?]);
    let body = bytes.get(16..length)?;
    Some((kind, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// The attributes of a message: numbers and values.
fn attributes(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    while let [a, b, c, d, ..] = bytes {
        let length = usize::from(u16::from_ne_bytes([*a, *b]));
        let Some(value) = bytes.get(4..length) else { break };
        found.push((u16::from_ne_bytes([*c, *d]), value));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

fn link(body: &[u8]) -> Option<Link> {
    let (head, rest) = body.split_first_chunk::<16>()?;
    let attributes = attributes(rest);
    let of = |number: u16| attributes.iter().find(|(kind, _)| *kind == number).map(|(_, v)| *v);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
    let hex =
        |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":");
    let kind = of(18).and_then(|info| {
        let nested = self::attributes(info);
        nested.iter().find(|(kind, _)| *kind == 1).map(|(_, value)| text(value))
    });
    Some(Link {
        number: number(&head[4..])?,
        name: text(of(3)?),
        hardware: u16::from_ne_bytes([head[2], head[3]]),
        flags: number(&head[8..])?,
        down: of(16).and_then(<[u8]>::first) == Some(&2),
        mtu: of(4).and_then(number).unwrap_or_default(),
        mac: of(1).filter(|bytes| bytes.iter().any(|byte| *byte != 0)).map(hex),
        master: of(10).and_then(number),
        kind,
    })
}

fn address(body: &[u8]) -> Option<Address> {
    let (head, rest) = body.split_first_chunk::<8>()?;
    let [_, prefix, flags, scope, index @ ..] = *head;
    let attributes = attributes(rest);
    let of = |number: u16| attributes.iter().find(|(kind, _)| *kind == number).map(|(_, v)| *v);
    let (far, local) = (of(1).and_then(ip), of(2).and_then(ip));
    let flags = of(8).and_then(number).unwrap_or_else(|| flags.into());
    let label = of(3).map(|bytes| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned());
    Some(Address {
        interface: u32::from_ne_bytes(index),
        ip: local.or(far)?,
        prefix,
        peer: far.filter(|far| local.is_some_and(|local| local != *far)),
        broadcast: of(4).and_then(ip),
        scope: match scope {
            0 => "global".into(),
            200 => "site".into(),
            253 => "link".into(),
            254 => "host".into(),
            255 => "nowhere".into(),
            other => other.to_string(),
        },
        label,
        secondary: flags & 1 != 0,
    })
}

/// A route of the table `local` to addresses of the host itself.
fn own(body: &[u8]) -> Option<(IpAddr, u8)> {
    let (head, rest) = body.split_first_chunk::<12>()?;
    let [_, prefix, _, _, table, _, _, kind, ..] = *head;
    let attributes = attributes(rest);
    let of = |number: u16| attributes.iter().find(|(kind, _)| *kind == number).map(|(_, v)| *v);
    (table == LOCAL_TABLE && kind == LOCAL_TYPE).then_some(())?;
    Some((of(1).and_then(ip)?, prefix))
}

fn route(body: &[u8]) -> Option<Way> {
    let (_, rest) = body.split_first_chunk::<12>()?;
    let attributes = attributes(rest);
    let of = |number: u16| attributes.iter().find(|(kind, _)| *kind == number).map(|(_, v)| *v);
    // A gateway of the other family comes with that family before it.
    let via = || of(18).and_then(|value| ip(value.get(2..)?));
    Some(Way {
        interface: of(4).and_then(number)?,
        source: of(7).and_then(ip),
        gateway: of(5).and_then(ip).or_else(via),
    })
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{address, link, network, route};

    /// Bytes of a little-endian machine, as all are that helpers run on.
    fn bytes(hex: &str) -> Vec<u8> {
        let hex: String = hex.split_whitespace().collect();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn messages_of_the_kernel_are_read() {
        let found = address(&bytes(
            "02 18 80 00 02000000  0800 0100 c0000202  0800 0200 c0000202  0800 0400 c00002ff \
             0900 0300 6574683000 000000  0800 0800 80000000",
        ))
        .unwrap();
        assert_eq!((found.interface, found.prefix, found.secondary), (2, 24, false));
        assert_eq!(found.ip, "192.0.2.2".parse::<IpAddr>().unwrap());
        assert_eq!(found.broadcast, Some("192.0.2.255".parse().unwrap()));
        assert_eq!((found.label.as_deref(), found.peer), (Some("eth0"), None));
        let bridge = link(&bytes(
            "00 00 0100 05000000 43100100 00000000  0800 0300 62723000  0800 0400 dc050000 \
             0500 1000 02 000000  0a00 0100 0e404d8363da 0000  1000 1200 0b00 0100 62726964676500 00",
        ))
        .unwrap();
        assert_eq!((bridge.name.as_str(), bridge.number, bridge.hardware), ("br0", 5, 1));
        assert_eq!((bridge.mtu, bridge.down, bridge.kind.as_deref()), (1500, true, Some("bridge")));
        assert_eq!(bridge.mac.as_deref(), Some("0e:40:4d:83:63:da"));
        let tunnel = address(&bytes(
            "02 20 81 00 05000000  0800 0100 0a080002  0800 0200 0a080001  0800 0800 81000000",
        ))
        .unwrap();
        assert_eq!(tunnel.peer, Some("10.8.0.2".parse().unwrap()));
        assert!(tunnel.secondary);
        let way = route(&bytes(
            "02 20 00 00 fe 00 00 01 00020000  0800 0400 02000000  0800 0500 c0000201  0800 0700 c0000202",
        ))
        .unwrap();
        assert_eq!((way.interface, way.gateway), (2, Some("192.0.2.1".parse().unwrap())));
        assert_eq!(address(&[2, 8]), None);
    }

    #[test]
    fn the_kernel_answers() {
        let network = network().unwrap();
        assert!(network.links.iter().any(|link| link.name == "lo" && link.hardware == 772));
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(network.addresses.iter().any(|address| address.ip == loopback));
        assert!(network.own.iter().any(|(ip, _)| *ip == loopback));
    }
}
