//! Modules that need no host: the controller does them itself while it binds a task.
//!
//! One file each. They read variables and return results; none of them touches a host.

mod add_host;
mod assert;
pub(crate) mod catalogue;
mod debug;
mod fail;
mod group_by;
mod include_vars;
mod meta;
mod pause;
mod set_fact;
mod set_stats;
pub(crate) mod upstream;
mod validate;

use std::sync::Arc;

use crate::plan::eval::Eval;
use crate::plan::files::Files;
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::playbook::{Action as Written, Task};
use crate::value::Value;
use crate::vars::Vars;
use crate::yaml::{Kind, Node, Style, Tag};

pub(crate) use meta::Meta;

/// A controller-only module.
pub(crate) struct Action {
    /// Its short name.
    pub(crate) name: &'static str,
    /// The arguments it takes; none where any name is an argument.
    pub(crate) args: Option<&'static [&'static str]>,
    /// The argument that text without a name is given to.
    pub(crate) free_form: Option<&'static str>,
    /// Does it.
    pub(crate) run: fn(&Context<'_>) -> Result<Done, Halt>,
}

/// What an action may read.
pub(crate) struct Context<'a> {
    /// Evaluates templates and conditions.
    pub(crate) eval: &'a Eval,
    /// The variables of the task on this host.
    pub(crate) vars: &'a Vars,
    /// The task.
    pub(crate) task: &'a Task,
    /// Finds files of the project.
    pub(crate) files: &'a Files,
}

/// What an action did.
pub(crate) struct Done {
    /// What is shown and registered.
    pub(crate) outcome: Outcome,
    /// Variables that the host has from now on.
    pub(crate) set: Vec<(String, Variable)>,
    /// They are facts as well (`cacheable`).
    pub(crate) as_facts: bool,
    /// What the play does next.
    pub(crate) flow: Option<Flow>,
}

/// A variable that an action sets.
pub(crate) enum Variable {
    /// Data.
    Data(Value),
    /// Text of the project, which may be a template.
    Text(Node),
}

/// What an action asks of the play.
pub(crate) enum Flow {
    /// A `meta` task.
    Meta(Meta),
    /// A host is added to the inventory.
    AddHost {
        /// Its name.
        name: String,
        /// The groups it joins.
        groups: Vec<String>,
        /// Its variables.
        vars: Vec<(String, Value)>,
    },
    /// The host joins a group.
    Group {
        /// The group.
        name: String,
        /// Groups that the group joins.
        parents: Vec<String>,
    },
    /// Whether a `meta` task that ends something happens can't be told.
    MayEnd(Meta, converge_host::stop::Why),
    /// Nothing goes on for this long.
    Pause(std::time::Duration),
}

/// Every controller-only module that is one action; `include_tasks`, `include_role` and the imports change the list of tasks
/// and are known to the run itself.
pub(crate) static ALL: &[Action] = &[
    add_host::ACTION,
    assert::ACTION,
    debug::ACTION,
    fail::ACTION,
    group_by::ACTION,
    include_vars::ACTION,
    meta::ACTION,
    pause::ACTION,
    set_fact::ACTION,
    set_stats::ACTION,
    validate::ACTION,
];

/// The action of a short name.
pub(crate) fn find(name: &str) -> Option<&'static Action> {
    ALL.iter().find(|action| action.name == name)
}

impl Context<'_> {
    /// The node of an argument.
    pub(crate) fn node(&self, name: &str) -> Option<&Node> {
        self.written().args.get(name)
    }

    /// The value of an argument; none where it is not given, null, or omitted.
    pub(crate) fn value(&self, name: &str) -> Result<Option<Value>, Halt> {
        let Some(node) = self.node(name) else { return Ok(None) };
        let value = self.eval.value(node, self.vars)?;
        Ok((!value.is_null() && !value.is_omit()).then_some(value))
    }

    /// An argument as text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Halt> {
        self.value(name)?.map(|value| self.eval.shown(&value)).transpose()
    }

    /// An argument as a truth value.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Halt> {
        self.value(name)?.map_or(Ok(default), |value| self.eval.boolean(&value))
    }

    /// All arguments that were given, evaluated; omitted ones are left out.
    pub(crate) fn values(&self) -> Result<Vec<(String, Value)>, Halt> {
        let mut values = Vec::new();
        for argument in &self.written().args.named {
            let value = self.eval.value(&argument.value, self.vars)?;
            if !value.is_omit() {
                values.push((argument.name.value.to_string(), value));
            }
        }
        Ok(values)
    }

    /// The names of all arguments, as they are written.
    pub(crate) fn names(&self) -> impl Iterator<Item = Node> {
        self.written().args.named.iter().map(|argument| Node {
            kind: Kind::Str(Arc::clone(&argument.name.value), Style::Quoted),
            tag: Tag::None,
            span: argument.name.span.clone(),
        })
    }

    fn written(&self) -> &Written {
        &self.task.action
    }
}

impl Done {
    /// Only an outcome.
    pub(crate) fn new(outcome: Outcome) -> Self {
        Self { outcome, set: Vec::new(), as_facts: false, flow: None }
    }
}
