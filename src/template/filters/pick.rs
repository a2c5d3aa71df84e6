//! Filters that apply other filters and tests to items: `map`, `select`, `reject`, `selectattr`, `rejectattr`.

use crate::template::args::Given;
use crate::template::ast::Unknown as UnknownName;
use crate::template::eval::access::items;
use crate::template::eval::{Machine, Truth, truth_of};
use crate::template::filters::attribute::Path;
use crate::template::registry::{self, FilterFn};
use crate::value::{Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("map", FilterFn::new(map)),
    ("select", FilterFn::taking_missing(|machine, given| pick(machine, given, false, true))),
    ("reject", FilterFn::taking_missing(|machine, given| pick(machine, given, false, false))),
    ("selectattr", FilterFn::taking_missing(|machine, given| pick(machine, given, true, true))),
    ("rejectattr", FilterFn::taking_missing(|machine, given| pick(machine, given, true, false))),
];

/// `list | map(attribute='x', default=y)` and `list | map('filter', arguments…)`
fn map(machine: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let all = items(&given.value("value")?)?;
    if given.positional().is_empty() && given.named().iter().any(|(name, _)| &**name == "attribute")
    {
        let attribute = given.by_name("attribute").unwrap_or_default();
        let default = given.by_name("default");
        given.finish()?;
        let path = Path::new(&attribute, default);
        return Ok(Value::list(
            all.iter().map(|item| path.of(item)).collect::<Result<Vec<_>, _>>()?,
        ));
    }
    let name = text(&given.value("filter")?)?;
    let Some(filter) = registry::filter(&name) else {
        return Err(machine.context.engine.unknown_name(UnknownName::Filter, &name).into());
    };
    let (positional, named) = (given.rest(), given.named_rest());
    let mapped: Result<Vec<Value>, Stop> = all
        .into_iter()
        .map(|item| {
            let arguments = std::iter::once(item).chain(positional.iter().cloned()).collect();
            machine.apply(&name, filter, Given::new(arguments, named.clone()))
        })
        .collect();
    Ok(mapped?.into())
}

/// Keeps the items, or the items with an attribute, for which a test gives `wanted`.
fn pick(
    machine: &mut Machine,
    mut given: Given,
    by_attribute: bool,
    wanted: bool,
) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let path = if by_attribute { Some(Path::new(&given.value("attr")?, None)) } else { None };
    let test = given.optional("test")?;
    let (positional, named) = (given.rest(), given.named_rest());
    for argument in &positional {
        if let Value::Unknown(unknown) = argument {
            return Err(Stop::Unknown(unknown.clone()));
        }
    }
    let test = match test {
        None => None,
        Some(name) => {
            let name = text(&name)?;
            let Some(test) = registry::test(&name) else {
                return Err(machine.context.engine.unknown_name(UnknownName::Test, &name).into());
            };
            Some((name, test))
        }
    };
    let mut kept = Vec::new();
    for item in items(&value)? {
        let subject = match &path {
            Some(path) => path.of(&item)?,
            None => item.clone(),
        };
        let result = match &test {
            None => subject,
            Some((name, test)) => {
                let arguments =
                    std::iter::once(subject).chain(positional.iter().cloned()).collect();
                machine.check(name, *test, Given::new(arguments, named.clone()))?
            }
        };
        match truth_of(&result)? {
            Truth::Unknown(unknown) => return Err(Stop::Unknown(unknown)),
            truth if (truth == Truth::Yes) == wanted => kept.push(item),
            _ => {}
        }
    }
    Ok(kept.into())
}
