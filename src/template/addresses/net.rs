//! An address with the prefix of its network.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use num_bigint::BigInt;

/// An address with the length of its network's prefix; of a single address that is all bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Net {
    pub(crate) ip: u128,
    pub(crate) prefix: u32,
    pub(crate) is_v6: bool,
}

/// A hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mac(pub(crate) u64);

impl Net {
    /// Reads `address`, `address/prefix` or `address/netmask`. Addresses may be whole numbers.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let single = Self::address(address)?;
        let Some(prefix) = prefix else { return Some(single) };
        let bits = single.bits();
        let length = match prefix.parse::<u32>() {
            Ok(length) => length,
            Err(_) => {
                let mask = Self::address(prefix).filter(|mask| mask.is_v6 == single.is_v6)?;
                Self::mask_length(mask.ip, bits)?
            }
        };
        (length <= bits).then_some(Self { prefix: length, ..single })
    }

    /// A single address, also from a whole number: small ones are IPv4.
    pub(crate) fn address(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number: u128 = text.parse().ok()?;
            return Some(Self::single(number, number > u128::from(u32::MAX)));
        }
        match text.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => Some(Self::single(address.to_bits().into(), false)),
            IpAddr::V6(address) => Some(Self::single(address.to_bits(), true)),
        }
    }

    pub(crate) fn single(ip: u128, is_v6: bool) -> Self {
        Self { ip, prefix: if is_v6 { 128 } else { 32 }, is_v6 }
    }

    /// The length of a netmask, or of a hostmask.
    fn mask_length(mask: u128, bits: u32) -> Option<u32> {
        (0..=bits).find(|length| {
            let net = Self { ip: 0, prefix: *length, is_v6: bits == 128 };
            net.netmask() == mask || (net.hostmask() == mask && *length != 0)
        })
    }

    /// 32 or 128.
    pub(crate) fn bits(self) -> u32 {
        if self.is_v6 { 128 } else { 32 }
    }

    /// 4 or 6.
    pub(crate) fn version(self) -> i64 {
        if self.is_v6 { 6 } else { 4 }
    }

    pub(crate) fn hostmask(self) -> u128 {
        let host = self.bits() - self.prefix;
        if host == 128 { u128::MAX } else { (1 << host) - 1 }
    }

    pub(crate) fn netmask(self) -> u128 {
        let all = if self.is_v6 { u128::MAX } else { u128::from(u32::MAX) };
        all & !self.hostmask()
    }

    /// The first address.
    pub(crate) fn first(self) -> u128 {
        self.ip & self.netmask()
    }

    /// The last address.
    pub(crate) fn last(self) -> u128 {
        self.first() | self.hostmask()
    }

    /// How many addresses it has.
    pub(crate) fn size(self) -> BigInt {
        BigInt::from(1) << (self.bits() - self.prefix)
    }

    /// Whether it has one address, or just two.
    pub(crate) fn has(self, host_bits: u32) -> bool {
        self.bits() - self.prefix == host_bits
    }

    /// The first and last address that hosts may have.
    pub(crate) fn usable(self) -> (u128, u128) {
        match self.bits() - self.prefix {
            0 | 1 => (self.first(), self.last()),
            _ => (self.first() + 1, self.last() - 1),
        }
    }

    /// The network without host bits.
    pub(crate) fn network(self) -> Self {
        Self { ip: self.first(), ..self }
    }

    /// Whether another network lies in this one.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.is_v6 == other.is_v6 && self.first() <= other.first() && other.last() <= self.last()
    }

    /// An address of the same family as text.
    pub(crate) fn show(self, ip: u128) -> String {
        if self.is_v6 {
            return Ipv6Addr::from_bits(ip).to_string();
        }
        Ipv4Addr::from_bits(u32::try_from(ip).unwrap_or(u32::MAX)).to_string()
    }

    /// Its own address as text.
    pub(crate) fn ip_text(self) -> String {
        self.show(self.ip)
    }

    /// The address that lies some steps away, if there is one.
    pub(crate) fn step(self, by: i128) -> Option<u128> {
        let highest = if self.is_v6 { u128::MAX } else { u128::from(u32::MAX) };
        self.ip.checked_add_signed(by).filter(|ip| *ip <= highest)
    }

    pub(crate) fn is_within(self, network: &str) -> bool {
        Self::parse(network).is_some_and(|network| network.contains(self.address_only()))
    }

    fn address_only(self) -> Self {
        Self::single(self.ip, self.is_v6)
    }

    pub(crate) fn is_loopback(self) -> bool {
        self.is_within("127.0.0.0/8") || self.is_within("::1")
    }

    pub(crate) fn is_multicast(self) -> bool {
        self.is_within("224.0.0.0/4") || self.is_within("ff00::/8")
    }

    pub(crate) fn is_link_local(self) -> bool {
        self.is_within("169.254.0.0/16") || self.is_within("fe80::/10")
    }

    pub(crate) fn is_private(self) -> bool {
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10"]
            .iter()
            .any(|net| self.is_within(net))
            || self.is_link_local()
    }

    /// Whether its address looks like a netmask or hostmask.
    pub(crate) fn is_mask(self) -> bool {
        Self::mask_length(self.ip, self.bits()).is_some()
    }

    /// The name under which the address is looked up backwards.
    pub(crate) fn reverse_name(self) -> String {
        if self.is_v6 {
            let digits: Vec<String> =
                format!("{:032x}", self.ip).chars().rev().map(String::from).collect();
            return format!("{}.ip6.arpa.", digits.join("."));
        }
        let octets: Vec<String> = u32::try_from(self.ip)
            .unwrap_or(0)
            .to_be_bytes()
            .iter()
            .rev()
            .map(u8::to_string)
            .collect();
        format!("{}.in-addr.arpa.", octets.join("."))
    }
}

