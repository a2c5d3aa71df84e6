//! Rules of pg_hba.conf, see the documentation of PostgreSQL, "Client Authentication".

use std::cmp::Reverse;
use std::net::IpAddr;

use crate::data::{Data, Map};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) contype: String,
    pub(super) databases: String,
    pub(super) users: String,
    /// Empty for connections by a socket.
    pub(super) address: String,
    pub(super) method: String,
    pub(super) options: Vec<String>,
    pub(super) comment: String,
    /// The line that it was read from.
    pub(super) line: Option<String>,
}

/// What a rule can be about.
pub(super) const TYPES: &[&str] =
    &["local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"];

impl Rule {
    /// Reads a line; none of one that is empty or a comment.
    pub(super) fn read(line: &str) -> Option<Result<Self, String>> {
        let (bare, comment) = cut(line);
        let mut words = words(bare).into_iter();
        let contype = words.next()?;
        let wrong = || format!("`{}` is no rule", line.trim());
        if !TYPES.contains(&contype.as_str()) {
            return Some(Err(wrong()));
        }
        let (Some(databases), Some(users)) = (words.next(), words.next()) else {
            return Some(Err(wrong()));
        };
        let mut address = String::new();
        if contype != "local" {
            let Some(given) = words.next() else { return Some(Err(wrong())) };
            address = given;
        }
        let Some(mut method) = words.next() else { return Some(Err(wrong())) };
        if method.parse::<IpAddr>().is_ok() {
            // A mask in a column of its own.
            address = network(&address, Some(&method)).unwrap_or(format!("{address} {method}"));
            let Some(next) = words.next() else { return Some(Err(wrong())) };
            method = next;
        }
        let address = network(&address, None).unwrap_or(address);
        Some(Ok(Self {
            contype,
            databases,
            users,
            address,
            method,
            options: words.collect(),
            comment: comment.trim_start_matches('#').trim().to_owned(),
            line: Some(line.trim_end().to_owned()),
        }))
    }

    /// Whether two rules are about the same connections.
    pub(super) fn about(&self) -> (&str, &str, &str, &str) {
        (&self.contype, &self.databases, &self.users, &self.address)
    }

    /// Whether two rules say the same.
    pub(super) fn says(&self, other: &Self) -> bool {
        let sorted = |rule: &Self| {
            let mut options = rule.options.clone();
            options.sort();
            options
        };
        self.about() == other.about()
            && self.method == other.method
            && sorted(self) == sorted(other)
            && (other.comment.is_empty() || self.comment == other.comment)
    }

    /// As a line.
    pub(super) fn text(&self) -> String {
        if let Some(line) = &self.line {
            return line.clone();
        }
        let mut words = vec![self.contype.as_str(), &self.databases, &self.users];
        words.extend(Some(self.address.as_str()).filter(|address| !address.is_empty()));
        words.push(&self.method);
        let mut options: Vec<_> = self.options.clone();
        options.sort();
        let options = options.join(" ");
        words.extend(Some(options.as_str()).filter(|options| !options.is_empty()));
        let comment = format!("#{}", self.comment);
        words.extend(Some(comment.as_str()).filter(|_| !self.comment.is_empty()));
        words.join("\t")
    }

    /// As Ansible returns it.
    pub(super) fn data(&self) -> Map {
        let mut data = Map::new();
        let mut set = |key: &str, value: &str| {
            if !value.is_empty() {
                data.insert(key.to_owned(), Data::from(value));
            }
        };
        set("type", &self.contype);
        set("db", &self.databases);
        set("usr", &self.users);
        set("src", &self.address);
        set("method", &self.method);
        set("options", &self.options.join(" "));
        data
    }

    /// The first rule that is about a connection decides, so what is about few comes first.
    pub(super) fn order(&self) -> impl Ord + use<> {
        let narrow = |list: &str| match list {
            "all" => 0,
            "sameuser" | "samerole" | "samegroup" => 1,
            list if list.starts_with('+') => 2,
            _ => 3,
        };
        (
            Reverse(self.narrowness()),
            Reverse(narrow(&self.databases)),
            Reverse(narrow(&self.users)),
            self.contype == "host",
            self.address.contains(':'),
            self.databases.clone(),
            self.users.clone(),
            self.address.clone(),
            self.contype.clone(),
        )
    }

    /// How few addresses it is about.
    fn narrowness(&self) -> u32 {
        match self.address.as_str() {
            "" => 130,
            "all" => 0,
            "samehost" => 129,
            "samenet" => 96,
            address => match address.split_once('/') {
                Some((ip, bits)) => {
                    let bits: u32 = bits.parse().unwrap_or(0);
                    if ip.contains(':') { bits } else { bits * 4 }
                }
                None if address.starts_with('.') => 64,
                None => 128,
            },
        }
    }
}

/// An address with its mask as a network: `10.0.0.0/8`. None where it is a name or a word.
pub(super) fn network(address: &str, mask: Option<&str>) -> Option<String> {
    let (ip, bits) = match address.split_once('/') {
        Some((ip, bits)) => (ip, Some(bits)),
        None => (address, None),
    };
    let ip: IpAddr = ip.parse().ok()?;
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    let bits: u32 = match (bits, mask.map(str::parse)) {
        (Some(bits), _) => bits.parse().ok().filter(|bits| *bits <= whole)?,
        (None, Some(Ok(IpAddr::V4(mask)))) => u32::from(mask).count_ones(),
        (None, Some(Ok(IpAddr::V6(mask)))) => u128::from(mask).count_ones(),
        (None, Some(Err(_))) => return None,
        (None, None) => whole,
    };
    let ip = match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            IpAddr::from((u32::from(ip) & mask).to_be_bytes())
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            IpAddr::from((u128::from(ip) & mask).to_be_bytes())
        }
    };
    Some(format!("{ip}/{bits}"))
}

/// A line without its comment, and the comment.
pub(super) fn cut(line: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '#' if !quoted => return line.split_at(at),
            _ => {}
        }
    }
    (line, "")
}

/// Words with their quotes; a blank in quotes separates nothing.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        if letter.is_whitespace() && !quoted {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(letter);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::{Rule, network};

    fn rule(line: &str) -> Rule {
        Rule::read(line).unwrap().unwrap()
    }

    #[test]
    fn lines_are_rules() {
        let read = rule("host \"a b\",c  +x 10.1.2.3 255.0.0.0 md5 map=m # why");
        assert_eq!(read.about(), ("host", "\"a b\",c", "+x", "10.0.0.0/8"));
        assert_eq!((read.method.as_str(), read.comment.as_str()), ("md5", "why"));
        let made = Rule { line: None, ..read.clone() };
        assert_eq!(made.text(), "host\t\"a b\",c\t+x\t10.0.0.0/8\tmd5\tmap=m\t#why");
        assert!(made.says(&read) && Rule::read(" # no rule").is_none());
        assert!(Rule::read("what is this").unwrap().is_err());
        assert_eq!(rule("local all all peer").address, "");
    }

    #[test]
    fn networks_are_spelled_alike() {
        let check = |address: &str, mask: Option<&str>, want: Option<&str>| {
            assert_eq!(network(address, mask).as_deref(), want);
        };
        check("192.168.1.5", Some("255.255.255.0"), Some("192.168.1.0/24"));
        check("::1", None, Some("::1/128"));
        check("fd00::5/8", None, Some("fd00::/8"));
        check("samehost", None, None);
        check("0.0.0.0/0", None, Some("0.0.0.0/0"));
    }
}
