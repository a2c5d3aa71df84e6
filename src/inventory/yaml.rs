//! Inventories in YAML.
//!
//! Format: <https://docs.ansible.com/ansible/latest/collections/ansible/builtin/yaml_inventory.html>, groups by name, each with `hosts`,
//! `vars` and `children`.

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, nearest};
use crate::inventory::address::{expand, split_port};
use crate::inventory::ini::loop_message;
use crate::inventory::model::Inventory;
use crate::source::Span;
use crate::yaml::{Kind, Node, Tag};

/// What a group may have.
const KEYS: [&str; 3] = ["hosts", "vars", "children"];

/// Whether a tree looks like an inventory, where the name of its file does not say: a mapping of groups, each a mapping or nothing.
pub(super) fn is_inventory(node: &Node) -> bool {
    node.as_map().is_some_and(|groups| {
        groups.iter().all(|(name, group)| {
            name.as_str().is_some() && matches!(group.kind, Kind::Null | Kind::Map(_))
        })
    })
}

/// Adds what the tree of `file` says to `inventory`.
pub(super) fn read(
    node: &Node,
    file: &Path,
    inventory: &mut Inventory,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut reader = Reader { file, inventory, diagnostics };
    let Some(groups) = node.as_map() else {
        if node.kind != Kind::Null {
            let found = node.describe();
            reader.refuse(
                &node.span,
                format!("an inventory must be a mapping of groups, not {found}"),
            );
        }
        return;
    };
    if let Some(plugin) = node.get("plugin") {
        let name = plugin.as_str().unwrap_or("?");
        let problem = Diagnostic::error(format!("the inventory plugin `{name}` is not supported"))
            .at(&plugin.span, "");
        let help = "save what it finds, with `ansible-inventory --list --yaml`, or write an inventory script";
        reader.diagnostics.push(problem.help(help));
        return;
    }
    for (name, group) in groups {
        reader.group(name, group);
    }
}

