//! Lists of tasks, blocks and tasks.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::playbook::action::CONSTRUCTS;
use crate::playbook::fields::{Fields, is_identifier};
use crate::playbook::keyword::Level;
use crate::playbook::model::{Action, Block, Task, TaskItem};
use crate::playbook::reading::{Place, Reading, text_node};
use crate::playbook::scope::Scope;
use crate::source::{Span, Spanned};
use crate::yaml::{Kind, Node};

/// Keys that make an item a block.
const BLOCK_KEYS: [&str; 3] = ["block", "rescue", "always"];

impl Reading<'_> {
    /// The items of a list of tasks. `name` is what messages call the list.
    pub(super) fn items(&mut self, name: &str, node: &Node, place: &Place) -> Vec<TaskItem> {
        let tasks = match &node.kind {
            Kind::Null => return Vec::new(),
            Kind::Seq(tasks) => tasks,
            _ => {
                self.refuse(
                    &node.span,
                    format!("`{name}` must be a list of tasks, not {}", node.describe()),
                );
                return Vec::new();
            }
        };
        let mut items = Vec::new();
        for task in tasks.iter().filter(|task| task.kind != Kind::Null) {
            match task.as_map() {
                Some(entries) if BLOCK_KEYS.iter().any(|key| task.get(key).is_some()) => {
                    items.extend(self.block(entries, task, place));
                }
                Some(entries) => items.extend(self.task(entries, task, place)),
                None => self.refuse(
                    &task.span,
                    format!("a task must be a mapping, not {}", task.describe()),
                ),
            }
        }
        items
    }

    fn block(&mut self, entries: &[(Node, Node)], node: &Node, place: &Place) -> Option<TaskItem> {
        let fields = self.fields(entries, Level::Block);
        self.refuse_unknown("a block", Level::Block, &fields.rest);
        let Some(tasks) = fields.get("block") else {
            let key =
                BLOCK_KEYS.iter().find_map(|key| node.entry(key)).map_or(node, |(key, _)| key);
            let name = key.as_str().unwrap_or_default();
            self.refuse(&key.span, format!("`{name}` needs a `block` beside it"));
            return None;
        };
        let scope = Arc::new(Scope::inside(&place.scope, fields.directives.clone()));
        let place = place.with(Arc::clone(&scope));
        let mut part = |name: &str| {
            fields.get(name).map(|tasks| self.items(name, tasks, &place)).unwrap_or_default()
        };
        let (rescue, always) = (part("rescue"), part("always"));
        let block = self.items("block", tasks, &place);
        Some(TaskItem::Block(Arc::new(Block {
            name: fields.node("name"),
            scope,
            block,
            rescue,
            always,
            at: node.span.clone(),
        })))
    }

    fn task(&mut self, entries: &[(Node, Node)], node: &Node, place: &Place) -> Vec<TaskItem> {
        let level = if place.handler { Level::Handler } else { Level::Task };
        let mut fields = self.fields(entries, level);
        let at = first_key(entries, &node.span);
        let Some((action, local)) = self.action(&fields, &place.scope, &at) else {
            return Vec::new();
        };
        if local {
            fields.directives.delegate_to = Some(text_node("localhost", &action.name.span));
        }
        let module = action.module.as_deref().unwrap_or_default();
        let construct = CONSTRUCTS.iter().find(|name| **name == module);
        let task = self.one_task(fields, action, place, at);
        match construct {
            Some(construct) => self.construct(construct, task, place),
            None => vec![TaskItem::Task(Arc::new(task))],
        }
    }

    fn one_task(&mut self, fields: Fields<'_>, action: Action, place: &Place, at: Span) -> Task {
        let register = self.register(&fields);
        let r#loop = self.task_loop(&fields);
        let mut conditions =
            |name: &str| fields.get(name).map(|value| self.conditions(name, value));
        let (changed_when, failed_when) = (conditions("changed_when"), conditions("failed_when"));
        let until = conditions("until").unwrap_or_default();
        let listen =
            fields.get("listen").map(|value| self.strings("listen", value)).unwrap_or_default();
        Task {
            name: fields.node("name"),
            action,
            register,
            r#loop,
            changed_when,
            failed_when,
            until,
            retries: fields.node("retries"),
            delay: fields.node("delay"),
            r#async: fields.node("async"),
            poll: fields.node("poll"),
            listen,
            handler: place.handler,
            file: Arc::clone(&place.file),
            scope: Arc::new(Scope::inside(&place.scope, fields.directives)),
            at,
        }
    }

    fn register(&mut self, fields: &Fields<'_>) -> Option<Spanned<Arc<str>>> {
        let node = fields.get("register")?;
        match node.as_str() {
            Some(name) if is_identifier(name) => {
                Some(Spanned::new(Arc::from(name), node.span.clone()))
            }
            _ => {
                let name = node.span.text();
                let problem =
                    Diagnostic::error(format!("`{name}` can't be the name of a variable"))
                        .at(&node.span, "");
                self.tell(
                    problem
                        .help("names have letters, digits and `_`, and do not begin with a digit"),
                );
                None
            }
        }
    }
}

/// Where a task is pointed at: its first key, as a whole task is too much to show.
fn first_key(entries: &[(Node, Node)], whole: &Span) -> Span {
    entries.first().map_or_else(|| whole.clone(), |(key, _)| key.span.clone())
}
