//! One source of variables.

use std::fmt;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;

use crate::source::Span;
use crate::template::Found;
use crate::value::{Map, Value};
use crate::yaml::{Kind, Node};

/// Where variables come from, from the weakest to the strongest, as Ansible orders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What ansible.cfg or converge itself sets where nothing else does.
    Builtin,
    /// `roles/x/defaults/main.yml`
    RoleDefaults,
    /// Variables of groups in the inventory file.
    InventoryGroup,
    /// `group_vars/all` beside the inventory.
    InventoryGroupVarsAll,
    /// `group_vars/all` beside the playbook.
    PlaybookGroupVarsAll,
    /// `group_vars/*` beside the inventory.
    InventoryGroupVars,
    /// `group_vars/*` beside the playbook.
    PlaybookGroupVars,
    /// Variables of hosts in the inventory file.
    InventoryHost,
    /// `host_vars/*` beside the inventory.
    InventoryHostVars,
    /// `host_vars/*` beside the playbook.
    PlaybookHostVars,
    /// Facts, and `set_fact` with `cacheable`.
    Facts,
    /// `vars` of the play.
    PlayVars,
    /// `vars_prompt` of the play.
    VarsPrompt,
    /// `vars_files` of the play.
    VarsFiles,
    /// `roles/x/vars/main.yml`
    RoleVars,
    /// `vars` of a block.
    BlockVars,
    /// `vars` of the task.
    TaskVars,
    /// `include_vars`
    IncludeVars,
    /// `set_fact` and `register`
    SetFact,
    /// Parameters of a role, of `include_role` and `import_role`.
    RoleParams,
    /// `vars` of `include_tasks` and its like.
    IncludeParams,
    /// `--extra-vars`
    ExtraVars,
    /// The loop variable and what belongs to it.
    Loop,
    /// What only the engine may set: `inventory_hostname`, `groups`, `hostvars`, `omit`, …
    Magic,
}

/// The name of a layer, for `explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// How strong it is.
    pub level: Level,
    /// What a person calls it: `group_vars/web.yml`, `role nginx`, `task “Install”`.
    pub name: Arc<str>,
}

/// Variables from one source. Shared between hosts and tasks.
pub struct Layer {
    origin: Origin,
    vars: IndexMap<Arc<str>, Entry>,
}

/// What a variable holds.
#[derive(Clone)]
pub enum Var {
    /// Text of the project, rendered when it is used.
    Template(Node),
    /// Data, which is never a template.
    Data(Value),
    /// Data that is fetched when it is first used: a result that may still be on its way.
    Lazy(Arc<dyn Fn() -> Value + Send + Sync>),
}

struct Entry {
    var: Var,
    span: Option<Span>,
    fetched: OnceLock<Value>,
}

impl Level {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Builtin => "built in",
            Self::RoleDefaults => "role defaults",
            Self::InventoryGroup => "inventory group",
            Self::InventoryGroupVarsAll => "inventory group_vars/all",
            Self::PlaybookGroupVarsAll => "playbook group_vars/all",
            Self::InventoryGroupVars => "inventory group_vars",
            Self::PlaybookGroupVars => "playbook group_vars",
            Self::InventoryHost => "inventory host",
            Self::InventoryHostVars => "inventory host_vars",
            Self::PlaybookHostVars => "playbook host_vars",
            Self::Facts => "facts",
            Self::PlayVars => "play vars",
            Self::VarsPrompt => "vars_prompt",
            Self::VarsFiles => "vars_files",
            Self::RoleVars => "role vars",
            Self::BlockVars => "block vars",
            Self::TaskVars => "task vars",
            Self::IncludeVars => "include_vars",
            Self::SetFact => "set_fact or register",
            Self::RoleParams => "role parameters",
            Self::IncludeParams => "include parameters",
            Self::ExtraVars => "extra vars",
            Self::Loop => "loop",
            Self::Magic => "magic",
        }
    }
}

impl Layer {
    /// An empty layer.
    pub fn new(level: Level, name: impl Into<Arc<str>>) -> Self {
        Self { origin: Origin { level, name: name.into() }, vars: IndexMap::new() }
    }

    /// A layer of the entries of a mapping in YAML; keys that are not text are left out.
    pub fn from_node(level: Level, name: impl Into<Arc<str>>, node: &Node) -> Self {
        let mut layer = Self::new(level, name);
        if let Kind::Map(entries) = &node.kind {
            for (key, value) in entries.iter() {
                if let Kind::Str(name, _) = &key.kind {
                    let entry = Entry::new(Var::Template(value.clone()), Some(key.span.clone()));
                    layer.vars.insert(Arc::clone(name), entry);
                }
            }
        }
        layer
    }

    /// A layer of the entries of a mapping of data.
    pub fn from_map(level: Level, name: impl Into<Arc<str>>, map: &Map) -> Self {
        let mut layer = Self::new(level, name);
        for (key, value) in map {
            if let Some(name) = key.as_str() {
                layer.set(name, Var::Data(value.clone()));
            }
        }
        layer
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<Arc<str>>, var: Var) {
        self.vars.insert(name.into(), Entry::new(var, None));
    }

    /// Sets a variable that is written somewhere.
    pub fn set_at(&mut self, name: impl Into<Arc<str>>, var: Var, span: Span) {
        self.vars.insert(name.into(), Entry::new(var, Some(span)));
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether it has no variable.
    pub fn is_empty(&self) -> bool {
        self.vars.is_empty()
    }

    /// The names of its variables, in order.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.vars.keys()
    }

    /// Whether it has a variable.
    pub fn contains(&self, name: &str) -> bool {
        self.vars.contains_key(name)
    }

    /// What a variable holds; a lazy one is fetched.
    pub fn get(&self, name: &str) -> Option<Found> {
        let entry = self.vars.get(name)?;
        Some(match &entry.var {
            Var::Template(node) => Found::Template(node.clone()),
            Var::Data(value) => Found::Data(value.clone()),
            Var::Lazy(fetch) => Found::Data(entry.fetched.get_or_init(|| fetch()).clone()),
        })
    }

    /// Where a variable is written.
    pub fn span(&self, name: &str) -> Option<&Span> {
        let entry = self.vars.get(name)?;
        match (&entry.var, &entry.span) {
            (_, Some(span)) => Some(span),
            (Var::Template(node), None) => Some(&node.span),
            _ => None,
        }
    }
}

impl Entry {
    fn new(var: Var, span: Option<Span>) -> Self {
        Self { var, span, fetched: OnceLock::new() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.name, self.level.name())
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Layer")
            .field("origin", &self.origin)
            .field("names", &self.vars.keys())
            .finish()
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(node) => write!(formatter, "Template({:?})", node.span),
            Self::Data(value) => write!(formatter, "Data({value:?})"),
            Self::Lazy(_) => formatter.write_str("Lazy"),
        }
    }
}
