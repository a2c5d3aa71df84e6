//! Filters on addresses: `ansible.utils.ipaddr`, `ipsubnet`, `ipwrap`, `hwaddr` and their kin.

use crate::template::addresses::{Mac, Net, Outcome, ask};
use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{items, sequence};
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("ansible.utils.ipaddr", FilterFn::new(|_, given| ipaddr(given, None))),
    ("ansible.utils.ipv4", FilterFn::new(|_, given| ipaddr(given, Some(4)))),
    ("ansible.utils.ipv6", FilterFn::new(|_, given| ipaddr(given, Some(6)))),
    ("ansible.utils.ipwrap", FilterFn::new(ipwrap)),
    ("ansible.utils.ip4_hex", FilterFn::new(ip4_hex)),
    ("ansible.utils.ipmath", FilterFn::new(ipmath)),
    ("ansible.utils.nthhost", FilterFn::new(nthhost)),
    ("ansible.utils.next_nth_usable", FilterFn::new(|_, given| nth_usable(given, 1))),
    ("ansible.utils.previous_nth_usable", FilterFn::new(|_, given| nth_usable(given, -1))),
    ("ansible.utils.network_in_network", FilterFn::new(|_, given| within(given, false))),
    ("ansible.utils.network_in_usable", FilterFn::new(|_, given| within(given, true))),
    ("ansible.utils.reduce_on_network", FilterFn::new(reduce_on_network)),
    ("ansible.utils.hwaddr", FilterFn::new(hwaddr)),
    ("ansible.utils.macaddr", FilterFn::new(hwaddr)),
    ("ansible.utils.slaac", FilterFn::new(slaac)),
];

/// `value | ipaddr(query)`: the value if it is one, or the answer to the question; false otherwise. Of a list those that
/// are.
fn ipaddr(mut given: Given, only: Option<i64>) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let query = given.optional_text("query")?.unwrap_or_default();
    let version = given.optional_int("version")?.filter(|version| *version != 0).or(only);
    given.optional("alias")?;
    given.finish()?;
    let Some(list) = sequence(&value)? else { return one(&value, &query, version) };
    let mut kept = Vec::new();
    for item in &list {
        let answer = one(item, &query, version)?;
        if answer.is_true() {
            kept.push(answer);
        }
    }
    Ok(kept.into())
}

/// An address, and whether it was written with a prefix.
fn read(value: &Value) -> Result<Option<(Net, bool)>, Stop> {
    let text = match value {
        Value::Bool(_) | Value::Null => return Ok(None),
        other => text(other)?,
    };
    Ok(Net::parse(&text).map(|net| (net, text.contains('/'))))
}

fn one(value: &Value, query: &str, version: Option<i64>) -> Result<Value, Stop> {
    let Some((net, with_prefix)) = read(value)? else { return Ok(Value::Bool(false)) };
    if version.is_some_and(|version| version != net.version()) {
        return Ok(Value::Bool(false));
    }
    Ok(match ask(net, with_prefix, query)? {
        Outcome::Answer(answer) => answer,
        Outcome::Yes if with_prefix => net.to_string().into(),
        Outcome::Yes => net.ip_text().into(),
        Outcome::No => Value::Bool(false),
    })
}

/// IPv6 addresses in brackets, anything else as it is.
fn ipwrap(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.optional("query")?;
    given.finish()?;
    let wrapped = |value: &Value| -> Result<Value, Stop> {
        Ok(match read(value)? {
            Some((net, with_prefix)) if net.is_v6 => match ask(net, with_prefix, "wrap")? {
                Outcome::Answer(answer) => answer,
                _ => value.clone(),
            },
            _ => value.clone(),
        })
    };
    match sequence(&value)? {
        Some(list) => Ok(Value::list(list.iter().map(wrapped).collect::<Result<Vec<_>, _>>()?)),
        None => wrapped(&value),
    }
}

