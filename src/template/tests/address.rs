//! Tests of addresses: `ansible.utils.ipv4`, `ansible.utils.ip_address`, …

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::template::args::Given;
use crate::template::registry::TestFn;
use crate::value::{Stop, Value};

/// The tests of this family.
pub(super) const ALL: &[(&str, TestFn)] = &[
    (
        "ansible.utils.ip",
        TestFn::new(|_, given| {
            is(given, |text| address(text).is_some() || network(text).is_some())
        }),
    ),
    ("ansible.utils.ip_address", TestFn::new(|_, given| is(given, |text| address(text).is_some()))),
    ("ansible.utils.ipv4", TestFn::new(|_, given| is(given, |text| version(text) == Some(4)))),
    (
        "ansible.utils.ipv4_address",
        TestFn::new(|_, given| is(given, |text| text.parse::<Ipv4Addr>().is_ok())),
    ),
    ("ansible.utils.ipv6", TestFn::new(|_, given| is(given, |text| version(text) == Some(6)))),
    (
        "ansible.utils.ipv6_address",
        TestFn::new(|_, given| is(given, |text| text.parse::<Ipv6Addr>().is_ok())),
    ),
];

fn is(mut given: Given, holds: fn(&str) -> bool) -> Result<bool, Stop> {
    let value = given.value("ip")?;
    given.finish()?;
    Ok(match value {
        Value::Str(text) => holds(&text),
        _ => false,
    })
}

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// An address with a prefix whose host bits are all zero.
fn network(text: &str) -> Option<IpAddr> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let prefix: u32 = prefix.parse().ok()?;
    let zero = match address {
        IpAddr::V4(address) => {
            prefix <= 32 && address.to_bits().checked_shl(prefix).unwrap_or(0) == 0
        }
        IpAddr::V6(address) => {
            prefix <= 128 && address.to_bits().checked_shl(prefix).unwrap_or(0) == 0
        }
    };
    zero.then_some(address)
}

fn version(text: &str) -> Option<u8> {
    match address(text).or_else(|| network(text))? {
        IpAddr::V4(_) => Some(4),
        IpAddr::V6(_) => Some(6),
    }
}
