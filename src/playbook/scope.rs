//! What holds for a task: its own directives and those of everything around it.

use std::sync::Arc;

use crate::playbook::role::Role;
use crate::source::{Span, Spanned};
use crate::yaml::Node;

/// The directives of one play, import, role, block or task, and what they stand in.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Directives written here.
    pub own: Directives,
    /// The scope around.
    pub parent: Option<Arc<Self>>,
    /// The role that begins here.
    pub role: Option<Arc<Role>>,
    /// The variables are those of an include, which win over what was set or registered before.
    pub params: bool,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    /// The name.
    pub name: Spanned<Arc<str>>,
    /// The value, not yet rendered.
    pub value: Node,
}

/// Directives that tasks inherit. Of a single one the nearest counts, lists add up; [`Scope`] knows how.
#[derive(Clone, Debug, Default)]
pub struct Directives {
    /// Variables; of the same name the last counts.
    pub vars: Vec<Var>,
    /// Conditions, all of them.
    pub when: Vec<Node>,
    /// Tags, one each; they may be templates.
    pub tags: Vec<Spanned<Arc<str>>>,
    /// Handlers to notify.
    pub notify: Vec<Node>,
    /// Environment variables: a mapping, a list of mappings or a template.
    pub environment: Option<Node>,
    /// Defaults of modules' arguments: a mapping, a list of mappings or a template.
    pub module_defaults: Option<Node>,
    /// Where to look for modules named short.
    pub collections: Option<Node>,
    /// Whether to become another user.
    pub r#become: Option<Node>,
    /// Which.
    pub become_user: Option<Node>,
    /// By which program.
    pub become_method: Option<Node>,
    /// With which options for it.
    pub become_flags: Option<Node>,
    /// Where that program is.
    pub become_exe: Option<Node>,
    /// How to reach the host.
    pub connection: Option<Node>,
    /// On which port.
    pub port: Option<Node>,
    /// As which user.
    pub remote_user: Option<Node>,
    /// Whether only to predict; `false` runs even where all else is only predicted.
    pub check_mode: Option<Node>,
    /// Whether to show differences.
    pub diff: Option<Node>,
    /// Whether to keep arguments and results out of every output.
    pub no_log: Option<Node>,
    /// Whether to go on after a failure.
    pub ignore_errors: Option<Node>,
    /// Whether to go on with a host that can't be reached.
    pub ignore_unreachable: Option<Node>,
    /// Whether one failure ends the play for all hosts.
    pub any_errors_fatal: Option<Node>,
    /// Whether it runs on the first host only, for all.
    pub run_once: Option<Node>,
    /// The host to run it on instead.
    pub delegate_to: Option<Node>,
    /// Whether facts are then that host's.
    pub delegate_facts: Option<Node>,
    /// How many hosts at once.
    pub throttle: Option<Node>,
    /// Seconds it may take.
    pub timeout: Option<Node>,
    /// When to start the debugger.
    pub debugger: Option<Node>,
}

impl Scope {
    /// A scope inside of `parent`.
    pub fn inside(parent: &Arc<Self>, own: Directives) -> Self {
        Self { own, parent: Some(Arc::clone(parent)), role: None, params: false }
    }

    /// This scope and those around it, the nearest first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.parent.as_deref())
    }

    /// The directive that counts: the nearest one.
    pub fn nearest(&self, pick: impl Fn(&Directives) -> &Option<Node>) -> Option<&Node> {
        self.chain().find_map(|scope| pick(&scope.own).as_ref())
    }

    /// Every such directive, the outermost first: `environment` and `module_defaults` add up this way.
    pub fn every(&self, pick: impl Fn(&Directives) -> &Option<Node>) -> Vec<&Node> {
        let mut found: Vec<&Node> =
            self.chain().filter_map(|scope| pick(&scope.own).as_ref()).collect();
        found.reverse();
        found
    }

    /// Every condition, those of the outermost first.
    pub fn when(&self) -> Vec<&Node> {
        let mut scopes: Vec<&Self> = self.chain().collect();
        scopes.reverse();
        scopes.into_iter().flat_map(|scope| &scope.own.when).collect()
    }

    /// Every tag, the nearest first.
    pub fn tags(&self) -> Vec<&Spanned<Arc<str>>> {
        self.chain().flat_map(|scope| &scope.own.tags).collect()
    }

    /// The handlers to notify: those of the nearest scope that names any.
    pub fn notify(&self) -> &[Node] {
        self.chain()
            .map(|scope| &scope.own.notify[..])
            .find(|names| !names.is_empty())
            .unwrap_or(&[])
    }

    /// Every variable up to the play's, the outermost first: later ones win.
    pub fn vars(&self) -> Vec<&Var> {
        let mut scopes: Vec<&Self> = self.chain().collect();
        scopes.reverse();
        scopes.into_iter().flat_map(|scope| &scope.own.vars).collect()
    }

    /// The role it is in.
    pub fn role(&self) -> Option<&Arc<Role>> {
        self.roles().next()
    }

    /// The role that this is in, the one that brought that one, and so on.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.chain().filter_map(|scope| scope.role.as_ref())
    }
}

impl Var {
    /// Joins a name, its place and a value.
    pub fn new(name: &str, at: &Span, value: Node) -> Self {
        Self { name: Spanned::new(Arc::from(name), at.clone()), value }
    }
}
