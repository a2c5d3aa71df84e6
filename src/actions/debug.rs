//! `debug`: shows a message or a variable.

use crate::actions::{Action, Context, Done};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};

pub(super) const ACTION: Action =
    Action { name: "debug", args: Some(&["msg", "var", "verbosity"]), free_form: None, run };

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let mut results = Map::new();
    if let Some(wanted) = context.value("verbosity")? {
        let wanted = context.eval.integer(&wanted)?;
        if wanted > context.eval.verbosity() {
            let mut outcome = Outcome::skipped(None);
            outcome.set("skipped_reason", "Verbosity threshold not met.".into());
            return Ok(Done::new(outcome));
        }
    }
    if let Some(node) = context.node("var") {
        let name = node.as_str().unwrap_or_default().trim().to_owned();
        let value = match context.eval.expression(node, context.vars) {
            Err(Halt::Mistake { undefined: true, .. }) => Value::text("VARIABLE IS NOT DEFINED!"),
            other => other?,
        };
        results.insert(name.into(), value);
    } else {
        let message = context.value("msg")?.unwrap_or_else(|| "Hello world!".into());
        results.insert("msg".into(), message);
    }
    Ok(Done::new(Outcome::local(false, results)))
}