struct Reader<'a> {
    file: &'a Path,
    inventory: &'a mut Inventory,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn group(&mut self, key: &Node, data: &Node) {
        let Some(name) = key.as_str() else {
            return self.refuse(
                &key.span,
                format!("the name of a group must be a string, not {}", key.describe()),
            );
        };
        let entries = match &data.kind {
            Kind::Null => {
                self.inventory.add_group(name);
                return;
            }
            Kind::Map(entries) => entries,
            _ => {
                let problem =
                    Diagnostic::warning(format!("`{name}` is skipped: a group must be a mapping"));
                return self.diagnostics.push(problem.at(&data.span, data.describe()));
            }
        };
        self.inventory.add_group(name);
        for (key, value) in entries.iter() {
            match key.as_str() {
                Some("hosts") => self.hosts(name, value),
                Some("vars") => self.vars(name, value),
                Some("children") => self.children(name, value),
                other => self.unexpected(key, other),
            }
        }
    }

    fn unexpected(&mut self, key: &Node, name: Option<&str>) {
        let problem = Diagnostic::warning(format!(
            "`{}` is skipped: a group has `hosts`, `vars` and `children`",
            key.span.text()
        ))
        .at(&key.span, "");
        self.diagnostics.push(match name.and_then(|name| nearest(name, KEYS)) {
            Some(known) => problem.help(format!("did you mean `{known}`?")),
            None => problem,
        });
    }

    fn hosts(&mut self, group: &str, hosts: &Node) {
        match &hosts.kind {
            Kind::Null => {}
            Kind::Str(..) => self.host(group, hosts, None),
            Kind::Map(entries) => {
                for (name, vars) in entries.iter() {
                    self.host(group, name, Some(vars));
                }
            }
            _ => self.refuse(
                &hosts.span,
                format!("`hosts` must be a mapping of hosts, not {}", hosts.describe()),
            ),
        }
    }

    fn host(&mut self, group: &str, key: &Node, vars: Option<&Node>) {
        let Some(text) = key.as_str() else {
            return self.refuse(
                &key.span,
                format!("the name of a host must be a string, not {}", key.describe()),
            );
        };
        let (pattern, port) = split_port(text);
        let names = match expand(pattern) {
            Ok(names) => names,
            Err(problem) => return self.refuse(&key.span, problem.to_owned()),
        };
        let vars = match vars.map(|vars| (&vars.kind, vars)) {
            None | Some((Kind::Null, _)) => &[][..],
            Some((Kind::Map(entries), _)) => entries,
            Some((_, other)) => {
                let found = other.describe();
                return self.refuse(
                    &other.span,
                    format!("the variables of a host must be a mapping, not {found}"),
                );
            }
        };
        for name in names {
            let host = self.inventory.add_host(&name, group);
            if host.at.is_none() {
                host.at = Some(key.span.clone());
                host.file = Some(self.file.to_path_buf());
            }
            if let Some(port) = port {
                let value = Node {
                    kind: Kind::Int(i64::from(port)),
                    tag: Tag::None,
                    span: key.span.clone(),
                };
                host.vars.entry(Arc::from("ansible_port")).or_insert((key.span.clone(), value));
            }
            for (name, value) in vars {
                if let Some(text) = name.as_str() {
                    host.vars.insert(Arc::from(text), (name.span.clone(), value.clone()));
                }
            }
        }
        self.refuse_names(vars);
    }

    fn vars(&mut self, group: &str, vars: &Node) {
        match &vars.kind {
            Kind::Null => {}
            Kind::Map(entries) => {
                self.refuse_names(entries);
                for (name, value) in entries.iter() {
                    if let Some(text) = name.as_str() {
                        self.inventory.set_group_var(group, text, name.span.clone(), value.clone());
                    }
                }
            }
            _ => self
                .refuse(&vars.span, format!("`vars` must be a mapping, not {}", vars.describe())),
        }
    }

    fn children(&mut self, parent: &str, children: &Node) {
        match &children.kind {
            Kind::Null => {}
            Kind::Str(name, _) => self.child(parent, name, &children.span),
            Kind::Map(entries) => {
                for (key, data) in entries.iter() {
                    if let Some(name) = key.as_str() {
                        self.child(parent, name, &key.span);
                    }
                    self.group(key, data);
                }
            }
            _ => self.refuse(
                &children.span,
                format!("`children` must be a mapping of groups, not {}", children.describe()),
            ),
        }
    }

    fn child(&mut self, parent: &str, name: &str, at: &Span) {
        if let Err(problem) = self.inventory.add_child(parent, name) {
            self.refuse(at, loop_message(parent, name, &problem));
        }
    }

    fn refuse_names(&mut self, vars: &[(Node, Node)]) {
        for (name, _) in vars.iter().filter(|(name, _)| name.as_str().is_none()) {
            self.refuse(
                &name.span,
                format!("a variable's name must be a string, not {}", name.describe()),
            );
        }
    }

    fn refuse(&mut self, at: &Span, message: String) {
        self.diagnostics.push(Diagnostic::error(message).at(at, ""));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;

    use super::read;
    use crate::inventory::model::Inventory;
    use crate::source::Source;
    use crate::yaml::parse;

    fn load(text: &str) -> (Inventory, String) {
        let (mut inventory, mut diagnostics) = (Inventory::new(), Vec::new());
        let (node, problems) = parse(&Source::new("hosts.yml", text));
        diagnostics.extend(problems);
        read(&node.unwrap(), Path::new("/p/hosts.yml"), &mut inventory, &mut diagnostics);
        inventory.settle();
        (inventory, diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect())
    }

    fn hosts(inventory: &Inventory, group: &str) -> String {
        inventory.hosts_in(group).iter().map(|name| &**name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn groups_hosts_and_variables() {
        let (inventory, problems) = load(
            "all:\n  hosts:\n    h1:\n    h2: {a: 1}\n    w[1:2]: {b: 2}\n    \"x:22\":\n  vars: {g: 1}\n  children:\n    web:\n      \
             hosts: {h3: }\n      vars: {ansible_group_priority: 5}\n    db:\ndb: {hosts: h4}\n",
        );
        assert_eq!(problems, "");
        assert_eq!(hosts(&inventory, "all"), "h1 h2 w1 w2 x h3 h4");
        assert_eq!(hosts(&inventory, "db"), "h4");
        assert_eq!(inventory.group("web").unwrap().priority, 5);
        assert_eq!(inventory.host("x").unwrap().vars["ansible_port"].1.span.text(), "\"x:22\"");
    }

    #[test]
    fn mistakes_are_told() {
        let (_, problems) = load(
            "web:\n  hosts: [h1]\n  host: {h2: }\n  vars: [a]\n  children: [b]\nx: [y]\n1: {}\nz:\n  hosts: {5: , h: 3, k: {1: 2}}\n  \
             children: {z: }\n",
        );
        assert_eq!(
            problems,
            "hosts.yml:2:10: `hosts` must be a mapping of hosts, not a list\n\
             hosts.yml:3:3: `host` is skipped: a group has `hosts`, `vars` and `children`\n\
             hosts.yml:4:9: `vars` must be a mapping, not a list\n\
             hosts.yml:5:13: `children` must be a mapping of groups, not a list\n\
             hosts.yml:6:4: `x` is skipped: a group must be a mapping\n\
             hosts.yml:7:1: the name of a group must be a string, not a whole number\n\
             hosts.yml:9:11: the name of a host must be a string, not a whole number\n\
             hosts.yml:9:19: the variables of a host must be a mapping, not a whole number\n\
             hosts.yml:9:26: a variable's name must be a string, not a whole number\n\
             hosts.yml:10:14: group `z` can't be its own child\n"
        );
    }

    #[test]
    fn plugins_are_named() {
        let (_, problems) = load("plugin: amazon.aws.aws_ec2\nregions: []\n");
        assert_eq!(
            problems,
            "hosts.yml:1:9: the inventory plugin `amazon.aws.aws_ec2` is not supported\n"
        );
    }
}
