//! A playbook as typed values. Whatever may be a template stays a [`Node`] and is rendered where it is used.

use std::path::PathBuf;
use std::sync::Arc;

use crate::source::{Span, Spanned};
use crate::yaml::Node;

/// The plays of one or more playbook files, imports expanded.
#[derive(Clone, Debug, Default)]
pub struct Playbook {
    /// In order.
    pub plays: Vec<Play>,
}

/// A play.
#[derive(Clone, Debug)]
pub struct Play {
    /// `name`, or the host pattern.
    pub name: String,
    /// Where it begins.
    pub span: Span,
    /// The folder of the playbook file: `group_vars`, `files`, `templates` and `roles` beside it are searched.
    pub folder: PathBuf,
    /// `hosts`: a pattern or a list of patterns.
    pub hosts: Node,
    /// `gather_facts`; none leaves it to the configuration.
    pub gather_facts: Option<Node>,
    /// `gather_subset`.
    pub gather_subset: Option<Node>,
    /// `vars`, in the order of the file.
    pub vars: Vars,
    /// `vars_files`.
    pub vars_files: Vec<Node>,
    /// `vars_prompt`.
    pub vars_prompt: Vec<Prompt>,
    /// The roles of `roles:`, dependencies included; they stand in `tasks` too.
    pub roles: Vec<Arc<Role>>,
    /// `pre_tasks`; handlers are flushed after them.
    pub pre_tasks: Vec<Item>,
    /// The tasks of `roles`.
    pub role_tasks: Vec<Item>,
    /// `tasks`; handlers are flushed after them and the roles.
    pub tasks: Vec<Item>,
    /// `post_tasks`; handlers are flushed after them.
    pub post_tasks: Vec<Item>,
    /// Handlers of the roles, then those of the play.
    pub handlers: Vec<Arc<Task>>,
    /// `serial`.
    pub serial: Option<Node>,
    /// `strategy`.
    pub strategy: Option<Spanned<String>>,
    /// `max_fail_percentage`.
    pub max_fail_percentage: Option<Node>,
    /// `force_handlers`.
    pub force_handlers: Option<Node>,
    /// `order`: `inventory`, `reverse_inventory`, `sorted`, `reverse_sorted`, `shuffle`.
    pub order: Option<Node>,
    /// What its blocks and tasks inherit.
    pub common: Arc<Common>,
}

/// `name: value` pairs that are variables.
pub type Vars = Vec<(Spanned<String>, Node)>;

/// One entry of `vars_prompt`.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// The variable.
    pub name: Spanned<String>,
    /// What is asked.
    pub prompt: Option<String>,
    /// What stands where nothing is typed.
    pub default: Option<Node>,
    /// Whether the answer is not echoed.
    pub private: bool,
    /// Whether it is asked twice.
    pub confirm: bool,
}

/// The keywords that plays, roles, blocks and tasks share, as written at one level. A task sees its own level first, then
/// `parent`, and so on up to the play: [`Common::first`].
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// The level around it.
    pub parent: Option<Arc<Common>>,
    /// The conditions of this level; those of outer levels hold as well.
    pub when: Vec<Node>,
    /// The tags of this level; those of outer levels are added. Templates are allowed.
    pub tags: Vec<Node>,
    /// The variables of this level (`vars` of a block, role or task; not a play's).
    pub vars: Vars,
    /// `environment` of this level: a mapping or a list of mappings; outer levels are merged beneath it.
    pub environment: Vec<Node>,
    /// `become`.
    pub become_: Option<Node>,
    /// `become_user`.
    pub become_user: Option<Node>,
    /// `become_method`.
    pub become_method: Option<Node>,
    /// `become_flags`.
    pub become_flags: Option<Node>,
    /// `remote_user`.
    pub remote_user: Option<Node>,
    /// `connection`.
    pub connection: Option<Node>,
    /// `port`.
    pub port: Option<Node>,
    /// `no_log`.
    pub no_log: Option<Node>,
    /// `check_mode`.
    pub check_mode: Option<Node>,
    /// `diff`.
    pub diff: Option<Node>,
    /// `ignore_errors`.
    pub ignore_errors: Option<Node>,
    /// `ignore_unreachable`.
    pub ignore_unreachable: Option<Node>,
    /// `any_errors_fatal`.
    pub any_errors_fatal: Option<Node>,
    /// `run_once`.
    pub run_once: Option<Node>,
    /// `delegate_to`.
    pub delegate_to: Option<Node>,
    /// `delegate_facts`.
    pub delegate_facts: Option<Node>,
    /// `throttle`.
    pub throttle: Option<Node>,
    /// `timeout`, in seconds.
    pub timeout: Option<Node>,
    /// `module_defaults` of this level: module or `group/NAME` → arguments.
    pub module_defaults: Vec<Node>,
    /// `collections` of this level.
    pub collections: Vec<String>,
}