impl fmt::Display for Net {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.ip_text(), self.prefix)
    }
}

impl Mac {
    /// Reads any of the usual notations.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
        let plain = digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !plain {
            return None;
        }
        u64::from_str_radix(&digits, 16).ok().map(Self)
    }

    /// Groups of digits with something between.
    pub(crate) fn grouped(self, size: usize, between: &str) -> String {
        let digits = format!("{:012x}", self.0);
        let groups: Vec<String> = digits
            .as_bytes()
            .chunks(size)
            .map(|group| String::from_utf8_lossy(group).into_owned())
            .collect();
        groups.join(between)
    }

    /// The interface part of an IPv6 address that is made of it.
    pub(crate) fn interface_id(self) -> u128 {
        let (high, low) = (self.0 >> 24, self.0 & 0xff_ffff);
        u128::from(((high ^ 0x02_0000) << 40) | 0xff_fe00_0000 | low)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Mac, Net};

    #[test]
    fn networks_are_read_in_all_forms() {
        for (text, want) in [
            ("192.168.0.1", "192.168.0.1/32"),
            ("192.168.0.1/24", "192.168.0.1/24"),
            ("192.168.0.0/255.255.255.0", "192.168.0.0/24"),
            ("fe80::100/10", "fe80::100/10"),
            ("523454/24", "0.7.252.190/24"),
            ("45443646733", "::a:94a7:50d/128"),
        ] {
            assert_eq!(Net::parse(text).unwrap().to_string(), want);
        }
        for text in ["localhost", "", ":", "fe80:/10", "1.2.3.4/33", "1.2.3", "true"] {
            assert_eq!(Net::parse(text), None, "{text}");
        }
    }

    #[test]
    fn hardware_addresses() {
        for text in ["1a:2b:3c:4d:5e:6f", "1A-2B-3C-4D-5E-6F", "1a2b.3c4d.5e6f", "1a2b3c4d5e6f"] {
            assert_eq!(Mac::parse(text).unwrap().grouped(2, ":"), "1a:2b:3c:4d:5e:6f");
        }
        assert_eq!(Mac::parse("c2:31:b3:83:bf:2b").unwrap().interface_id(), 0xc031_b3ff_fe83_bf2b);
        assert_eq!(Mac::parse("1a:2b"), None);
    }
}
