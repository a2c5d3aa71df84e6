//! Host names as inventories write them: `host`, `host:port`, `[v6]:port`, and ranges of them.

use std::net::Ipv6Addr;

/// The host and the port of `text`, where the port is one; a lone IPv6 address has none.
pub(super) fn split_port(text: &str) -> (&str, Option<u16>) {
    if let Some((host, port)) = text.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
        let bracketed = is_ipv6(host);
        match (bracketed, port.strip_prefix(':').map(str::parse)) {
            (true, None) if port.is_empty() => return (host, None),
            (true, Some(Ok(port))) => return (host, Some(port)),
            _ => {}
        }
    }
    if is_ipv6(text) {
        return (text, None);
    }
    match text.rsplit_once(':') {
        Some((host, port)) if is_host(host) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

/// Whether `text` is an IPv6 address, perhaps with the zone it is reached through.
pub(super) fn is_ipv6(text: &str) -> bool {
    text.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// Whether `text` may stand before a port: a name or an IPv4 address, ranges in brackets allowed.
fn is_host(text: &str) -> bool {
    let mut depth = 0_i32;
    !text.is_empty()
        && text.chars().all(|letter| match letter {
            '[' => {
                depth += 1;
                depth == 1
            }
            ']' => {
                depth -= 1;
                depth == 0
            }
            ':' => depth == 1,
            _ => letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.'),
        })
        && depth == 0
}

/// The names that `text` stands for: `web[01:10:2]` is five, `[a:c].x` three, several ranges multiply.
///
/// # Errors
/// What is wrong with a range.
pub(super) fn expand(text: &str) -> Result<Vec<String>, &'static str> {
    if is_ipv6(text) {
        return Ok(vec![text.to_owned()]);
    }
    let Some((head, rest)) = text.split_once('[') else { return Ok(vec![text.to_owned()]) };
    let (range, tail) = rest.split_once(']').ok_or("the host range has no closing `]`")?;
    let tails = expand(tail)?;
    let mut names = Vec::new();
    for member in members(range)? {
        names.extend(tails.iter().map(|tail| format!("{head}{member}{tail}")));
    }
    Ok(names)
}

fn members(range: &str) -> Result<Vec<String>, &'static str> {
    let (start, end, step) = match range.split(':').collect::<Vec<_>>()[..] {
        [start, end] => (start, end, "1"),
        [start, end, step] => (start, end, step),
        _ => return Err("a host range must be `[begin:end]` or `[begin:end:step]`"),
    };
    let start = if start.is_empty() { "0" } else { start };
    if end.is_empty() {
        return Err("a host range must have an end");
    }
    let step = step
        .parse::<usize>()
        .ok()
        .filter(|step| *step > 0)
        .ok_or("the step of a host range must be above zero")?;
    match (letter(start), letter(end)) {
        (Some(first), Some(last))
            if first <= last && first.is_ascii_lowercase() == last.is_ascii_lowercase() =>
        {
            Ok((first..=last).step_by(step).map(String::from).collect())
        }
        (Some(_), Some(_)) => Err("the begin of a host range must not be behind its end"),
        _ => numbers(start, end, step),
    }
}

fn letter(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|first| first.is_ascii_alphabetic() && letters.next().is_none())
}

fn numbers(start: &str, end: &str, step: usize) -> Result<Vec<String>, &'static str> {
    let wrong = "a host range must go from number to number or from letter to letter";
    let (first, last): (u64, u64) =
        (start.parse().map_err(|_| wrong)?, end.parse().map_err(|_| wrong)?);
    let width = if start.len() > 1 && start.starts_with('0') { start.len() } else { 0 };
    if width > 0 && end.len() != width {
        return Err(
            "with leading zeros, the begin and end of a host range must be of the same length",
        );
    }
    if first > last {
        return Err("the begin of a host range must not be behind its end");
    }
    if last - first > 1_000_000 {
        return Err("a host range of more than a million hosts");
    }
    Ok((first..=last).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

#[cfg(test)]
mod tests {
    use super::{expand, split_port};

    #[test]
    fn ports_are_split_off() {
        for (text, host, port) in [
            ("h1", "h1", None),
            ("h1:2222", "h1", Some(2222)),
            ("10.0.0.1:22", "10.0.0.1", Some(22)),
            ("::1", "::1", None),
            ("2001:db8::2", "2001:db8::2", None),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[2001:db8::1]:2222", "2001:db8::1", Some(2222)),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("web[1:3]", "web[1:3]", None),
            ("web[1:3].x:22", "web[1:3].x", Some(22)),
            ("host:abc", "host:abc", None),
            ("user@host.com:22", "user@host.com:22", None),
        ] {
            assert_eq!(split_port(text), (host, port), "{text}");
        }
    }

    #[test]
    fn ranges_expand() {
        for (text, expected) in [
            ("h1", "h1"),
            ("web[01:03]", "web01 web02 web03"),
            ("web[8:10]", "web8 web9 web10"),
            ("web[10:14:2].ex", "web10.ex web12.ex web14.ex"),
            ("[a:c]-[1:2]", "a-1 a-2 b-1 b-2 c-1 c-2"),
            ("h[1:03]", "h1 h2 h3"),
            ("h[:2]", "h0 h1 h2"),
            ("::1", "::1"),
        ] {
            assert_eq!(
                expand(text).as_ref().map(|names| names.join(" ")),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
        for text in [
            "h[1",
            "h[1]",
            "h[1:]",
            "h[1:9:0]",
            "h[a:9]",
            "h[01:100]",
            "h[c:a]",
            "h[A:c]",
            "h[3:1]",
            "h[aa:cc]",
        ] {
            assert!(expand(text).is_err(), "{text}");
        }
    }
}
