//! `validate_argument_spec`: checks the variables of a role against what it says that it takes.
//!
//! The form of a specification: <https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html#role-argument-validation>.

mod kinds;
mod options;

use crate::actions::validate::options::Checker;
use crate::actions::{Action, Context, Done};
use crate::plan::halt::Halt;
use crate::plan::outcome::Outcome;
use crate::value::{Map, Value};
use crate::vars::Var;
use crate::yaml::Node;

pub(super) const ACTION: Action = Action {
    name: "validate_argument_spec",
    args: Some(&["argument_spec", "provided_arguments", "validate_args_context", "entry"]),
    free_form: None,
    run,
};

fn run(context: &Context<'_>) -> Result<Done, Halt> {
    let spec = context.value("argument_spec")?.unwrap_or_else(|| Map::new().into());
    let Some(options) = spec.as_map() else {
        let problem = format!("`argument_spec` must be a mapping, not {}", spec.type_name());
        return Err(Halt::new(problem));
    };
    let mut given = Map::new();
    for name in options.keys().map(ToString::to_string) {
        if context.vars.contains(&name) {
            given.insert(name.as_str().into(), context.eval.variable(&name, context.vars)?);
        }
    }
    if let Some(provided) = context.value("provided_arguments")? {
        for (name, value) in provided.as_map().into_iter().flatten() {
            given.insert(name.clone(), value.clone());
        }
    }
    let mut checker = Checker::new(context.eval);
    checker.options("", options, &given);
    let mut results = Map::new();
    results.insert("validate_args_context".into(), about(context)?);
    if checker.errors.is_empty() {
        results.insert("msg".into(), "The arg spec validation passed".into());
        return Ok(Done::new(Outcome::local(false, results)));
    }
    let told: Vec<String> =
        checker.errors.iter().map(|(name, text)| placed(context, name, text)).collect();
    let mut outcome =
        Outcome::failed(format!("Validation of arguments failed:\n{}", told.join("\n")));
    for (name, value) in results.iter() {
        outcome.set(&name.to_string(), value.clone());
    }
    let errors: Vec<Value> = checker.errors.iter().map(|(_, text)| text.as_str().into()).collect();
    outcome.set("argument_errors", Value::list(errors));
    outcome.set("argument_spec_data", spec.clone());
    Ok(Done::new(outcome))
}

/// A mistake with the place where the variable got its value, or else where the role says that it takes it.
fn placed(context: &Context<'_>, name: &str, text: &str) -> String {
    let name = name.split(['.', '[']).next().unwrap_or(name);
    let value = context.vars.find(name).and_then(|(var, _)| match var {
        Var::Text(node) => Some(node.span.clone()),
        _ => None,
    });
    let spec = context.node("argument_spec").and_then(|spec| spec.entry(name));
    match value.or_else(|| spec.map(|(key, _)| key.span.clone())) {
        Some(span) => format!("{text}\n  at {span}"),
        None => text.to_owned(),
    }
}

/// What the result says of what was checked.
fn about(context: &Context<'_>) -> Result<Value, Halt> {
    if let Some(given) = context.value("validate_args_context")? {
        return Ok(given);
    }
    let entry = context.node("entry").and_then(Node::as_str).unwrap_or_default();
    let role = context.task.scope.role();
    Ok(Value::map([
        ("argument_spec_name", Value::from(entry)),
        ("name", role.map_or(Value::Null, |role| (&*role.name).into())),
        ("path", role.map_or(Value::Null, |role| role.folder.display().to_string().into())),
        ("type", if role.is_some() { "role".into() } else { Value::Null }),
    ]))
}
