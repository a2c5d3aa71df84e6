//! Inventories in Ansible's own INI dialect.
//!
//! Format: <https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html>. A line is a comment (`#`, `;`), a
//! section (`[group]`, `[group:children]`, `[group:vars]`), or, by its section, a host with variables, a child group or a variable.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, nearest};
use crate::inventory::address::{expand, is_ipv6, split_port};
use crate::inventory::literal;
use crate::inventory::model::{ALL, Inventory, Loop, UNGROUPED};
use crate::inventory::words::words;
use crate::source::{Source, Span, Spanned};
use crate::yaml::{Kind, Node, Tag};

/// Adds what `source` says to `inventory`.
pub(super) fn read(
    source: &Arc<Source>,
    file: &Path,
    inventory: &mut Inventory,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut reader = Reader {
        source,
        file,
        inventory,
        diagnostics,
        section: Section::Hosts(UNGROUPED.to_owned()),
        declared: IndexMap::new(),
        pending: Vec::new(),
    };
    let mut start = 0;
    for line in source.text().trim_start_matches('\u{feff}').split_inclusive('\n') {
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        reader.line(
            line.trim(),
            at + (source.text().len() - source.text().trim_start_matches('\u{feff}').len()),
        );
    }
    reader.finish();
}

/// What the lines are.
enum Section {
    Hosts(String),
    Children(String),
    Vars(String),
    /// A section that is an error: its lines would only repeat it.
    Unknown,
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    file: &'a Path,
    inventory: &'a mut Inventory,
    diagnostics: &'a mut Vec<Diagnostic>,
    section: Section,
    /// Groups that have a section of hosts or children.
    declared: IndexMap<String, Span>,
    /// Groups that must turn out to have one, and why.
    pending: Vec<Pending>,
}

struct Pending {
    group: Spanned<String>,
    parent: Option<String>,
}

