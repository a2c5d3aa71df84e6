//! Inventories that a program prints.
//!
//! Format: <https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html>. The program is called with `--list` and prints
//! JSON: groups by name, and under `_meta` the variables of the hosts. Without `_meta` it is called with `--host NAME` for each host.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::inventory::ini::loop_message;
use crate::inventory::model::Inventory;
use crate::source::{Source, Span};
use crate::yaml::{Kind, Node, parse};

/// Runs `program` and adds what it prints to `inventory`. `name` is what messages call it.
pub(super) fn read(
    program: &Path,
    name: &Path,
    inventory: &mut Inventory,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(output) = call(program, name, &["--list"], diagnostics) else { return };
    let Some(groups) = output.as_map() else {
        let found = output.describe();
        diagnostics.push(
            Diagnostic::error(format!("an inventory script must print a mapping, not {found}"))
                .at(&output.span, ""),
        );
        return;
    };
    let mut reader = Reader { program, inventory, diagnostics };
    for (group, data) in groups.iter().filter(|(group, _)| group.as_str() != Some("_meta")) {
        reader.group(group, data);
    }
    match output.get("_meta").and_then(|meta| meta.get("hostvars")).and_then(Node::as_map) {
        Some(hosts) => {
            for (host, vars) in hosts {
                reader.host_vars(host, vars);
            }
        }
        None => reader.ask_each(name),
    }
}

struct Reader<'a> {
    program: &'a Path,
    inventory: &'a mut Inventory,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn group(&mut self, key: &Node, data: &Node) {
        let Some(name) = key.as_str() else { return };
        self.inventory.add_group(name);
        match &data.kind {
            // The old short form: a list of hosts.
            Kind::Seq(hosts) => self.hosts(name, hosts),
            Kind::Map(_) => {
                self.hosts(name, data.get("hosts").and_then(Node::as_seq).unwrap_or(&[]));
                for child in data.get("children").and_then(Node::as_seq).unwrap_or(&[]) {
                    self.child(name, child);
                }
                for (variable, value) in data.get("vars").and_then(Node::as_map).unwrap_or(&[]) {
                    if let Some(text) = variable.as_str() {
                        self.inventory.set_group_var(
                            name,
                            text,
                            variable.span.clone(),
                            value.clone(),
                        );
                    }
                }
            }
            _ => {
                let found = data.describe();
                let problem = Diagnostic::error(format!(
                    "group `{name}` must be a mapping or a list of hosts, not {found}"
                ));
                self.diagnostics.push(problem.at(&data.span, ""));
            }
        }
    }

    fn hosts(&mut self, group: &str, hosts: &[Node]) {
        for host in hosts {
            match host.as_str() {
                Some(name) => self.host(name, group, &host.span),
                None => {
                    let problem = Diagnostic::error(format!(
                        "the name of a host must be a string, not {}",
                        host.describe()
                    ));
                    self.diagnostics.push(problem.at(&host.span, ""));
                }
            }
        }
    }

    fn host(&mut self, name: &str, group: &str, at: &Span) {
        let host = self.inventory.add_host(name, group);
        if host.at.is_none() {
            host.at = Some(at.clone());
            host.file = Some(self.program.to_path_buf());
        }
    }

    fn child(&mut self, parent: &str, child: &Node) {
        let Some(name) = child.as_str() else { return };
        if let Err(problem) = self.inventory.add_child(parent, name) {
            self.diagnostics
                .push(Diagnostic::error(loop_message(parent, name, &problem)).at(&child.span, ""));
        }
    }

    fn host_vars(&mut self, host: &Node, vars: &Node) {
        let Some(host) = host.as_str().and_then(|name| self.inventory.hosts.get_mut(name)) else {
            return;
        };
        for (variable, value) in vars.as_map().unwrap_or(&[]) {
            if let Some(name) = variable.as_str() {
                host.vars.insert(Arc::from(name), (variable.span.clone(), value.clone()));
            }
        }
    }

    fn ask_each(&mut self, name: &Path) {
        let hosts: Vec<Arc<str>> = self
            .inventory
            .hosts
            .values()
            .filter(|host| host.file.as_deref() == Some(self.program))
            .map(|host| Arc::clone(&host.name))
            .collect();
        for host in hosts {
            let Some(vars) = call(self.program, name, &["--host", &host], self.diagnostics) else {
                return;
            };
            let entries = vars.as_map().unwrap_or(&[]).iter();
            let vars = entries.filter_map(|(key, value)| {
                Some((Arc::from(key.as_str()?), (key.span.clone(), value.clone())))
            });
            self.inventory.hosts[&host].vars.extend(vars);
        }
    }
}

/// The tree of what the program prints.
fn call(
    program: &Path,
    name: &Path,
    arguments: &[&str],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let called = format!("{} {}", name.display(), arguments.join(" "));
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            diagnostics.push(Diagnostic::error(format!(
                "can't run the inventory script `{}`: {error}",
                name.display()
            )));
            return None;
        }
    };
    if !output.status.success() {
        let problem = Diagnostic::error(format!("`{called}` failed: {}", output.status));
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        diagnostics.push(if said.is_empty() { problem } else { problem.note(said) });
        return None;
    }
    let Ok(text) = String::from_utf8(output.stdout) else {
        diagnostics.push(Diagnostic::error(format!("what `{called}` printed is not UTF-8 text")));
        return None;
    };
    // JSON is YAML: read this way, what it says has places too.
    let (node, problems) = parse(&Source::new(called, text));
    diagnostics.extend(problems);
    node
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;

    use super::read;
    use crate::inventory::model::Inventory;

    fn run(script: &str) -> (Inventory, String) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("hosts.sh");
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o700)
            .open(&program)
            .unwrap();
        file.write_all(script.as_bytes()).unwrap();
        drop(file);
        let (mut inventory, mut diagnostics) = (Inventory::new(), Vec::new());
        read(&program, Path::new("hosts.sh"), &mut inventory, &mut diagnostics);
        inventory.settle();
        (inventory, diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect())
    }

    #[test]
    fn groups_and_meta() {
        let (inventory, problems) = run(r#"#!/bin/sh
echo '{"web": {"hosts": ["h1", "h2"], "vars": {"a": 1}, "children": ["db"]}, "db": ["h3"],'
echo ' "_meta": {"hostvars": {"h1": {"b": "yes"}}}}'
"#);
        assert_eq!(problems, "");
        assert_eq!(inventory.hosts_in("web").len(), 3);
        assert_eq!(inventory.host("h1").unwrap().vars["b"].1.as_str(), Some("yes"));
        assert_eq!(inventory.host("h1").unwrap().vars["b"].0.to_string(), "hosts.sh --list:2:32");
    }

    #[test]
    fn each_host_is_asked_where_there_is_no_meta() {
        let (inventory, problems) = run(
            "#!/bin/sh\n[ \"$1\" = --list ] && echo '{\"a\": [\"x\"]}' || echo \"{\\\"n\\\": \\\"$2\\\"}\"\n",
        );
        assert_eq!(problems, "");
        assert_eq!(inventory.host("x").unwrap().vars["n"].1.as_str(), Some("x"));
    }

    #[test]
    fn failures_say_what_the_program_said() {
        let (_, problems) = run("#!/bin/sh\necho no token >&2\nexit 3\n");
        assert_eq!(problems, "`hosts.sh --list` failed: exit status: 3\n");
        let (_, problems) = run("#!/bin/sh\necho '[1]'\n");
        assert_eq!(
            problems,
            "hosts.sh --list:1:1: an inventory script must print a mapping, not a list\n"
        );
    }
}
