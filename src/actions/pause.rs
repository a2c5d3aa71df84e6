//! `pause`: lets time pass.
//!
//! A pause for an answer needs somebody who answers; without `seconds` or `minutes` there is nobody to wait for in a run that
//! was approved before it began, so it goes on at once and says so.

use std::time::Duration;

use crate::actions::{Action, Context, Done, Flow};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::Map;

pub(super) const ACTION: Action = Action {
    name: "pause",
    args: Some(&["seconds", "minutes", "prompt", "echo"]),
    free_form: None,
    run,
};

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let seconds = match (context.value("seconds")?, context.value("minutes")?) {
        (Some(seconds), _) => Some(context.eval.integer(&seconds)?),
        (None, Some(minutes)) => Some(context.eval.integer(&minutes)? * 60),
        (None, None) => None,
    };
    let mut results = Map::new();
    results.insert("user_input".into(), "".into());
    results.insert("echo".into(), context.flag("echo", true)?.into());
    let mut outcome = Outcome::local(false, results);
    if seconds.is_none() {
        outcome
            .warnings
            .push("a pause without a time does not wait: the run was approved as a whole".into());
    }
    let flow =
        seconds.map(|seconds| Flow::Pause(Duration::from_secs(seconds.max(0).unsigned_abs())));
    Ok(Done { flow, ..Done::new(outcome) })
}
