//! The questions that `ipaddr` answers.

use crate::template::addresses::Net;
use crate::value::{BigInt, Stop, Value};

/// What a question gives.
pub(crate) enum Outcome {
    /// The answer.
    Answer(Value),
    /// The value that was asked about: it is what the question is for.
    Yes,
    /// No.
    No,
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        Self::Answer(text.into())
    }
}

impl From<bool> for Outcome {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl<T: Into<Self>> From<Option<T>> for Outcome {
    fn from(answer: Option<T>) -> Self {
        answer.map_or(Self::No, Into::into)
    }
}

/// Answers a question about an address or network; `with_prefix` is whether it was written with a prefix.
pub(crate) fn ask(net: Net, with_prefix: bool, question: &str) -> Result<Outcome, Stop> {
    let is_host = net.ip != net.first();
    let single = net.has(0);
    let show = |ip: u128| net.show(ip);
    let needs_network = || match with_prefix {
        true => Ok(()),
        false => Err(Stop::value(format!("`{}` is an address without a network", net.ip_text()))),
    };
    let (first, last) = net.usable();
    let host_in_network = !single && (is_host || net.has(1));
    let number = |number: u32| Outcome::Answer(Value::from(number));
    Ok(match question {
        "" => Outcome::Answer(if with_prefix { net.to_string() } else { net.ip_text() }.into()),
        "bool" => Outcome::Answer(Value::Bool(true)),
        "address" | "ip" => {
            let no_broadcast = net.is_v6 || net.has(1);
            (single || is_host || no_broadcast).then(|| net.ip_text()).into()
        }
        "address/prefix" | "ip/prefix" | "ip_prefix" | "host/prefix" | "gateway" | "gw"
        | "hostnet" | "router" => host_in_network.then(|| net.to_string()).into(),
        "host" => (single || is_host).then(|| net.to_string()).into(),
        "ip_netmask" => {
            host_in_network.then(|| format!("{} {}", net.ip_text(), show(net.netmask()))).into()
        }
        "ip_wildcard" => {
            host_in_network.then(|| format!("{} {}", net.ip_text(), show(net.hostmask()))).into()
        }
        "broadcast" => (!net.is_v6 && !single && !net.has(1)).then(|| show(net.last())).into(),
        "cidr" => net.to_string().into(),
        "subnet" => net.network().to_string().into(),
        "network/prefix" => (!single).then(|| net.network().to_string()).into(),
        "net" => (!single && !is_host).then(|| net.to_string()).into(),
        "network" | "network_id" => show(net.first()).into(),
        "network_netmask" => {
            (!single).then(|| format!("{} {}", show(net.first()), show(net.netmask()))).into()
        }
        "network_wildcard" => {
            (!single).then(|| format!("{} {}", show(net.first()), show(net.hostmask()))).into()
        }
        "netmask" => show(net.netmask()).into(),
        "hostmask" | "wildcard" => show(net.hostmask()).into(),
        "prefix" => number(net.prefix),
        "size" => Outcome::Answer(net.size().into()),
        "size_usable" => Outcome::Answer(match net.bits() - net.prefix {
            0 => Value::Int(0),
            1 => Value::Int(2),
            _ => Value::from(net.size() - BigInt::from(2)),
        }),
        "int" => Outcome::Answer(match with_prefix {
            false => Value::from(BigInt::from(net.ip)),
            true => Value::from(format!("{}/{}", net.ip, net.prefix)),
        }),
        "type" => Outcome::Answer(if single || is_host { "address" } else { "network" }.into()),
        "version" => Outcome::Answer(Value::Int(net.version())),
        "v4" => (!net.is_v6).into(),
        "v6" => net.is_v6.into(),
        "ipv4" => match net.is_v6 {
            false => Outcome::Yes,
            true => mapped_v4(net).map(|net| net.to_string()).into(),
        },
        "ipv6" => match net.is_v6 {
            true => Outcome::Yes,
            false => Net { ip: net.ip | 0xffff_0000_0000, prefix: net.prefix + 96, is_v6: true }
                .to_string()
                .into(),
        },
        "6to4" => six_to_four(net).into(),
        "link-local" => net.is_link_local().into(),
        "loopback" | "lo" => net.is_loopback().into(),
        "multicast" => net.is_multicast().into(),
        "unicast" => (!net.is_multicast()).into(),
        "private" => net.is_private().into(),
        "public" => {
            (!net.is_multicast() && !net.is_private() && !net.is_loopback() && !net.is_mask())
                .into()
        }
        "revdns" => net.reverse_name().into(),
        "wrap" => match (net.is_v6, with_prefix) {
            (false, _) => Outcome::Yes,
            (true, false) => format!("[{}]", net.ip_text()).into(),
            (true, true) => format!("[{}]/{}", net.ip_text(), net.prefix).into(),
        },
        "first_usable" => {
            needs_network()?;
            (!single).then(|| show(first)).into()
        }
        "last_usable" => {
            needs_network()?;
            (!single).then(|| show(last)).into()
        }
        "range_usable" => {
            needs_network()?;
            (!single).then(|| format!("{}-{}", show(first), show(last))).into()
        }
        "next_usable" => {
            needs_network()?;
            nth_usable(net, 1).into()
        }
        "previous_usable" => {
            needs_network()?;
            nth_usable(net, -1).into()
        }
        "peer" => {
            needs_network()?;
            peer(net)?.into()
        }
        other => return by_number_or_network(net, other),
    })
}

/// The address some steps away, if hosts may have it.
pub(crate) fn nth_usable(net: Net, by: i128) -> Option<String> {
    let (first, last) = net.usable();
    net.step(by).filter(|ip| !net.has(0) && (first..=last).contains(ip)).map(|ip| net.show(ip))
}

fn peer(net: Net) -> Result<String, Stop> {
    match net.bits() - net.prefix {
        1 => Ok(net.show(net.ip ^ 1)),
        2 if net.ip.is_multiple_of(4) => Err(Stop::value(format!("`{net}` is the network itself"))),
        2 if net.ip % 4 == 3 => Err(Stop::value(format!("`{net}` is the broadcast address"))),
        2 => Ok(net.show(net.ip ^ 3)),
        _ => Err(Stop::value(format!("`{net}` is no point-to-point network"))),
    }
}

fn mapped_v4(net: Net) -> Option<Net> {
    let low = net.ip & 0xffff_ffff;
    let mapped = net.ip >> 32 == 0xffff || net.ip >> 32 == 0;
    let prefix = net.prefix.checked_sub(96)?;
    mapped.then_some(Net { ip: low, prefix, is_v6: false })
}

fn six_to_four(net: Net) -> Option<String> {
    if net.is_v6 {
        return net.is_within("2002::/16").then(|| net.to_string());
    }
    let public = !net.is_private() && !net.is_loopback() && !net.is_multicast();
    let (high, low) = (net.ip >> 16, net.ip & 0xffff);
    public.then(|| format!("2002:{high:04x}:{low:04x}::1/48"))
}

/// A number asks for an address of the network, a network whether the value lies in it.
fn by_number_or_network(net: Net, question: &str) -> Result<Outcome, Stop> {
    if let Ok(index) = question.parse::<i128>() {
        let ip = if index >= 0 {
            net.first().checked_add_signed(index)
        } else {
            net.last().checked_add_signed(index + 1)
        };
        let within = ip.filter(|ip| (net.first()..=net.last()).contains(ip));
        return Ok(within.map(|ip| format!("{}/{}", net.show(ip), net.prefix)).into());
    }
    match Net::parse(question) {
        Some(network) => Ok(network.contains(net).into()),
        None => Err(Stop::argument(format!("`{question}` is no question about addresses"))),
    }
}
