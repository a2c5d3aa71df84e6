//! Which connections a port has, as /proc/net/tcp and tcp6 tell (proc(5)).

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use crate::stop::{Result, Stop};

/// The states of a connection, in the order of their numbers from 1 on (`tcp_states.h`).
pub(crate) const STATES: &[&str] = &[
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];

/// How many connections in some of the states there are to a local port, others than those from `except`.
pub(crate) fn connections(
    host: &str,
    port: u16,
    except: &[String],
    states: &[String],
) -> Result<usize> {
    let addresses = |name: &str| -> Vec<IpAddr> {
        let found = (name, port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        found.unwrap_or_default().iter().map(|address| plain(address.ip())).collect()
    };
    let local = addresses(host);
    if local.is_empty() {
        return Err(Stop::failed(format!("`{host}` is no address and no name of one")));
    }
    let except: Vec<IpAddr> = except.iter().flat_map(|name| addresses(name)).collect();
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let rows = tables.iter().map(|path| fs::read_to_string(path).unwrap_or_default());
    Ok(rows.map(|table| count(&table, &local, port, &except, states)).sum())
}

fn count(table: &str, local: &[IpAddr], port: u16, except: &[IpAddr], states: &[String]) -> usize {
    let counts = |row: &str| {
        let mut fields = row.split_whitespace().skip(1);
        let (own, other) = (fields.next().and_then(address)?, fields.next().and_then(address)?);
        let number = usize::from_str_radix(fields.next()?, 16).ok()?;
        let state = STATES.get(number.checked_sub(1)?)?;
        let open = states.iter().any(|wanted| wanted == state);
        let any = local.iter().any(|ip| ip.is_unspecified() || *ip == own.0);
        Some(open && own.1 == port && any && !except.contains(&other.0))
    };
    table.lines().skip(1).filter(|row| counts(row) == Some(true)).count()
}

/// `0100007F:1F90`: words in the order of the machine's bytes, a port in the network's.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (ip, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(ip.get(at..at + 8)?, 16).ok();
    let ip = match ip.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (index, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(index * 8)?.to_ne_bytes());
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some((plain(ip), u16::from_str_radix(port, 16).ok()?))
}

/// An IPv4 address is the same in its IPv6 clothes.
fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::connections;

    #[test]
    fn open_connections_are_counted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = |except: &[&str]| {
            let except: Vec<_> = except.iter().map(ToString::to_string).collect();
            connections("127.0.0.1", port, &except, &["ESTABLISHED".into()]).unwrap()
        };
        assert_eq!(count(&[]), 0);
        let _client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let _server = listener.accept().unwrap();
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&["127.0.0.1"]), 0);
        assert!(connections("no such host", port, &[], &[]).is_err());
    }
}
