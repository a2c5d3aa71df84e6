//! `assert`: fails unless every condition holds.

use crate::actions::{Action, Context, Done};
use crate::plan::eval::Truth;
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};
use crate::yaml::Node;

pub(super) const ACTION: Action = Action {
    name: "assert",
    args: Some(&["that", "fail_msg", "msg", "success_msg", "quiet"]),
    free_form: None,
    run,
};

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let Some(that) = context.node("that") else {
        return Err(Halt::new("conditional required in \"that\" string"));
    };
    let conditions: Vec<Node> = that.as_seq().map_or_else(|| vec![that.clone()], <[Node]>::to_vec);
    for condition in &conditions {
        match context.eval.condition(condition, context.vars)? {
            Truth::Yes => {}
            Truth::Unknown(unknown) => return Err(Halt::Unknown(unknown)),
            Truth::No => return failed(context, condition),
        }
    }
    let mut results = Map::new();
    let message = context.value("success_msg")?.unwrap_or_else(|| "All assertions passed".into());
    results.insert("msg".into(), message);
    Ok(Done::new(Outcome::local(false, results)))
}

fn failed(context: &Context<'_>, condition: &Node) -> Result<Done, Halt> {
    let message = match context.value("fail_msg")? {
        Some(message) => message,
        None => context.value("msg")?.unwrap_or_else(|| "Assertion failed".into()),
    };
    let shown = message.as_list().map_or_else(
        || context.eval.shown(&message),
        |lines| {
            lines
                .iter()
                .map(|line| context.eval.shown(line))
                .collect::<Result<Vec<_>, _>>()
                .map(|lines| lines.join("\n"))
        },
    )?;
    let mut outcome = Outcome::failed(shown);
    outcome.set("msg", message);
    outcome.set("evaluated_to", false.into());
    outcome.set("assertion", Value::text(condition.as_str().unwrap_or(condition.span.text())));
    Ok(Done::new(outcome))
}
