//! The variables that inventory and files beside it give a host, and which of them wins.
//!
//! The order is Ansible's: variables of `all`, of other groups, then the files for `all`, for groups, the host's own variables and the
//! files for it; of each, what stands beside the playbook after what stands beside the inventory.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::inventory::model::{ALL, Host, Inventory, Vars};
use crate::project::{Loader, var_files};
use crate::source::Span;
use crate::yaml::{Kind, Node};

/// One variable of a host.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Where it comes from.
    pub layer: Layer,
    /// Its name.
    pub name: Arc<str>,
    /// Where the name stands.
    pub at: Span,
    /// Its value, not yet rendered.
    pub value: Node,
}

/// Where a variable of a host comes from. The order in a list is what decides, not the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layer {
    /// A group in the inventory.
    Group(Arc<str>),
    /// A file in `group_vars/`, for this group.
    GroupVars(Arc<str>, Beside),
    /// The host in the inventory.
    Host,
    /// A file in `host_vars/`.
    HostVars(Beside),
}

/// What a folder of variables stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// An inventory.
    Inventory,
    /// The playbook.
    Playbook,
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(formatter, "group `{group}` of the inventory"),
            Self::GroupVars(group, beside) => {
                write!(formatter, "group_vars of `{group}` beside {beside}")
            }
            Self::Host => write!(formatter, "the host in the inventory"),
            Self::HostVars(beside) => write!(formatter, "host_vars beside {beside}"),
        }
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Inventory => "the inventory",
            Self::Playbook => "the playbook",
        })
    }
}

impl Inventory {
    /// The variables of a host, the weakest first: of those with the same name the last one wins.
    ///
    /// `playbook` is the folder of the playbook, whose `group_vars` and `host_vars` count too. Files are read when the first host needs
    /// them, so that what is encrypted for other hosts needs no password.
    pub fn vars_for(
        &self,
        host: &Host,
        playbook: Option<&Path>,
        loader: &Loader,
    ) -> (Vec<Variable>, Vec<Diagnostic>) {
        let mut reading = Reading { loader, variables: Vec::new(), diagnostics: Vec::new() };
        let folders: Vec<(&Path, Beside)> = self
            .folders
            .iter()
            .map(|folder| (folder.as_path(), Beside::Inventory))
            .chain(playbook.map(|folder| (folder, Beside::Playbook)))
            .collect();
        let all = &self.groups[ALL];
        let groups = self.groups_of(&host.name);
        for group in [all].iter().chain(&groups) {
            reading.inventory(&Layer::Group(Arc::clone(&group.name)), &group.vars);
        }
        for (folder, beside) in &folders {
            reading.files(
                folder,
                "group_vars",
                ALL,
                &Layer::GroupVars(Arc::clone(&all.name), *beside),
            );
        }
        for (folder, beside) in &folders {
            for group in &groups {
                reading.files(
                    folder,
                    "group_vars",
                    &group.name,
                    &Layer::GroupVars(Arc::clone(&group.name), *beside),
                );
            }
        }
        reading.inventory(&Layer::Host, &host.vars);
        for (folder, beside) in &folders {
            reading.files(folder, "host_vars", &host.name, &Layer::HostVars(*beside));
        }
        (reading.variables, reading.diagnostics)
    }
}

struct Reading<'a> {
    loader: &'a Loader,
    variables: Vec<Variable>,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn inventory(&mut self, layer: &Layer, vars: &Vars) {
        self.variables.extend(vars.iter().map(|(name, (at, value))| Variable {
            layer: layer.clone(),
            name: Arc::clone(name),
            at: at.clone(),
            value: value.clone(),
        }));
    }

    fn files(&mut self, folder: &Path, kind: &str, name: &str, layer: &Layer) {
        for path in var_files(self.loader, &folder.join(kind), name) {
            let Some(node) = self.loader.yaml(&path, &mut self.diagnostics) else { continue };
            match &node.kind {
                Kind::Null => {}
                Kind::Map(entries) => {
                    for (key, value) in entries.iter() {
                        match key.as_str() {
                            Some(name) => self.variables.push(Variable {
                                layer: layer.clone(),
                                name: Arc::from(name),
                                at: key.span.clone(),
                                value: value.clone(),
                            }),
                            None => self.refuse(
                                &key.span,
                                format!(
                                    "a variable's name must be a string, not {}",
                                    key.describe()
                                ),
                            ),
                        }
                    }
                }
                _ => self.refuse(
                    &node.span,
                    format!("a file of variables must hold a mapping, not {}", node.describe()),
                ),
            }
        }
    }

    fn refuse(&mut self, at: &Span, message: String) {
        let problem = Diagnostic::error(message).at(at, "");
        if !self.diagnostics.contains(&problem) {
            self.diagnostics.push(problem);
        }
    }
}
