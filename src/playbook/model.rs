//! The types of a playbook that was read.
//!
//! What may be a template stays a [`Node`]. What a task inherits is found through its [`Scope`], whose parents are the blocks, imports and
//! roles around it and the play.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::playbook::role::Role;
use crate::playbook::scope::{Scope, Var};
use crate::source::{Span, Spanned};
use crate::yaml::Node;

/// A playbook: its plays, those of imported playbooks in their place.
#[derive(Clone, Debug)]
pub struct Playbook {
    /// The file.
    pub path: PathBuf,
    /// The plays in order.
    pub plays: Vec<Play>,
}

/// Tasks for hosts.
#[derive(Clone, Debug)]
pub struct Play {
    /// Its name; without one it is called by its hosts.
    pub name: Option<Node>,
    /// The host pattern: a string or a list of strings.
    pub hosts: Node,
    /// The folder of its playbook, beside which `group_vars` and `roles` are.
    pub folder: Arc<Path>,
    /// What its tasks inherit.
    pub scope: Arc<Scope>,
    /// Files of variables; an item that is a list means the first that is there.
    pub vars_files: Vec<Node>,
    /// Variables to ask for.
    pub vars_prompt: Vec<Prompt>,
    /// Whether to gather facts first.
    pub gather_facts: Option<Node>,
    /// Which facts.
    pub gather_subset: Option<Node>,
    /// Seconds that gathering may take.
    pub gather_timeout: Option<Node>,
    /// Where facts of the host's own are.
    pub fact_path: Option<Node>,
    /// Sizes of the groups of hosts that go through the play one after the other: numbers or percentages.
    pub serial: Vec<Node>,
    /// How hosts go through the tasks.
    pub strategy: Option<Node>,
    /// In which order hosts are taken.
    pub order: Option<Node>,
    /// How many of the hosts may fail.
    pub max_fail_percentage: Option<Node>,
    /// Whether handlers run on hosts that failed.
    pub force_handlers: Option<Node>,
    /// Tasks before the roles.
    pub pre_tasks: Vec<TaskItem>,
    /// Roles, in order; one whose name is a template is an include.
    pub roles: Vec<TaskItem>,
    /// Tasks after the roles.
    pub tasks: Vec<TaskItem>,
    /// Tasks at the end.
    pub post_tasks: Vec<TaskItem>,
    /// Handlers: those of the roles, then the play's own. Of several with one name the last is meant.
    pub handlers: Vec<TaskItem>,
    /// Where it stands.
    pub at: Span,
}

/// One variable to ask for before the play.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The variable.
    pub name: Spanned<Arc<str>>,
    /// The question.
    pub prompt: Option<Node>,
    /// The answer if there is none.
    pub default: Option<Node>,
    /// Whether the answer is not shown, which is so unless this says otherwise.
    pub private: Option<Node>,
    /// Whether to ask twice.
    pub confirm: Option<Node>,
    /// The scheme to hash the answer with.
    pub encrypt: Option<Node>,
    /// The salt for that.
    pub salt: Option<Node>,
    /// How long a salt to make.
    pub salt_size: Option<Node>,
    /// Whether the answer may hold template signs.
    pub r#unsafe: Option<Node>,
}

/// Something in a list of tasks. Cheap to clone.
#[derive(Clone, Debug)]
pub enum TaskItem {
    /// A task.
    Task(Arc<Task>),
    /// Tasks that belong together.
    Block(Arc<Block>),
    /// A role of `roles:` or `import_role`.
    Role(Arc<RoleRun>),
    /// What is only known when it is reached: `include_tasks` and `include_role`.
    Include(Arc<Include>),
}

/// Tasks with one scope, and what to do when one of them fails.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name.
    pub name: Option<Node>,
    /// What its tasks inherit.
    pub scope: Arc<Scope>,
    /// Its tasks.
    pub block: Vec<TaskItem>,
    /// Tasks for hosts on which one of `block` failed.
    pub rescue: Vec<TaskItem>,
    /// Tasks whatever happened.
    pub always: Vec<TaskItem>,
    /// Where it stands.
    pub at: Span,
}

/// A role at one place where it runs.
#[derive(Clone, Debug)]
pub struct RoleRun {
    /// The role.
    pub role: Arc<Role>,
    /// What its tasks inherit.
    pub scope: Arc<Scope>,
    /// The roles it depends on, to run before.
    pub dependencies: Vec<Arc<Self>>,
    /// Its tasks.
    pub items: Vec<TaskItem>,
    /// Its handlers.
    pub handlers: Vec<TaskItem>,
    /// Whether it runs even where a role of the same [`Role::identity`] ran on the host in this play.
    pub allow_duplicates: bool,
    /// Whether its variables are the play's from then on: so for `roles:` and imports, by `public` for includes.
    pub public: bool,
    /// Where it is used.
    pub at: Span,
}