impl Reader<'_> {
    fn line(&mut self, line: &str, at: usize) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            return;
        }
        // A host may be an address in brackets; a section has nothing but a comment behind its bracket.
        if let Some((name, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let rest = rest.trim_start();
            if (rest.is_empty() || rest.starts_with('#')) && !is_ipv6(name) {
                return self.section(name, self.span(at, line.len() - rest.len()));
            }
        }
        match &self.section {
            Section::Hosts(group) => self.host(&group.clone(), line, at),
            Section::Children(group) => self.child(&group.clone(), line, at),
            Section::Vars(group) => self.var(&group.clone(), line, at),
            Section::Unknown => {}
        }
    }

    fn section(&mut self, name: &str, span: Span) {
        let (group, kind) = name.split_once(':').unwrap_or((name, "hosts"));
        self.section = Section::Unknown;
        if group.is_empty() || name.chars().any(char::is_whitespace) || kind.contains(':') {
            let problem = Diagnostic::error(format!("invalid section `[{name}]`")).at(&span, "");
            self.diagnostics.push(
                problem
                    .help("write `[group]`, `[group:children]` or `[group:vars]`, without spaces"),
            );
            return;
        }
        let named = group.to_owned();
        match kind {
            "hosts" | "children" => {
                self.inventory.add_group(group);
                self.declared.entry(named.clone()).or_insert(span);
                self.section =
                    if kind == "hosts" { Section::Hosts(named) } else { Section::Children(named) };
            }
            "vars" => {
                self.pending
                    .push(Pending { group: Spanned::new(named.clone(), span), parent: None });
                self.section = Section::Vars(named);
            }
            _ => {
                let problem =
                    Diagnostic::error(format!("section `[{name}]` has the unknown type `{kind}`"))
                        .at(&span, "");
                self.diagnostics.push(match nearest(kind, ["children", "vars", "hosts"]) {
                    Some(known) => problem.help(format!("did you mean `[{group}:{known}]`?")),
                    None => problem.help("types are `children` and `vars`"),
                });
            }
        }
    }

    fn host(&mut self, group: &str, line: &str, at: usize) {
        let words = match words(line) {
            Ok(words) => words,
            Err(open) => {
                let span = self.span(at + open.0, 1);
                return self.refuse(&span, open.1, "while reading the variables of a host");
            }
        };
        let Some((host, vars)) = words.split_first() else { return };
        let (start, end) = host.range(0);
        let span = self.span(at + start, end - start);
        let (pattern, port) = split_port(&host.text);
        if pattern.ends_with(':') || (!is_ipv6(pattern) && number_after_colon(pattern)) {
            return self.refuse(
                &span,
                "no valid port after the `:`",
                "a port is a number from 0 to 65535",
            );
        }
        let names = match expand(pattern) {
            Ok(names) => names,
            Err(problem) => return self.refuse(&span, problem, ""),
        };
        let mut values = Vec::new();
        for word in vars {
            let (start, end) = word.range(0);
            let Some((name, value)) = word.text.split_once('=') else {
                let span = self.span(at + start, end - start);
                self.refuse(&span, &format!("expected `key=value`, got `{}`", word.text), "");
                continue;
            };
            let (value_start, _) = word.range(name.len() + 1);
            let value_span = self.span(at + value_start, end.saturating_sub(value_start));
            let name_span = self.span(at + start, name.len());
            values.push((name.to_owned(), name_span, literal::value(value, &value_span)));
        }
        for name in names {
            self.one_host(&name, group, port, &span);
            let host = &mut self.inventory.hosts[name.as_str()];
            for (name, at, value) in &values {
                host.vars.insert(Arc::from(name.as_str()), (at.clone(), value.clone()));
            }
        }
    }

    fn one_host(&mut self, name: &str, group: &str, port: Option<u16>, span: &Span) {
        let file = self.file;
        let host = self.inventory.add_host(name, group);
        if host.at.is_none() {
            host.at = Some(span.clone());
            host.file = Some(file.to_path_buf());
        }
        if let Some(port) = port {
            let value =
                Node { kind: Kind::Int(i64::from(port)), tag: Tag::None, span: span.clone() };
            host.vars.entry(Arc::from("ansible_port")).or_insert((span.clone(), value));
        }
    }

    fn child(&mut self, parent: &str, line: &str, at: usize) {
        let name = line.split('#').next().unwrap_or("").trim();
        let span = self.span(at, name.len());
        if name.is_empty()
            || name
                .contains(|letter: char| letter.is_whitespace() || letter == ':' || letter == ']')
        {
            return self.refuse(&span, &format!("expected the name of a group, got `{name}`"), "");
        }
        let group = Spanned::new(name.to_owned(), span);
        self.pending.push(Pending { group: group.clone(), parent: Some(parent.to_owned()) });
        if let Err(problem) = self.inventory.add_child(parent, name) {
            let message = loop_message(parent, name, &problem);
            self.refuse(&group.span, &message, "");
        }
    }

    fn var(&mut self, group: &str, line: &str, at: usize) {
        let Some((name, value)) = line.split_once('=') else {
            let span = self.span(at, line.len());
            return self.refuse(&span, &format!("expected `key=value`, got `{line}`"), "");
        };
        let value_start = at + name.len() + 1 + (value.len() - value.trim_start().len());
        let (name, value) = (name.trim_end(), value.trim());
        let value = literal::value(value, &self.span(value_start, value.len()));
        let span = self.span(at, name.len());
        self.inventory.set_group_var(group, name, span, value);
    }

    /// Names of groups that no section declares are slips.
    fn finish(self) {
        for Pending { group, parent } in self.pending {
            let known = matches!(group.value.as_str(), ALL | UNGROUPED);
            if known || self.declared.contains_key(&group.value) {
                continue;
            }
            let message = match &parent {
                Some(parent) => format!(
                    "section `[{parent}:children]` includes the undefined group `{}`",
                    group.value
                ),
                None => {
                    format!("section `[{0}:vars]` is for the undefined group `{0}`", group.value)
                }
            };
            let problem = Diagnostic::error(message).at(&group.span, "");
            self.diagnostics.push(
                match nearest(&group.value, self.declared.keys().map(String::as_str)) {
                    Some(name) => problem.help(format!("did you mean `{name}`?")),
                    None => problem.help(format!("add a section `[{}]`", group.value)),
                },
            );
        }
    }

    fn refuse(&mut self, span: &Span, message: &str, label: &str) {
        self.diagnostics.push(Diagnostic::error(message).at(span, label));
    }

    fn span(&self, start: usize, length: usize) -> Span {
        Span::new(self.source, start, start + length)
    }
}