/// An entry of a list of tasks.
#[derive(Clone, Debug)]
pub enum Item {
    /// A task.
    Task(Arc<Task>),
    /// A block.
    Block(Arc<Block>),
}

/// A block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its name.
    pub name: Option<String>,
    /// Where it begins.
    pub span: Span,
    /// `block`.
    pub block: Vec<Item>,
    /// `rescue`.
    pub rescue: Vec<Item>,
    /// `always`.
    pub always: Vec<Item>,
    /// What its tasks inherit.
    pub common: Arc<Common>,
}

/// A task or handler.
#[derive(Clone, Debug)]
pub struct Task {
    /// `name`, may be a template.
    pub name: Option<Node>,
    /// Where it begins.
    pub span: Span,
    /// The file it stands in: relative files are searched beside it.
    pub file: PathBuf,
    /// The role it belongs to.
    pub role: Option<Arc<Role>>,
    /// The module and its arguments.
    pub action: Action,
    /// `loop` or `with_*`.
    pub repeat: Option<Loop>,
    /// `register`.
    pub register: Option<Spanned<String>>,
    /// `changed_when`; all must hold.
    pub changed_when: Option<Vec<Node>>,
    /// `failed_when`; all must hold.
    pub failed_when: Option<Vec<Node>>,
    /// `until`; all must hold.
    pub until: Option<Vec<Node>>,
    /// `retries`.
    pub retries: Option<Node>,
    /// `delay`, in seconds.
    pub delay: Option<Node>,
    /// `notify`.
    pub notify: Vec<Node>,
    /// `listen`, of a handler.
    pub listen: Vec<Node>,
    /// `async`, in seconds.
    pub async_: Option<Node>,
    /// `poll`, in seconds.
    pub poll: Option<Node>,
    /// What it shares with plays and blocks.
    pub common: Arc<Common>,
}

/// A module and its arguments.
#[derive(Clone, Debug)]
pub struct Action {
    /// As written: `lineinfile`, `ansible.builtin.lineinfile`.
    pub name: Spanned<String>,
    /// The short name of what it means: `lineinfile`. With a collection where it is none of Ansible's own.
    pub module: String,
    /// Named arguments; those of `args:` are among them.
    pub args: Vec<(Spanned<String>, Node)>,
    /// Text that was given without a name, of modules that take some.
    pub free_form: Option<Node>,
    /// All arguments as one template (`args: "{{ … }}"` or `module: "{{ … }}"`).
    pub template: Option<Node>,
}

/// `loop` or `with_*`.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The lookup of `with_LOOKUP`; none for `loop`.
    pub lookup: Option<Spanned<String>>,
    /// What is looped over.
    pub items: Node,
    /// `loop_var`; none is `item`.
    pub loop_var: Option<Spanned<String>>,
    /// `index_var`.
    pub index_var: Option<Spanned<String>>,
    /// `label`.
    pub label: Option<Node>,
    /// `pause`, in seconds.
    pub pause: Option<Node>,
    /// `extended`: whether `ansible_loop` is set.
    pub extended: Option<Node>,
    /// `break_when`; all must hold.
    pub break_when: Option<Vec<Node>>,
}

/// What an include brings.
#[derive(Clone, Debug, Default)]
pub struct Included {
    /// The tasks.
    pub items: Vec<Item>,
    /// Handlers, of a role.
    pub handlers: Vec<Arc<Task>>,
    /// The role.
    pub role: Option<Arc<Role>>,
}

/// A role as it is used in one place.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name as written, without the path.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// `defaults/main.yml`.
    pub defaults: Vars,
    /// `vars/main.yml`.
    pub vars: Vars,
    /// Parameters given where it is used (other than keywords).
    pub params: Vars,
    /// Roles that it depends on, in order.
    pub dependencies: Vec<Arc<Role>>,
    /// The names of the roles through which it was reached, the nearest first.
    pub parents: Vec<String>,
    /// Their folders.
    pub parent_folders: Vec<PathBuf>,
}

impl Common {
    /// What the innermost level says that says something.
    pub fn first<T>(&self, field: impl Fn(&Self) -> Option<&T>) -> Option<&T> {
        let mut level = self;
        loop {
            if let Some(value) = field(level) {
                return Some(value);
            }
            level = level.parent.as_deref()?;
        }
    }

    /// The levels from the innermost to the play's.
    pub fn levels(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |level| level.parent.as_deref())
    }
}
