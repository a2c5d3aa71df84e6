//! One layer of variables: everything that one place says.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::value::Value;
use crate::vars::Var;
use crate::yaml::Node;

/// The variables that one place gives.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    origin: Origin,
    entries: Arc<IndexMap<Arc<str>, Var>>,
}

/// Which place gives a variable its value, from the lowest precedence to the highest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// `defaults/` of a role.
    RoleDefaults(String),
    /// The inventory: the file, `group_vars/…` or `host_vars/…` with its path.
    Inventory(String),
    /// `add_host`.
    AddHost,
    /// Facts that the host told.
    Facts,
    /// `vars` or `vars_prompt` of the play.
    Play,
    /// `vars_files` of the play, with the path.
    VarsFile(String),
    /// `vars/` of a role.
    RoleVars(String),
    /// `vars` of a block, task, or include.
    Task,
    /// `include_vars`.
    IncludeVars,
    /// `set_fact` or `register`.
    SetFact,
    /// Parameters of a role.
    RoleParams(String),
    /// `--extra-vars`.
    Extra,
    /// Set by converge itself.
    #[default]
    Magic,
}

impl Layer {
    /// Of variables as they stand in a file; of a name that stands twice the last counts.
    pub fn of_nodes<'a>(
        origin: Origin,
        vars: impl IntoIterator<Item = (&'a str, &'a Node)>,
    ) -> Self {
        let entries = vars.into_iter().map(|(name, node)| (name.into(), Var::Text(node.clone())));
        Self { origin, entries: Arc::new(entries.collect()) }
    }

    /// Of values.
    pub fn of_values(origin: Origin, values: impl IntoIterator<Item = (String, Value)>) -> Self {
        let entries = values.into_iter().map(|(name, value)| (name.into(), Var::Data(value)));
        Self { origin, entries: Arc::new(entries.collect()) }
    }

    /// With some values on top.
    #[must_use]
    pub fn and_values(mut self, values: impl IntoIterator<Item = (String, Value)>) -> Self {
        let entries = Arc::make_mut(&mut self.entries);
        entries.extend(values.into_iter().map(|(name, value)| (name.into(), Var::Data(value))));
        self
    }

    /// Of variables.
    pub fn of_vars(origin: Origin, entries: Arc<IndexMap<Arc<str>, Var>>) -> Self {
        Self { origin, entries }
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// A variable of it.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.entries.get(name)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.entries.keys()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoleDefaults(role) => write!(formatter, "defaults of role `{role}`"),
            Self::Inventory(place) => write!(formatter, "inventory ({place})"),
            Self::AddHost => formatter.write_str("add_host"),
            Self::Facts => formatter.write_str("facts"),
            Self::Play => formatter.write_str("vars of the play"),
            Self::VarsFile(path) => write!(formatter, "vars_files ({path})"),
            Self::RoleVars(role) => write!(formatter, "vars of role `{role}`"),
            Self::Task => formatter.write_str("vars of a block or task"),
            Self::IncludeVars => formatter.write_str("include_vars"),
            Self::SetFact => formatter.write_str("set_fact or register"),
            Self::RoleParams(role) => write!(formatter, "parameters of role `{role}`"),
            Self::Extra => formatter.write_str("--extra-vars"),
            Self::Magic => formatter.write_str("converge itself"),
        }
    }
}
