//! `set_stats`: numbers and texts about the run.

use crate::actions::{Action, Context, Done};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::Map;

pub(super) const ACTION: Action = Action {
    name: "set_stats",
    args: Some(&["data", "per_host", "aggregate"]),
    free_form: None,
    run,
};

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let mut stats = Map::new();
    stats.insert("data".into(), context.value("data")?.unwrap_or_default());
    stats.insert("per_host".into(), context.flag("per_host", false)?.into());
    stats.insert("aggregate".into(), context.flag("aggregate", true)?.into());
    let mut results = Map::new();
    results.insert("ansible_stats".into(), stats.into());
    Ok(Done::new(Outcome::local(false, results)))
}
