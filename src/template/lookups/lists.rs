//! Lookups that turn lists into lists: `items`, `dict`, `nested`, `together`, `subelements`, `indexed_items`, …

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{entries, get_str, is_mapping, items, sequence};
use crate::template::filters::{product, subelements};
use crate::template::registry::LookupFn;
use crate::value::{Map, Stop, Value, text};

/// The lookups of this file.
pub(super) const ALL: &[(&str, LookupFn)] = &[
    ("items", LookupFn { run: flattened_once }),
    ("list", LookupFn { run: list }),
    ("dict", LookupFn { run: dict }),
    ("nested", LookupFn { run: nested }),
    ("community.general.cartesian", LookupFn { run: nested }),
    ("cartesian", LookupFn { run: nested }),
    ("together", LookupFn { run: together }),
    ("subelements", LookupFn { run: subelements_lookup }),
    ("indexed_items", LookupFn { run: indexed_items }),
    ("random_choice", LookupFn { run: random_choice }),
    ("community.general.flattened", LookupFn { run: flattened }),
    ("flattened", LookupFn { run: flattened }),
];

/// All arguments by position.
fn terms(mut given: Given) -> Result<Vec<Value>, Stop> {
    let terms = given.rest();
    given.finish()?;
    Ok(terms)
}

/// The terms, lists among them opened once.
fn once(terms: Vec<Value>) -> Result<Vec<Value>, Stop> {
    let mut flat = Vec::new();
    for term in terms {
        match sequence(&term)? {
            Some(list) => flat.extend(list),
            None => flat.push(term),
        }
    }
    Ok(flat)
}

fn flattened_once(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    once(terms(given)?)
}

fn list(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    terms(given)
}

fn flattened(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    fn into(value: Value, flat: &mut Vec<Value>) -> Result<(), Stop> {
        match sequence(&value)? {
            Some(list) => list.into_iter().try_for_each(|item| into(item, flat)),
            None if value.is_null() => Ok(()),
            None => {
                flat.push(value);
                Ok(())
            }
        }
    }
    let mut flat = Vec::new();
    terms(given)?.into_iter().try_for_each(|term| into(term, &mut flat))?;
    Ok(flat)
}

fn dict(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    let mut pairs = Vec::new();
    for term in terms(given)? {
        let Some(entries) = entries(&term)? else {
            text(&term)?;
            return Err(Stop::value(format!("a mapping is expected, not a {}", term.type_name())));
        };
        for (key, value) in entries {
            pairs.push(Value::map([("key", key.to_value()), ("value", value)]));
        }
    }
    Ok(pairs)
}

/// Every way to take one item of each list.
fn nested(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    let lists: Result<Vec<Vec<Value>>, Stop> = terms(given)?
        .iter()
        .map(|term| Ok(sequence(term)?.unwrap_or_else(|| vec![term.clone()])))
        .collect();
    let lists = lists?;
    if lists.is_empty() {
        return Err(Stop::argument("at least one list is expected"));
    }
    let rows = product(&lists)?;
    rows.into_iter().map(|row| once(row).map(Value::from)).collect()
}

/// The first items, the second items, … of all lists; shorter lists are filled with `None`.
fn together(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    let lists: Result<Vec<Vec<Value>>, Stop> = terms(given)?.iter().map(items).collect();
    let lists = lists?;
    if lists.is_empty() {
        return Err(Stop::argument("at least one list is expected"));
    }
    let length = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row =
        |at: usize| Value::list(lists.iter().map(|list| list.get(at).cloned().unwrap_or_default()));
    Ok((0..length).map(row).collect())
}

/// `with_subelements`: each item, without the list, and each item of the list.
fn subelements_lookup(_: &mut Machine, mut given: Given) -> Result<Vec<Value>, Stop> {
    let list = given.value("list")?;
    let path = given.value("key")?;
    let flags = given.optional("flags")?;
    given.finish()?;
    let skip_missing = match &flags {
        None => false,
        Some(flags) if is_mapping(flags) => {
            get_str(flags, "skip_missing").transpose()?.is_some_and(|skip| {
                skip.is_true() && !matches!(skip.as_str(), Some("no" | "false" | "False" | "0"))
            })
        }
        Some(other) => {
            return Err(Stop::argument(format!(
                "the flags are a mapping, not a {}",
                other.type_name()
            )));
        }
    };
    let path_text = text(&path)?;
    let list: Vec<Value> = match entries(&list)? {
        Some(entries) => entries.into_iter().map(|(_, value)| value).collect(),
        None => items(&list)?,
    };
    let mut pairs = Vec::new();
    for item in list {
        if get_str(&item, "skipped")
            .transpose()?
            .is_some_and(|skipped| skipped == Value::Bool(true))
        {
            continue;
        }
        let without = without(&item, &path_text.split('.').collect::<Vec<_>>())?;
        for pair in subelements(&Value::list([item]), &path, skip_missing)? {
            let subitem = items(&pair)?.pop().unwrap_or_default();
            pairs.push(Value::list([without.clone(), subitem]));
        }
    }
    Ok(pairs)
}

/// A mapping without what a path leads to.
fn without(value: &Value, path: &[&str]) -> Result<Value, Stop> {
    let (Some(entries), [first, rest @ ..]) = (entries(value)?, path) else {
        return Ok(value.clone());
    };
    let mut map = Map::new();
    for (key, value) in entries {
        if key.as_str() != Some(first) {
            map.insert(key, value);
        } else if !rest.is_empty() {
            let inner = without(&value, rest)?;
            map.insert(key, inner);
        }
    }
    Ok(map.into())
}

fn indexed_items(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    let all = once(terms(given)?)?;
    Ok(all
        .into_iter()
        .enumerate()
        .map(|(index, item)| Value::list([Value::from(index), item]))
        .collect())
}

fn random_choice(_: &mut Machine, given: Given) -> Result<Vec<Value>, Stop> {
    let mut all = terms(given)?;
    if all.is_empty() {
        return Ok(all);
    }
    let at = rand::random_range(0..all.len());
    Ok(vec![all.swap_remove(at)])
}
