//! Playbooks, roles and task files as typed trees.
//!
//! [`Reader::read`] turns a playbook and all that it imports into a [`Playbook`] and tells every mistake that can be known before anything
//! runs. What is only known at run time (`include_tasks`, `include_role`, an import with a template for a name) stays a
//! [`TaskItem::Include`], for [`Reader::include_tasks`] and [`Reader::include_role`].

mod action;
mod argument_specs;
mod fields;
mod include;
mod keyword;
mod listing;
mod looping;
mod model;
mod modules;
mod notify;
mod own;
mod pairs;
mod play;
mod probes;
mod reader;
mod reading;
mod role;
mod scope;
mod split;
mod start;
mod tags;
mod task;

pub use listing::{Listed, title};
pub use model::{
    Action, ActionArgs, Block, Include, Loop, LoopControl, LoopKind, Play, Playbook, Prompt,
    RoleRun, RoleTarget, Target, Task, TaskItem,
};
pub use modules::{COMMAND_ARGUMENTS, FreeForm, ModuleInfo, Modules, short};
pub use notify::answers_to;
pub use pairs::pairs;
pub use probes::{Probe, Probes};
pub use reader::{Reader, RoleNames};
pub use role::{From, Meta, Role};
pub use scope::{Directives, Scope, Var};
pub use start::{Start, find_start};
pub use tags::TagFilter;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
