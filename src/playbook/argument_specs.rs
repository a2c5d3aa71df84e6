//! `argument_specs` of a role: the task that checks its variables before its first task.

use std::sync::Arc;

use crate::playbook::model::{Action, ActionArgs, Task, TaskItem};
use crate::playbook::reading::{Place, text_node};
use crate::playbook::role::Role;
use crate::playbook::scope::{Directives, Scope, Var};
use crate::source::Spanned;
use crate::yaml::Node;

/// The module that checks.
const MODULE: &str = "validate_argument_spec";

/// The task that checks the variables of a role before the tasks of `entry` (`main` where nothing is said), if the role has a
/// specification for these.
pub(super) fn check(role: &Arc<Role>, entry: Option<&str>, place: &Place) -> Option<TaskItem> {
    let specs = role.meta.argument_specs.as_ref()?;
    let entry = entry.map_or("main", |file| file.split('.').next().unwrap_or(file));
    let (key, spec) = specs.entry(entry)?;
    let at = key.span.clone();
    let about = spec.get("short_description").and_then(Node::as_str);
    let about = about.map(|about| format!(" - {about}")).unwrap_or_default();
    let title = format!("Validating arguments against arg spec '{entry}'{about}");
    let mut args = ActionArgs::default();
    if let Some(options) = spec.get("options") {
        args.named.push(Var::new("argument_spec", &options.span, options.clone()));
    }
    args.named.push(Var::new("entry", &at, text_node(entry, &at)));
    let own = Directives {
        tags: vec![Spanned::new(Arc::from("always"), at.clone())],
        ..Directives::default()
    };
    Some(TaskItem::Task(Arc::new(Task {
        name: Some(text_node(&title, &at)),
        action: Action {
            name: Spanned::new(Arc::from(MODULE), at.clone()),
            module: Some(Arc::from(MODULE)),
            args,
        },
        scope: Arc::new(Scope::inside(&place.scope, own)),
        register: None,
        r#loop: None,
        changed_when: None,
        failed_when: None,
        until: Vec::new(),
        retries: None,
        delay: None,
        r#async: None,
        poll: None,
        listen: Vec::new(),
        handler: false,
        file: Arc::clone(&place.file),
        at,
    })))
}
