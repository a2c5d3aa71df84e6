//! What an account may do: as tasks write it, and as servers tell it.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::Data;
use crate::modules::mysql::sql;
use crate::stop::{Result, Stop};

/// All that there is.
const ALL: &str = "ALL PRIVILEGES";
/// The right to give rights to others.
const GRANT: &str = "GRANT OPTION";
/// Nothing.
const USAGE: &str = "USAGE";

/// What `ALL` is of a whole server where it is told one by one.
const EACH: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "RELOAD",
    "SHUTDOWN",
    "PROCESS",
    "FILE",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "SHOW DATABASES",
    "SUPER",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "EXECUTE",
    "REPLICATION SLAVE",
    "REPLICATION CLIENT",
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "CREATE USER",
    "EVENT",
    "TRIGGER",
    "CREATE TABLESPACE",
];

/// Rights by what they are on: `*.*`, `shop.*`, `shop.goods`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Grants(BTreeMap<String, BTreeSet<String>>);

impl Grants {
    /// As tasks write it: `shop.*:SELECT,INSERT/log.*:ALL`, or the same as a mapping.
    pub(super) fn written(priv_: &Data) -> Result<Self> {
        let mut grants = Self::default();
        match priv_ {
            Data::Str(text) => {
                for part in outside(text, '/') {
                    let (on, rights) = part.rsplit_once(':').ok_or_else(|| {
                        Stop::failed(format!(
                            "`{part}` is no privilege: it is written as `database.table:PRIVILEGE`"
                        ))
                    })?;
                    grants.add(on, rights);
                }
            }
            Data::Map(map) => {
                for (on, rights) in map {
                    let words = match rights {
                        Data::Str(text) => text.clone(),
                        Data::List(items) => {
                            items.iter().filter_map(Data::as_str).collect::<Vec<_>>().join(",")
                        }
                        other => {
                            return Err(Stop::failed(format!(
                                "privileges on `{on}` are a text, not {}",
                                other.type_name()
                            )));
                        }
                    };
                    grants.add(on, &words);
                }
            }
            other => {
                return Err(Stop::failed(format!(
                    "`priv` takes a text or a mapping, not {}",
                    other.type_name()
                )));
            }
        }
        Ok(grants)
    }

    /// As a server tells it, a line each.
    pub(super) fn told<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut grants = Self::default();
        for line in lines {
            let Some(rest) = line.strip_prefix("GRANT ") else { continue };
            let Some((rights, rest)) = rest.split_once(" ON ") else { continue };
            let Some((on, rest)) = rest.split_once(" TO ") else { continue };
            if rights == "PROXY" {
                continue;
            }
            grants.add(on, rights);
            if rest.contains("WITH GRANT OPTION") {
                grants.add(on, GRANT);
            }
        }
        grants
    }

    fn add(&mut self, on: &str, rights: &str) {
        let all = self.0.entry(target(on)).or_default();
        for right in outside(rights, ',') {
            match right.trim().to_uppercase().as_str() {
                "" | USAGE | "REQUIRESSL" => {}
                "ALL" => drop(all.insert(ALL.to_owned())),
                "GRANT" => drop(all.insert(GRANT.to_owned())),
                _ => drop(all.insert(right_of(right))),
            }
        }
        if all.contains(ALL) || EACH.iter().all(|one| all.contains(*one)) {
            let gives = all.contains(GRANT);
            *all = BTreeSet::from([ALL.to_owned()]);
            all.extend(gives.then(|| GRANT.to_owned()));
        }
    }

    /// The statements that make an account that has `now` have these, and `only` these; and words about them.
    pub(super) fn from(&self, now: &Self, account: &str, only: bool) -> Vec<(String, String)> {
        let mut steps = Vec::new();
        let none = BTreeSet::new();
        let mut take = |on: &str, rights: &BTreeSet<String>| {
            let words = joined(rights);
            let statement = format!("REVOKE {words} ON {} FROM {account}", quoted(on));
            steps.push((statement, format!("no {words} on {on}")));
        };
        for (on, has) in now.0.iter().filter(|_| only) {
            let wanted = self.0.get(on).unwrap_or(&none);
            let mut over: BTreeSet<String> = has.difference(wanted).cloned().collect();
            if wanted.contains(ALL) {
                over.retain(|right| right == GRANT);
            }
            // MySQL takes `ALL PRIVILEGES` and the other in two statements only.
            if over.remove(GRANT) {
                take(on, &BTreeSet::from([GRANT.to_owned()]));
            }
            if !over.is_empty() {
                take(on, &over);
            }
        }
        for (on, wanted) in &self.0 {
            let has = now.0.get(on).unwrap_or(&none);
            let has_all = has.contains(ALL) && (!only || wanted.contains(ALL));
            let mut lacks: BTreeSet<String> = wanted.difference(has).cloned().collect();
            if has_all {
                lacks.retain(|right| right == GRANT);
            } else if has.contains(ALL) {
                lacks = wanted.clone();
            }
            if lacks.is_empty() {
                continue;
            }
            let gives = lacks.remove(GRANT);
            let words = if lacks.is_empty() { USAGE.to_owned() } else { joined(&lacks) };
            let with = if gives { " WITH GRANT OPTION" } else { "" };
            let statement = format!("GRANT {words} ON {} TO {account}{with}", quoted(on));
            let told = if gives { format!("{words}, GRANT OPTION") } else { words };
            steps.push((statement, format!("{told} on {on}")));
        }
        steps
    }

    /// The statements that take these away from an account that has `now`.
    pub(super) fn taken(&self, now: &Self, account: &str) -> Vec<(String, String)> {
        let mut steps = Vec::new();
        for (on, rights) in &self.0 {
            let Some(has) = now.0.get(on) else { continue };
            let over: BTreeSet<String> = rights.intersection(has).cloned().collect();
            if !over.is_empty() {
                let words = joined(&over);
                let statement = format!("REVOKE {words} ON {} FROM {account}", quoted(on));
                steps.push((statement, format!("no {words} on {on}")));
            }
        }
        steps
    }
}

