//! `fail`: fails with a message.

use crate::actions::{Action, Context, Done};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;

pub(super) const ACTION: Action =
    Action { name: "fail", args: Some(&["msg"]), free_form: None, run };

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let message = context.value("msg")?.unwrap_or_else(|| "Failed as requested from task".into());
    let mut outcome = Outcome::failed(context.eval.shown(&message)?);
    outcome.set("msg", message);
    Ok(Done::new(outcome))
}
