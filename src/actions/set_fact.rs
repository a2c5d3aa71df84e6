//! `set_fact`: gives the host variables.

use crate::actions::{Action, Context, Done, Variable};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action { name: "set_fact", args: None, free_form: None, run };

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let as_facts = context.flag("cacheable", false)?;
    let mut facts = Map::new();
    let mut set = Vec::new();
    for (name, value) in context.values()? {
        if name == "cacheable" {
            continue;
        }
        let name = name_of(context, name)?;
        if !is_name(&name) {
            return Err(Halt::new(format!(
                "`{name}` is no variable name: letters, digits and underscores only, not beginning with a digit"
            )));
        }
        facts.insert(name.as_str().into(), value.clone());
        set.push((name, Variable::Data(value)));
    }
    if set.is_empty() {
        return Err(Halt::new("no variables were given"));
    }
    let mut results = Map::new();
    results.insert("ansible_facts".into(), Value::from(facts));
    Ok(Done { set, as_facts, ..Done::new(Outcome::local(false, results)) })
}

/// The name of a variable, which may be written as a template.
fn name_of(context: &Context<'_>, name: String) -> Result<String, Halt> {
    if !name.contains("{{") {
        return Ok(name);
    }
    let written = context.names().find(|node| node.as_str() == Some(&name));
    written.map_or(Ok(name.clone()), |node| context.eval.text(&node, context.vars))
}

fn is_name(name: &str) -> bool {
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
}