fn joined(rights: &BTreeSet<String>) -> String {
    rights.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// A right in capital letters, with the columns that it is about.
fn right_of(text: &str) -> String {
    match text.trim().split_once('(') {
        Some((right, columns)) => {
            let mut columns: Vec<&str> = columns
                .trim_end_matches([')', ' '])
                .split(',')
                .map(|one| one.trim().trim_matches('`'))
                .collect();
            columns.sort_unstable();
            format!("{} ({})", right.trim().to_uppercase(), columns.join(", "))
        }
        None => text.trim().to_uppercase(),
    }
}

/// What rights are on, without quotes.
fn target(on: &str) -> String {
    on.trim().replace('`', "")
}

/// The same in quotes.
fn quoted(on: &str) -> String {
    let kinds = ["FUNCTION ", "PROCEDURE "];
    let (kind, on) = kinds
        .iter()
        .find_map(|kind| on.strip_prefix(kind).map(|rest| (*kind, rest)))
        .unwrap_or(("", on));
    let part = |part: &str| if part == "*" { "*".to_owned() } else { sql::name(part) };
    match on.split_once('.') {
        Some((database, table)) => format!("{kind}{}.{}", part(database), part(table)),
        None => format!("{kind}{}.*", part(on)),
    }
}

/// Splits where a letter stands outside of quotes and parentheses.
fn outside(text: &str, at: char) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut depth) = (Vec::new(), 0, false, 0_usize);
    for (index, letter) in text.char_indices() {
        match letter {
            '`' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if letter == at && !quoted && depth == 0 => {
                parts.push(&text[from..index]);
                from = index + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::Grants;
    use crate::data::Data;

    #[track_caller]
    fn check(now: &[&str], wanted: &str, only: bool, statements: &[&str]) {
        let wanted = Grants::written(&Data::from(wanted)).unwrap();
        let steps = wanted.from(&Grants::told(now.iter().copied()), "'u'@'h'", only);
        let steps: Vec<String> = steps.into_iter().map(|(statement, _)| statement).collect();
        assert_eq!(steps, statements);
    }

    #[test]
    fn what_lacks_is_given_and_what_is_too_much_is_taken() {
        let usage = "GRANT USAGE ON *.* TO `u`@`h` IDENTIFIED BY PASSWORD '*1'";
        check(&[usage], "*.*:USAGE", true, &[]);
        check(
            &[usage],
            "shop.*:ALL,GRANT/log.*:select,INSERT",
            true,
            &[
                "GRANT INSERT, SELECT ON `log`.* TO 'u'@'h'",
                "GRANT ALL PRIVILEGES ON `shop`.* TO 'u'@'h' WITH GRANT OPTION",
            ],
        );
        let all = "GRANT ALL PRIVILEGES ON `shop`.* TO `u`@`h` WITH GRANT OPTION";
        check(&[usage, all], "shop.*:ALL,GRANT", true, &[]);
        check(&[usage, all], "shop.*:ALL", true, &["REVOKE GRANT OPTION ON `shop`.* FROM 'u'@'h'"]);
        check(
            &[usage, all],
            "shop.*:SELECT",
            true,
            &[
                "REVOKE GRANT OPTION ON `shop`.* FROM 'u'@'h'",
                "REVOKE ALL PRIVILEGES ON `shop`.* FROM 'u'@'h'",
                "GRANT SELECT ON `shop`.* TO 'u'@'h'",
            ],
        );
        check(&[usage, all], "shop.*:SELECT", false, &[]);
        check(
            &[usage, "GRANT SELECT (`b`, `a`), INSERT ON `s`.`t` TO `u`@`h`"],
            "s.t:SELECT(a,b)",
            true,
            &["REVOKE INSERT ON `s`.`t` FROM 'u'@'h'"],
        );
        check(
            &[usage, all],
            "*.*:USAGE",
            true,
            &[
                "REVOKE GRANT OPTION ON `shop`.* FROM 'u'@'h'",
                "REVOKE ALL PRIVILEGES ON `shop`.* FROM 'u'@'h'",
            ],
        );
    }
}
