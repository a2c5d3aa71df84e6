//! What reading a playbook has to know about modules, and no more.

use std::sync::Arc;

/// The modules that tasks may name.
pub trait Modules: Send + Sync {
    /// The module called `name`, short (`copy`) or in full (`ansible.builtin.copy`).
    fn find(&self, name: &str) -> Option<ModuleInfo>;

    /// Every name, for "did you mean".
    fn names(&self) -> Vec<&str>;

    /// Whether there is a lookup called `name`, for `with_NAME`. Without a list of lookups every name is one.
    fn is_lookup(&self, _name: &str) -> bool {
        true
    }

    /// The names of the lookups, for "did you mean".
    fn lookups(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// A module, as far as the shape of its arguments goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// The one name that is used for it inside of converge.
    pub name: Arc<str>,
    /// Whether it takes text that is no `name=value`.
    pub free_form: FreeForm,
}

/// What a module takes apart from named arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeForm {
    /// Nothing.
    None,
    /// A text beside any named arguments, like `include_vars`.
    Text,
    /// A command: of what looks like arguments only those in [`COMMAND_ARGUMENTS`] are, all else belongs to the command.
    Command,
}

/// The arguments that may stand in the line of a command.
pub const COMMAND_ARGUMENTS: [&str; 8] = [
    "creates",
    "removes",
    "chdir",
    "executable",
    "warn",
    "stdin",
    "stdin_add_newline",
    "strip_empty_ends",
];

/// A name without the collection that every controller has.
pub fn short(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name)
}
