//! From the sources of an inventory to the inventory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity};
use crate::inventory::address::{expand, split_port};
use crate::inventory::model::{Inventory, UNGROUPED};
use crate::inventory::{ini, script, yaml};
use crate::project::{FileKind, Loader};
use crate::source::{Source, Span};
use crate::yaml::{Kind, Node, Tag, parse};

/// Endings of files in a folder that are no inventories, as Ansible ignores them.
const IGNORED_ENDINGS: [&str; 12] =
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
/// Folders of variables beside inventories.
const IGNORED_FOLDERS: [&str; 3] = ["group_vars", "host_vars", "vars_plugins"];

/// One place that hosts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file, a program or a folder of both.
    Path(PathBuf),
    /// A list with commas: `h1,h2,`.
    List(String),
}

impl Inventory {
    /// Reads sources one after the other; later ones add to and override earlier ones.
    pub fn load(origins: &[Origin], loader: &Loader) -> (Self, Vec<Diagnostic>) {
        let mut reading = Reading { loader, inventory: Self::new(), diagnostics: Vec::new() };
        for origin in origins {
            match origin {
                Origin::List(list) => reading.list(list),
                Origin::Path(path) => {
                    let is_folder = loader.is_folder(path);
                    let folder = if is_folder { Some(path.as_path()) } else { path.parent() };
                    reading.inventory.folders.extend(folder.map(Path::to_path_buf));
                    reading.path(path, 0);
                }
            }
        }
        let Reading { mut inventory, mut diagnostics, .. } = reading;
        inventory.settle();
        diagnostics.extend(shared_names(&inventory));
        (inventory, diagnostics)
    }
}

struct Reading<'a> {
    loader: &'a Loader,
    inventory: Inventory,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn path(&mut self, path: &Path, depth: usize) {
        match self.loader.kind(path) {
            Some(FileKind::Folder) if depth < 20 => self.folder(path, depth),
            Some(FileKind::Folder) => {}
            Some(FileKind::Program) if self.is_script(path) => {
                script::read(
                    path,
                    &self.loader.name(path),
                    &mut self.inventory,
                    &mut self.diagnostics,
                );
            }
            Some(_) => self.file(path),
            None => {
                let name = self.loader.name(path);
                self.diagnostics
                    .push(Diagnostic::error(format!("no inventory at `{}`", name.display())));
            }
        }
    }

    fn folder(&mut self, path: &Path, depth: usize) {
        for name in self.loader.list(path) {
            let ignored = name.starts_with('.')
                || IGNORED_FOLDERS.contains(&name.as_str())
                || IGNORED_ENDINGS.iter().any(|ending| name.ends_with(ending));
            if !ignored {
                self.path(&path.join(name), depth + 1);
            }
        }
    }

    /// An executable file that is plain text (a checkout without modes) is still an inventory file.
    fn is_script(&self, path: &Path) -> bool {
        match self.loader.text(path) {
            Ok(source) => source.text().starts_with("#!"),
            Err(_) => true,
        }
    }

    fn file(&mut self, path: &Path) {
        let source = match self.loader.text(path) {
            Ok(source) => source,
            Err(problem) => return self.diagnostics.push(*problem),
        };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("yml" | "yaml" | "json") => self.yaml(path, &source),
            Some("toml") => {
                let name = self.loader.name(path);
                self.diagnostics.push(
                    Diagnostic::error(format!(
                        "`{}`: inventories in TOML are not supported",
                        name.display()
                    ))
                    .help("write it in YAML or INI"),
                );
            }
            None if self.looks_like_yaml(&source) => self.yaml(path, &source),
            _ => ini::read(&source, path, &mut self.inventory, &mut self.diagnostics),
        }
    }

    fn looks_like_yaml(&self, source: &Arc<Source>) -> bool {
        let (node, problems) = parse(source);
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        // A text that says it is YAML has its mistakes told as YAML's.
        let announced = source.text().starts_with("---");
        announced || (!broken && node.is_some_and(|node| yaml::is_inventory(&node)))
    }

    fn yaml(&mut self, path: &Path, source: &Arc<Source>) {
        let (node, problems) = parse(source);
        self.diagnostics.extend(problems);
        if let Some(node) = node {
            yaml::read(&node, path, &mut self.inventory, &mut self.diagnostics);
        }
    }

    fn list(&mut self, list: &str) {
        let source = Source::new("--inventory", list);
        let mut start = 0;
        for item in list.split(',') {
            let name = item.trim();
            let at = start + item.len() - item.trim_start().len();
            start += item.len() + 1;
            if name.is_empty() {
                continue;
            }
            let span = Span::new(&source, at, at + name.len());
            let (pattern, port) = split_port(name);
            match expand(pattern) {
                Ok(names) => {
                    for name in names {
                        let host = self.inventory.add_host(&name, UNGROUPED);
                        host.at.get_or_insert_with(|| span.clone());
                        if let Some(port) = port {
                            let value = Node {
                                kind: Kind::Int(i64::from(port)),
                                tag: Tag::None,
                                span: span.clone(),
                            };
                            host.vars
                                .entry(Arc::from("ansible_port"))
                                .or_insert((span.clone(), value));
                        }
                    }
                }
                Err(problem) => self.diagnostics.push(Diagnostic::error(problem).at(&span, "")),
            }
        }
    }
}

/// A name that is a host and a group makes patterns mean both.
fn shared_names(inventory: &Inventory) -> Vec<Diagnostic> {
    let shared = inventory.hosts.values().filter(|host| inventory.groups.contains_key(&host.name));
    shared
        .map(|host| {
            let problem = Diagnostic::warning(format!(
                "`{}` is the name of a host and of a group",
                host.name
            ));
            match &host.at {
                Some(at) => problem.at(at, "the host"),
                None => problem,
            }
        })
        .collect()
}