/// One task or handler.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its name; without one it is called by its action.
    pub name: Option<Node>,
    /// What to do.
    pub action: Action,
    /// Its own directives and those it inherits: `when`, `tags`, `vars`, `become`, …
    pub scope: Arc<Scope>,
    /// The variable that the result goes to.
    pub register: Option<Spanned<Arc<str>>>,
    /// What to do it for.
    pub r#loop: Option<Loop>,
    /// Conditions under which it counts as a change, all of them.
    pub changed_when: Option<Vec<Node>>,
    /// Conditions under which it counts as a failure, all of them.
    pub failed_when: Option<Vec<Node>>,
    /// Conditions until which it is repeated, all of them.
    pub until: Vec<Node>,
    /// How often to repeat.
    pub retries: Option<Node>,
    /// Seconds between.
    pub delay: Option<Node>,
    /// Seconds it may run in the background.
    pub r#async: Option<Node>,
    /// Seconds between looks at it; `0` does not wait.
    pub poll: Option<Node>,
    /// Topics a handler answers to beside its name.
    pub listen: Vec<Node>,
    /// Whether it is a handler.
    pub handler: bool,
    /// The file it stands in.
    pub file: Arc<Path>,
    /// Where it stands.
    pub at: Span,
}

/// A module and its arguments.
#[derive(Clone, Debug)]
pub struct Action {
    /// The module as written.
    pub name: Spanned<Arc<str>>,
    /// The module's own name; nothing where the written one is a template.
    pub module: Option<Arc<str>>,
    /// What it is given.
    pub args: ActionArgs,
}

/// Arguments as written. A named one wins over the same one in `whole`.
#[derive(Clone, Debug, Default)]
pub struct ActionArgs {
    /// Text that is no named argument: the command of `command`, the file of `include_vars`.
    pub free: Option<Node>,
    /// Named arguments: each name once.
    pub named: Vec<Var>,
    /// A template that gives a mapping of arguments.
    pub whole: Option<Node>,
}

impl Task {
    /// The module's own name; as written where that is a template or nobody knows it.
    pub fn module(&self) -> &str {
        self.action.module.as_deref().unwrap_or(&self.action.name.value)
    }

    /// Whether it is tried again until something holds.
    pub fn repeats(&self) -> bool {
        !self.until.is_empty() || self.retries.is_some()
    }
}

impl ActionArgs {
    /// A named argument.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.named
            .iter()
            .find(|argument| &*argument.name.value == name)
            .map(|argument| &argument.value)
    }
}

/// What a task is repeated for.
#[derive(Clone, Debug)]
pub struct Loop {
    /// `loop` or `with_…`.
    pub kind: LoopKind,
    /// Its value.
    pub items: Node,
    /// How.
    pub control: LoopControl,
    /// Where the keyword stands.
    pub at: Span,
}

/// Which keyword a loop was written with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `loop`: the value is the list.
    Loop,
    /// `with_NAME`: the value goes to the lookup of that name.
    With(Arc<str>),
}

/// `loop_control`.
#[derive(Clone, Debug, Default)]
pub struct LoopControl {
    /// The variable for the item, in place of `item`.
    pub loop_var: Option<Node>,
    /// The variable for the number of the turn.
    pub index_var: Option<Node>,
    /// What the item is called in the output.
    pub label: Option<Node>,
    /// Seconds between turns.
    pub pause: Option<Node>,
    /// Whether `ansible_loop` is there.
    pub extended: Option<Node>,
    /// Whether `ansible_loop.allitems` is.
    pub extended_allitems: Option<Node>,
    /// Conditions after which no further turn is done, all of them.
    pub break_when: Vec<Node>,
}

/// Tasks or a role that are read when they are reached.
#[derive(Clone, Debug)]
pub struct Include {
    /// The task that includes; its loop, conditions, tags and variables.
    pub task: Arc<Task>,
    /// What it includes.
    pub target: Target,
    /// The scope of what it includes.
    pub inner: Arc<Scope>,
    /// The folder of the play's playbook.
    pub folder: Arc<Path>,
}

/// What an include brings.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file of tasks.
    Tasks(Node),
    /// A role.
    Role(Box<RoleTarget>),
}

/// The arguments of `include_role`.
#[derive(Clone, Debug)]
pub struct RoleTarget {
    /// The role.
    pub name: Node,
    /// The file of tasks, in place of `main`.
    pub tasks_from: Option<Node>,
    /// The file of variables, in place of `main`.
    pub vars_from: Option<Node>,
    /// The file of defaults, in place of `main`.
    pub defaults_from: Option<Node>,
    /// The file of handlers, in place of `main`.
    pub handlers_from: Option<Node>,
    /// Whether it runs where it ran before; so unless this says otherwise.
    pub allow_duplicates: Option<Node>,
    /// Whether its variables are the play's from then on.
    pub public: Option<Node>,
    /// Whether its arguments are checked (`rolespec_validate`); so unless this says otherwise.
    pub validate: Option<Node>,
}
