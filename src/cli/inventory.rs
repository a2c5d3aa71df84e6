//! `converge inventory`: what the inventory says, in the forms of `ansible-inventory`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::cli::args::InventoryArgs;
use crate::cli::exit::End;
use crate::cli::project::Project;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Diagnostic, nearest};
use crate::inventory::{Host, Inventory, Pattern};
use crate::project::Loader;
use crate::redact::MASK;
use crate::report::screen::Screen as _;
use crate::yaml::{Kind, Node, Tag};

/// The group of all hosts.
const ALL: &str = "all";

/// Prints an inventory.
pub(crate) fn inventory(
    args: &InventoryArgs,
    project: &Project,
    terminal: &Terminal,
) -> Result<End, Vec<Diagnostic>> {
    let (inventory, _, warnings) = project.inventory(&args.inventory)?;
    terminal.diagnostics(&warnings);
    if let Some(name) = &args.host {
        let Some(host) = inventory.host(name) else { return Err(vec![no_host(name, &inventory)]) };
        let (vars, warnings) = variables(&inventory, host, &project.loader);
        terminal.diagnostics(&warnings);
        terminal.answer(&text(&Value::Object(vars)));
        return Ok(End::Shown);
    }
    let shown = hosts(&inventory, args.limit.as_deref(), project)?;
    if args.list {
        let (document, warnings) = list(&inventory, &shown, &project.loader);
        terminal.diagnostics(&warnings);
        terminal.answer(&text(&document));
    } else {
        let mut graph = String::new();
        draw(&inventory, ALL, 0, &shown, &mut graph);
        terminal.out(&graph);
    }
    Ok(End::Shown)
}

/// The hosts that the limit leaves.
fn hosts(
    inventory: &Inventory,
    limit: Option<&str>,
    project: &Project,
) -> Result<BTreeSet<String>, Vec<Diagnostic>> {
    let Some(limit) = limit else {
        return Ok(inventory.hosts().map(|host| host.name.to_string()).collect());
    };
    let limit =
        Pattern::limit(limit, project.root(), &project.loader).map_err(|problem| vec![problem])?;
    crate::cli::project::refuse_errors(inventory.check_limit(&limit))?;
    let selected = inventory.select(&limit, None);
    Ok(selected.hosts.iter().map(|host| host.name.to_string()).collect())
}

fn no_host(name: &str, inventory: &Inventory) -> Diagnostic {
    let problem = Diagnostic::error(format!("the inventory has no host `{name}`"));
    let names: Vec<&str> = inventory.hosts().map(|host| &*host.name).collect();
    match nearest(name, names) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// As `ansible-inventory --list` prints it: groups by name, and the variables of all hosts under `_meta`.
fn list(
    inventory: &Inventory,
    shown: &BTreeSet<String>,
    loader: &Loader,
) -> (Value, Vec<Diagnostic>) {
    let mut warnings = Vec::new();
    let mut hostvars = Map::new();
    for host in inventory.hosts().filter(|host| shown.contains(&*host.name)) {
        let (vars, more) = variables(inventory, host, loader);
        warnings
            .extend(more.into_iter().filter(|more| !warnings.contains(more)).collect::<Vec<_>>());
        if !vars.is_empty() {
            hostvars.insert(host.name.to_string(), Value::Object(vars));
        }
    }
    let mut document = Map::from_iter([("_meta".to_owned(), json!({ "hostvars": hostvars }))]);
    for group in inventory.groups() {
        let mut entry = Map::new();
        let children: Vec<&str> = group.children.iter().map(|child| &**child).collect();
        if !children.is_empty() {
            entry.insert("children".into(), json!(children));
        }
        let hosts: Vec<&str> =
            group.hosts.iter().map(|host| &**host).filter(|host| shown.contains(*host)).collect();
        if !hosts.is_empty() {
            entry.insert("hosts".into(), json!(hosts));
        }
        if !entry.is_empty() {
            document.insert(group.name.to_string(), Value::Object(entry));
        }
    }
    (Value::Object(document), warnings)
}

/// As `ansible-inventory --graph` prints it.
fn draw(
    inventory: &Inventory,
    name: &str,
    depth: usize,
    shown: &BTreeSet<String>,
    graph: &mut String,
) {
    let Some(group) = inventory.group(name) else { return };
    let indent = |depth: usize| "  |".repeat(depth);
    let lead =
        |depth: usize| if depth == 0 { String::new() } else { format!("{}--", indent(depth)) };
    graph.push_str(&format!("{}@{name}:\n", lead(depth)));
    for child in &group.children {
        draw(inventory, child, depth + 1, shown, graph);
    }
    for host in group.hosts.iter().filter(|host| shown.contains(&***host)) {
        graph.push_str(&format!("{}{host}\n", lead(depth + 1)));
    }
}

/// The variables that the inventory gives a host, templates as they are written, vaulted values hidden.
fn variables(
    inventory: &Inventory,
    host: &Host,
    loader: &Loader,
) -> (Map<String, Value>, Vec<Diagnostic>) {
    let (variables, diagnostics) = inventory.vars_for(host, None, loader);
    let vars = variables.iter().map(|one| (one.name.to_string(), value(&one.value)));
    (vars.collect(), diagnostics)
}

fn value(node: &Node) -> Value {
    if node.tag == Tag::Vault || node.span.source().is_secret() {
        return Value::from(MASK);
    }
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(truth) => Value::from(*truth),
        Kind::Int(number) => Value::from(*number),
        Kind::BigInt(digits) => {
            digits.parse::<u64>().map_or_else(|_| Value::from(&**digits), Value::from)
        }
        Kind::Float(number) => Value::from(*number),
        Kind::Str(text, _) => Value::from(&**text),
        Kind::Seq(items) => items.iter().map(value).collect(),
        Kind::Map(entries) => {
            let entry = |(key, item): &(Node, Node)| {
                let key = match value(key) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                (key, value(item))
            };
            Value::Object(entries.iter().map(entry).collect())
        }
    }
}

fn text(value: &Value) -> String {
    // A value of JSON has a form in JSON.
    format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default())
}
