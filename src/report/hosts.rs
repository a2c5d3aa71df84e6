//! Lists of hosts in one line.

/// Names that are written out where nobody asked for more.
const LIMIT: usize = 8;

/// `web1`, `web1, web2 (2 hosts)`, `web1, web2, … (100 hosts)`; all names where `all` is set.
pub(crate) fn list(hosts: &[&str], all: bool) -> String {
    let count = hosts.len();
    if count == 1 {
        return hosts.join(", ");
    }
    let shown = if all || count <= LIMIT + 1 { count } else { LIMIT };
    let mut text = hosts[..shown].join(", ");
    if shown < count {
        text.push_str(", …");
    }
    format!("{text} ({count} hosts)")
}

/// `1 host`, `2 hosts`.
pub(crate) fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (1..=12).map(|number| format!("web{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(list(&names[..1], false), "web1");
        assert_eq!(list(&names[..2], false), "web1, web2 (2 hosts)");
        assert_eq!(
            list(&names, false),
            "web1, web2, web3, web4, web5, web6, web7, web8, … (12 hosts)"
        );
        assert!(list(&names, true).contains("web12"));
    }
}
