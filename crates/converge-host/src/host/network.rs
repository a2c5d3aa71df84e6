//! Interfaces, addresses and routes.

use std::net::IpAddr;

/// Interfaces, addresses and routes of a host, as its kernel has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// The interfaces, in the kernel's order.
    pub links: Vec<Link>,
    /// The addresses of all interfaces, in the kernel's order.
    pub addresses: Vec<Address>,
    /// The networks that the host itself answers for: the table `local`.
    pub own: Vec<(IpAddr, u8)>,
    /// The way to the internet by IPv4.
    pub default4: Option<Way>,
    /// The way to the internet by IPv6.
    pub default6: Option<Way>,
}

/// An interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The type of its hardware, as `linux/if_arp.h` numbers them.
    pub hardware: u16,
    /// Its flags, as netdevice(7) has them.
    pub flags: u32,
    /// Whether it is known to be down.
    pub down: bool,
    /// The largest packet, in bytes.
    pub mtu: u32,
    /// The address of its hardware, in hexadecimal digits with colons.
    pub mac: Option<String>,
    /// The number of the bridge or bond that it belongs to.
    pub master: Option<u32>,
    /// What it is by software: `bridge`, `bond`, `veth`, `vlan`, …
    pub kind: Option<String>,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The number of the interface.
    pub interface: u32,
    /// The address.
    pub ip: IpAddr,
    /// The length of the network's prefix; of the other end's where there is one.
    pub prefix: u8,
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// Whom to address where all shall hear.
    pub broadcast: Option<IpAddr>,
    /// How far it is valid: `global`, `link`, `host`, …
    pub scope: String,
    /// The name that it was given with: the interface's, or `eth0:1`.
    pub label: Option<String>,
    /// Whether another address of the interface comes first.
    pub secondary: bool,
}

/// A way to somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The number of the interface that it begins at.
    pub interface: u32,
    /// The address that the host uses on it.
    pub source: Option<IpAddr>,
    /// The next host on it; none where the destination is near.
    pub gateway: Option<IpAddr>,
}
