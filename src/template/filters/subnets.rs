//! Filters on networks: `ansible.utils.ipsubnet`, `cidr_merge`.

use crate::template::addresses::Net;
use crate::template::args::{Given, int};
use crate::template::eval::Machine;
use crate::template::eval::access::items;
use crate::template::registry::FilterFn;
use crate::value::{BigInt, Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("ansible.utils.ipsubnet", FilterFn::new(ipsubnet)),
    ("ansible.utils.cidr_merge", FilterFn::new(cidr_merge)),
];

/// `network | ipsubnet(size, index)`, `network | ipsubnet(larger_network)`
fn ipsubnet(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.text("value")?;
    let query = given.optional_text("query")?.unwrap_or_default();
    let index = given.optional("index")?.filter(|index| index.as_str() != Some("x"));
    given.finish()?;
    let Some(net) = Net::parse(&value) else { return Ok(Value::Bool(false)) };
    if query.is_empty() {
        return Ok(net.to_string().into());
    }
    let Ok(size) = query.parse::<u32>() else {
        return rank(net, &query);
    };
    if size > net.bits() {
        return Ok(Value::Bool(false));
    }
    let index = index.map(|index| match &index {
        Value::Str(text) => {
            text.parse().map_err(|_| Stop::argument(format!("`index` is no number: `{text}`")))
        }
        other => int("index", other),
    });
    let index = index.transpose()?;
    if net.has(0) {
        return Ok(
            around(net, size, index).map_or(Value::Bool(false), |net| net.to_string().into())
        );
    }
    let Some(deeper) = size.checked_sub(net.prefix) else { return Ok(Value::Bool(false)) };
    let count = BigInt::from(1) << deeper;
    let Some(index) = index else { return Ok(count.into()) };
    let index = if index < 0 { count.clone() + index } else { BigInt::from(index) };
    let Ok(at) = u128::try_from(&index) else { return Ok(Value::Bool(false)) };
    if index >= count {
        return Ok(Value::Bool(false));
    }
    let host = net.bits() - size;
    let step = if host == 128 { 0 } else { at << host };
    Ok(Net { ip: net.first() + step, prefix: size, ..net }.to_string().into())
}

/// The network of a size around an address; with an index, smaller and smaller ones.
fn around(net: Net, size: u32, index: Option<i64>) -> Option<Net> {
    let sizes: Vec<u32> = (size..net.bits()).collect();
    let size = match index {
        None => size,
        Some(index) if index < 0 => {
            *sizes.get(sizes.len().checked_sub(usize::try_from(-index).ok()?)?)?
        }
        Some(index) => *sizes.get(usize::try_from(index).ok()?)?,
    };
    Some(Net { prefix: size, ..net }.network())
}

/// Which of the equally large parts of a network another is, from 1.
fn rank(net: Net, larger: &str) -> Result<Value, Stop> {
    let Some(larger) = Net::parse(larger) else {
        return Err(Stop::argument(format!("`{larger}` is neither a size nor a network")));
    };
    let net = net.network();
    if !larger.contains(net) {
        return Err(Stop::value(format!("`{net}` is not in `{larger}`")));
    }
    let host = net.bits() - net.prefix;
    let distance = net.first() - larger.first();
    let rank = if host == 128 { 0 } else { distance >> host };
    Ok(Value::from(BigInt::from(rank) + 1))
}

/// `networks | cidr_merge(action)`: as few networks as cover the same, or the one that spans all.
fn cidr_merge(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let list = items(&given.value("value")?)?;
    let action = given.optional_text("action")?.unwrap_or_else(|| "merge".to_owned());
    given.finish()?;
    let mut nets = Vec::new();
    for item in &list {
        let item = text(item)?;
        let net = Net::parse(&item)
            .ok_or_else(|| Stop::value(format!("`{item}` is no address or network")))?;
        nets.push(net.network());
    }
    match action.as_str() {
        "merge" => Ok(merged(nets).iter().map(|net| Value::from(net.to_string())).collect()),
        "span" => spanning(&nets).map(|net| net.to_string().into()),
        other => Err(Stop::argument(format!("the action is merge or span, not `{other}`"))),
    }
}

fn merged(mut nets: Vec<Net>) -> Vec<Net> {
    nets.sort_by_key(|net| (net.is_v6, net.first(), net.prefix));
    let mut kept: Vec<Net> = Vec::new();
    for net in nets {
        if kept.last().is_some_and(|last| last.contains(net)) {
            continue;
        }
        kept.push(net);
        // Two halves of a network become that network, which may be a half itself.
        while let [.., a, b] = kept[..] {
            let whole = a.prefix.checked_sub(1).map(|prefix| Net { prefix, ..a });
            match whole {
                Some(whole)
                    if a.prefix == b.prefix && a.ip == whole.first() && whole.contains(b) =>
                {
                    kept.truncate(kept.len() - 2);
                    kept.push(whole);
                }
                _ => break,
            }
        }
    }
    kept
}

fn spanning(nets: &[Net]) -> Result<Net, Stop> {
    let Some(first) = nets.first() else { return Err(Stop::value("there is no network")) };
    let mut span = *first;
    while !nets.iter().all(|net| span.contains(*net)) {
        match span.prefix.checked_sub(1) {
            Some(prefix) => span = Net { prefix, ..span }.network(),
            None => return Err(Stop::value("IPv4 and IPv6 have no network in common")),
        }
    }
    Ok(span)
}