fn network(value: &Value) -> Result<Net, Stop> {
    match read(value)? {
        Some((net, _)) => Ok(net),
        None => Err(Stop::value(format!("{value:?} is no address or network"))),
    }
}

fn ip4_hex(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let net = network(&given.value("arg")?)?;
    let delimiter = given.optional_text("delimiter")?.unwrap_or_default();
    given.finish()?;
    let Ok(ip) = u32::try_from(net.ip) else {
        return Err(Stop::value(format!("`{net}` is no IPv4 address")));
    };
    let parts: Vec<String> = ip.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(parts.join(&delimiter).into())
}

fn ipmath(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let net = network(&given.value("value")?)?;
    let amount = given.value("amount")?;
    given.finish()?;
    let amount = crate::template::args::int("amount", &amount)?;
    match net.step(amount.into()) {
        Some(ip) => Ok(net.show(ip).into()),
        None => Err(Stop::value(format!("`{net}` has no address {amount} steps away"))),
    }
}

fn nthhost(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let net = network(&given.value("value")?)?;
    let index = crate::template::args::int("query", &given.value("query")?)?;
    given.finish()?;
    Ok(match ask(net, true, &index.to_string())? {
        Outcome::Answer(answer) => {
            answer.as_str().and_then(|text| text.split_once('/')).map_or("", |(ip, _)| ip).into()
        }
        _ => Value::Bool(false),
    })
}

fn nth_usable(mut given: Given, sign: i128) -> Result<Value, Stop> {
    let net = network(&given.value("value")?)?;
    let offset = crate::template::args::int("offset", &given.value("offset")?)?;
    given.finish()?;
    Ok(crate::template::addresses::nth_usable(net, sign * i128::from(offset))
        .unwrap_or_default()
        .into())
}

fn within(mut given: Given, usable: bool) -> Result<Value, Stop> {
    let net = network(&given.value("value")?)?;
    let other = network(&given.value("test")?)?;
    given.finish()?;
    let (first, last) = net.usable();
    let inside =
        net.contains(other) && (!usable || (first <= other.first() && other.last() <= last));
    Ok(Value::Bool(inside))
}

fn reduce_on_network(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let list = items(&given.value("value")?)?;
    let net = network(&given.value("network")?)?;
    given.finish()?;
    let mut kept = Vec::new();
    for item in list {
        if net.contains(network(&item)?) {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

/// `mac | hwaddr(form)`
fn hwaddr(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.text("value")?;
    let form = given.optional_text("query")?.unwrap_or_default();
    given.optional("alias")?;
    given.finish()?;
    let Some(mac) = Mac::parse(&value) else {
        return match form.as_str() {
            "" | "bool" => Ok(Value::Bool(false)),
            _ => Err(Stop::value(format!("`{value}` is no hardware address"))),
        };
    };
    Ok(match form.as_str() {
        "" => value.into(),
        "bool" => Value::Bool(true),
        "int" => Value::from(mac.0),
        "bare" => mac.grouped(12, "").to_uppercase().into(),
        "cisco" => mac.grouped(4, ".").into(),
        "eui48" | "win" => mac.grouped(2, "-").to_uppercase().into(),
        "linux" | "unix" => mac.grouped(2, ":").into(),
        "pgsql" | "postgresql" | "psql" => mac.grouped(6, ":").into(),
        other => {
            return Err(Stop::argument(format!(
                "there is no form `{other}` for hardware addresses"
            )));
        }
    })
}

/// `network | slaac(mac)`: the address that a host gives itself.
fn slaac(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let net = network(&given.value("value")?)?;
    let mac = given.text("query")?;
    given.finish()?;
    match (net.is_v6, Mac::parse(&mac)) {
        (true, Some(mac)) => Ok(net.show(net.first() >> 64 << 64 | mac.interface_id()).into()),
        _ => Ok(Value::Bool(false)),
    }
}
