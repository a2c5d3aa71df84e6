//! `add_host`: a host that later plays can use.

use crate::actions::{Action, Context, Done, Flow};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action { name: "add_host", args: None, free_form: None, run };

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let (mut name, mut groups, mut vars) = (None, Vec::new(), Vec::new());
    for (key, value) in context.values()? {
        match key.as_str() {
            "name" | "hostname" | "host" => name = Some(context.eval.shown(&value)?),
            "groups" | "group" | "groupname" => groups = words(context, &value)?,
            _ => vars.push((key, value)),
        }
    }
    let Some(name) = name else {
        return Err(Halt::new("name, host or hostname needs to be provided"));
    };
    let mut results = Map::new();
    let mut added = Map::new();
    added.insert("host_name".into(), name.as_str().into());
    added.insert("groups".into(), groups.clone().into());
    added.insert(
        "host_vars".into(),
        vars.iter()
            .map(|(key, value)| (key.as_str().into(), value.clone()))
            .collect::<Map>()
            .into(),
    );
    results.insert("add_host".into(), added.into());
    Ok(Done {
        flow: Some(Flow::AddHost { name, groups, vars }),
        ..Done::new(Outcome::local(true, results))
    })
}

/// A list, or words between commas.
pub(super) fn words(context: &Context<'_>, value: &Value) -> Result<Vec<String>, Halt> {
    if let Some(items) = value.as_list() {
        return items.iter().map(|item| context.eval.shown(item)).collect();
    }
    let text = context.eval.shown(value)?;
    Ok(text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect())
}
