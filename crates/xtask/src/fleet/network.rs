//! The network of a fleet: one bridge that this machine has an address on, a namespace for each host, and a way out.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use anyhow::Result;

use crate::process::Run;

/// How many fleets may have a network on one machine.
pub const SLOTS: u8 = 16;

/// The network of one fleet. The slot keeps the networks of several fleets on one machine apart.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    slot: u8,
}

impl Network {
    /// The network with this number.
    pub fn new(slot: u8) -> Self {
        Self { slot }
    }

    /// Its number.
    pub fn slot(self) -> u8 {
        self.slot
    }

    /// The bridge's name.
    pub fn bridge(self) -> String {
        format!("cvg{}", self.slot)
    }

    /// The name of the nftables table.
    fn table(self) -> String {
        format!("converge{}", self.slot)
    }

    /// This machine's address on the bridge.
    pub fn gateway(self) -> Ipv4Addr {
        self.ipv4(1)
    }

    /// The IPv4 address with this number, of 10.77.0.0/16 and the networks after it.
    pub fn ipv4(self, index: u16) -> Ipv4Addr {
        let [high, low] = index.to_be_bytes();
        Ipv4Addr::new(10, 77 + self.slot, high, low)
    }

    /// The IPv6 address with this number, of fd77::/64 and the networks after it.
    pub fn ipv6(self, index: u16) -> Ipv6Addr {
        Ipv6Addr::new(0xfd77, 0, 0, u16::from(self.slot), 0, 0, 0, index)
    }

    /// The name of a host's network namespace.
    pub fn namespace(self, host: &str) -> String {
        format!("{}-{host}", self.bridge())
    }

    /// Where a host's network namespace can be opened.
    pub fn namespace_path(self, host: &str) -> PathBuf {
        PathBuf::from("/run/netns").join(self.namespace(host))
    }

    /// The name of this machine's end of a host's cable.
    fn cable(self, index: u16) -> String {
        format!("{}h{index}", self.bridge())
    }

    /// Whether the bridge is there.
    pub fn is_up(self) -> bool {
        has_link(&self.bridge())
    }

    /// Whether this machine already reaches this network's addresses in some way of its own.
    pub fn is_taken(self) -> bool {
        let routes = Run::new("ip")
            .args(["-4", "route", "show", "to", "match", &self.gateway().to_string()])
            .output();
        routes.is_ok_and(|routes| routes.lines().any(|line| !line.starts_with("default")))
    }

    /// Makes the bridge and the way out. Doing it twice is fine.
    pub fn up(self) -> Result<()> {
        let bridge = self.bridge();
        if !self.is_up() {
            ip(&["link", "add", &bridge, "type", "bridge"])?;
        }
        ip(&["address", "replace", &format!("{}/16", self.gateway()), "dev", &bridge])?;
        ip(&["address", "replace", &format!("{}/64", self.ipv6(1)), "dev", &bridge, "nodad"])?;
        ip(&["link", "set", &bridge, "up"])?;
        let table = self.table();
        // Declaring the table before deleting it makes the deletion succeed the first time too.
        let rules = format!(
            "table inet {table}\ndelete table inet {table}\ntable inet {table} {{\n  chain out {{\n    \
             type nat hook postrouting priority srcnat;\n    ip saddr {}/16 oifname != \"{bridge}\" masquerade\n  }}\n}}\n",
            self.ipv4(0)
        );
        Run::new("nft").args(["-f", "-"]).input(rules).run()
    }

    /// Takes away the bridge and the way out.
    pub fn down(self) -> Result<()> {
        if Run::new("nft").args(["list", "table", "inet", &self.table()]).succeeds() {
            Run::new("nft").args(["delete", "table", "inet", &self.table()]).run()?;
        }
        if self.is_up() {
            ip(&["link", "delete", &self.bridge()])?;
        }
        Ok(())
    }

    /// The hardware address of a host, the same whenever it is plugged in: who spoke to it before would else send to the
    /// old one for half a minute. The second digit marks it as given by hand, see RFC 9542 section 2.1.
    fn card(self, index: u16) -> String {
        let [_, network, high, low] = self.ipv4(index).octets();
        format!("02:63:76:{network:02x}:{high:02x}:{low:02x}")
    }

    /// Makes a host's namespace and plugs it in.
    pub fn attach(self, index: u16, host: &str) -> Result<()> {
        let namespace = self.namespace(host);
        let cable = self.cable(index);
        ip(&["netns", "add", &namespace])?;
        let card = self.card(index);
        let peer = ["peer", "name", "host0", "address", &card, "netns", &namespace];
        ip(&[&["link", "add", &cable, "type", "veth"], &peer[..]].concat())?;
        ip(&["link", "set", &cable, "master", &self.bridge(), "up"])?;
        let inside = |args: &[&str]| Run::new("ip").args(["-n", &namespace]).args(args).run();
        inside(&["link", "set", "lo", "up"])?;
        inside(&["address", "add", &format!("{}/16", self.ipv4(index)), "dev", "host0"])?;
        // Nobody else is on this bridge, and waiting for duplicates would delay the first IPv6 connection by seconds.
        inside(&["address", "add", &format!("{}/64", self.ipv6(index)), "dev", "host0", "nodad"])?;
        inside(&["link", "set", "host0", "up"])?;
        inside(&["route", "add", "default", "via", &self.gateway().to_string()])
    }

    /// Unplugs a host and removes its namespace, so that the same name can be used at once.
    ///
    /// Must come after the host's last process.
    pub fn detach(self, index: u16, host: &str) -> Result<()> {
        let cable = self.cable(index);
        // The kernel would remove it with the namespace, but keeps that alive while a connection that the host's end has
        // broken off is still being closed, which may take minutes.
        if has_link(&cable) {
            ip(&["link", "delete", &cable])?;
        }
        if self.namespace_path(host).exists() {
            ip(&["netns", "delete", &self.namespace(host)])?;
        }
        Ok(())
    }
}

fn ip(args: &[&str]) -> Result<()> {
    Run::new("ip").args(args).run()
}

fn has_link(name: &str) -> bool {
    PathBuf::from("/sys/class/net").join(name).exists()
}

#[cfg(test)]
mod tests {
    use crate::fleet::network::{Network, SLOTS};

    #[test]
    fn addresses_of_slots_and_hosts_differ() {
        for (slot, index, ipv4, ipv6) in [
            (0, 1, "10.77.0.1", "fd77::1"),
            (0, 11, "10.77.0.11", "fd77::b"),
            (3, 300, "10.80.1.44", "fd77:0:0:3::12c"),
            (SLOTS - 1, 1, "10.92.0.1", "fd77:0:0:f::1"),
        ] {
            let network = Network::new(slot);
            assert_eq!(network.ipv4(index).to_string(), ipv4);
            assert_eq!(network.ipv6(index).to_string(), ipv6);
        }
    }

    #[test]
    fn names_fit_the_kernels_limit_for_links() {
        let network = Network::new(SLOTS - 1);
        assert!(network.cable(u16::MAX).len() <= 15 && network.bridge().len() <= 15);
    }
}
