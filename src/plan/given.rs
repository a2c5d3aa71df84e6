//! A task with all the arguments that it is given: those that are a template for a mapping, and defaults of modules.
//!
//! Modules of hosts are bound from values ([`crate::plan::call`]); actions of the controller read nodes, so for these the arguments
//! become nodes of a task of their own.

use std::sync::Arc;

use crate::plan::eval::Eval;
use crate::plan::halt::Halt;
use crate::playbook::{Task, Var, short};
use crate::value::{Key, Value};
use crate::vars::Vars;
use crate::yaml::{Kind, Node, Style, Tag};

/// The task with its whole arguments written out, where they are not already. Modules of hosts need no such thing.
pub(crate) fn complete(task: &Task, eval: &Eval, vars: &Vars) -> Result<Option<Arc<Task>>, Halt> {
    let mut defaults: Vec<Var> = Vec::new();
    for node in task.scope.every(|own| &own.module_defaults) {
        for (module, args) in node.as_map().unwrap_or_default() {
            if module.as_str().map(short) != Some(task.module()) {
                continue;
            }
            for (key, value) in args.as_map().unwrap_or_default() {
                let Some(name) = key.as_str() else { continue };
                defaults.retain(|other| &*other.name.value != name);
                defaults.push(Var::new(name, &key.span, value.clone()));
            }
        }
    }
    let whole = &task.action.args.whole;
    if defaults.is_empty() && whole.is_none() {
        return Ok(None);
    }
    let mut complete = task.clone();
    let named = &mut complete.action.args.named;
    let mut add = |var: Var| {
        if named.iter().all(|known| known.name.value != var.name.value) {
            named.push(var);
        }
    };
    if let Some(node) = whole {
        let value = eval.value(node, vars)?;
        let Some(map) = value.as_map() else {
            let problem = format!("the arguments must be a mapping, not {}", value.type_name());
            return Err(Halt::new(problem).at(&node.span));
        };
        for (key, value) in map {
            add(Var::new(&key.to_string(), &node.span, literal(value, node)));
        }
    }
    // What an action is told as text has no default: `meta: flush_handlers`, `include_vars: file.yml`.
    defaults.into_iter().for_each(add);
    complete.action.args.whole = None;
    Ok(Some(Arc::new(complete)))
}

/// A value as a node at the place of another: data, and never a template again.
fn literal(value: &Value, at: &Node) -> Node {
    let text = |text: &str| Kind::Str(text.into(), Style::Quoted);
    let kind = match value {
        Value::Null | Value::Omit => Kind::Null,
        Value::Bool(truth) => Kind::Bool(*truth),
        Value::Int(number) => Kind::Int(*number),
        Value::Float(number) => Kind::Float(*number),
        Value::Str(string) => text(string),
        Value::List(items) => Kind::Seq(items.iter().map(|item| literal(item, at)).collect()),
        Value::Map(map) => Kind::Map(
            map.iter()
                .map(|(key, value)| (literal(&Key::to_value(key), at), literal(value, at)))
                .collect(),
        ),
        other => text(&crate::value::text(other).unwrap_or_default()),
    };
    Node { kind, tag: Tag::Unsafe, span: at.span.clone() }
}
