//! `pause`: lets time pass.
//!
//! A pause for an answer needs somebody who answers; without `seconds` or `minutes` there is nobody to wait for in a run that
//! was approved before it began, so it goes on at once and says so, as Ansible does where there is no terminal.

use std::time::Duration;

use jiff::{SignedDuration, Zoned};

use crate::actions::{Action, Context, Done, Flow};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "pause",
    args: Some(&["seconds", "minutes", "prompt", "echo"]),
    free_form: None,
    run,
};

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let (seconds, minutes) = (number(context, "seconds")?, number(context, "minutes")?);
    let (time, unit, shown) = match (seconds, minutes) {
        (Some(_), Some(_)) => {
            return Err(Halt::new("`pause` takes `seconds` or `minutes`, and not both"));
        }
        (Some(seconds), None) => (Some(seconds.max(1.0) as u64), "seconds", seconds.max(1.0)),
        (None, Some(minutes)) => {
            let seconds = (minutes * 60.0).max(1.0) as u64;
            (Some(seconds), "minutes", (seconds as f64 / 60.0 * 100.0).round() / 100.0)
        }
        (None, None) => (None, "minutes", 0.0),
    };
    let time = time.map(Duration::from_secs);
    let start = Zoned::now();
    let stop = &start + SignedDuration::try_from(time.unwrap_or_default()).unwrap_or_default();
    let clock = |time: &Zoned| Value::from(time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string());
    let mut results = Map::new();
    results.insert("delta".into(), time.unwrap_or_default().as_secs().into());
    results.insert("echo".into(), context.flag("echo", true)?.into());
    results.insert("rc".into(), 0.into());
    results.insert("start".into(), clock(&start));
    results.insert("stderr".into(), "".into());
    results.insert("stdout".into(), format!("Paused for {shown:?} {unit}").into());
    results.insert("stop".into(), clock(&stop));
    results.insert("user_input".into(), "".into());
    let mut outcome = Outcome::local(false, results);
    if time.is_none() {
        outcome
            .warnings
            .push("a pause without a time does not wait: the run was approved as a whole".into());
    }
    Ok(Done { flow: time.map(Flow::Pause), ..Done::new(outcome) })
}

/// A number, which may have a fraction.
fn number(context: &Context<'_>, name: &str) -> Result<Option<f64>, Halt> {
    let Some(text) = context.text(name)? else { return Ok(None) };
    let number = text.trim().parse();
    number.map(Some).map_err(|_| Halt::new(format!("`{name}` must be a number, not `{text}`")))
}