fn number_after_colon(name: &str) -> bool {
    name.rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Why a group can't hold another.
pub(super) fn loop_message(parent: &str, child: &str, problem: &Loop) -> String {
    match problem {
        Loop::Itself => format!("group `{parent}` can't be its own child"),
        Loop::Inside => format!("group `{child}` can't be inside `{parent}`, which is inside it"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::read;
    use crate::inventory::model::Inventory;
    use crate::source::Source;

    fn load(text: &str) -> (Inventory, String) {
        let (mut inventory, mut diagnostics) = (Inventory::new(), Vec::new());
        read(&Source::new("hosts", text), Path::new("/p/hosts"), &mut inventory, &mut diagnostics);
        inventory.settle();
        (inventory, diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect())
    }

    fn hosts(inventory: &Inventory, group: &str) -> String {
        inventory.hosts_in(group).iter().map(|name| &**name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn groups_ranges_and_children() {
        let (inventory, problems) = load(
            "# c\nlone\n[web]\nweb[01:02].ex:8022 x=1\n[2001:db8::1]:2222\n2001:db8::2 # c\n\n[db]\ndb1\n; c\n\
             [prod:children]\nweb\ndb   # comment\n[empty]\n",
        );
        assert_eq!(problems, "");
        assert_eq!(hosts(&inventory, "web"), "web01.ex web02.ex 2001:db8::1 2001:db8::2");
        assert_eq!(hosts(&inventory, "all"), "lone web01.ex web02.ex 2001:db8::1 2001:db8::2 db1");
        let port = |host: &str| {
            inventory.host(host).unwrap().vars.get("ansible_port").map(|(_, node)| node.span.text())
        };
        assert_eq!(port("web02.ex"), Some("web[01:02].ex:8022"));
        assert_eq!(port("db1"), None);
    }

    #[test]
    fn values_keep_their_places() {
        let text = "h1 a=1 b=\"x y\" c='{{ z }}'\n[web]\n[web:vars]\n  m = [1, 2] # c\nn=yes\n";
        let (inventory, problems) = load(text);
        assert_eq!(problems, "");
        let vars = &inventory.host("h1").unwrap().vars;
        assert_eq!(vars["b"].1.as_str(), Some("x y"));
        assert_eq!((vars["b"].0.text(), vars["b"].1.span.text()), ("b", "x y\""));
        assert_eq!(vars["c"].1.as_str(), Some("{{ z }}"));
        let vars = &inventory.group("web").unwrap().vars;
        assert_eq!(vars["m"].1.as_seq().unwrap().len(), 2);
        assert_eq!(
            (vars["m"].0.to_string(), vars["m"].1.span.to_string()),
            ("hosts:4:3".into(), "hosts:4:7".into())
        );
        assert_eq!(vars["n"].1.as_str(), Some("yes"));
    }

    #[test]
    fn every_mistake_is_told_at_its_place() {
        let (_, problems) = load(
            "[web]\nh1 a\nh2 a=\"x\nh[1:]\nh3:\nh4:99999\n[we b]\nx\n[web:child]\nx\n[wbe:vars]\na=1\n\
             [prod:children]\nweb\ndbb\nprod\na b\n[db]\n[db:children]\nprod\n[prod:children]\ndb\n[prod:vars]\nx\n",
        );
        assert_eq!(
            problems,
            "hosts:2:4: expected `key=value`, got `a`\n\
             hosts:3:6: no closing quotation\n\
             hosts:4:1: a host range must have an end\n\
             hosts:5:1: no valid port after the `:`\n\
             hosts:6:1: no valid port after the `:`\n\
             hosts:7:1: invalid section `[we b]`\n\
             hosts:9:1: section `[web:child]` has the unknown type `child`\n\
             hosts:16:1: group `prod` can't be its own child\n\
             hosts:17:1: expected the name of a group, got `a b`\n\
             hosts:22:1: group `db` can't be inside `prod`, which is inside it\n\
             hosts:24:1: expected `key=value`, got `x`\n\
             hosts:11:1: section `[wbe:vars]` is for the undefined group `wbe`\n\
             hosts:15:1: section `[prod:children]` includes the undefined group `dbb`\n"
        );
    }
}
