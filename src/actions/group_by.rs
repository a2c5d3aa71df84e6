//! `group_by`: the host joins a group named by a value.

use crate::actions::add_host::words;
use crate::actions::{Action, Context, Done, Flow};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::Map;

pub(super) const ACTION: Action =
    Action { name: "group_by", args: Some(&["key", "parents"]), free_form: None, run };

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let Some(key) = context.text("key")? else {
        return Err(Halt::new("the `key` of group_by is missing"));
    };
    let name = key.replace(' ', "-");
    let parents = context
        .value("parents")?
        .map_or(Ok(vec!["all".to_owned()]), |value| words(context, &value))?;
    let mut results = Map::new();
    results.insert("add_group".into(), name.as_str().into());
    results.insert("parent_groups".into(), parents.clone().into());
    Ok(Done {
        flow: Some(Flow::Group { name, parents }),
        ..Done::new(Outcome::local(true, results))
    })
}
