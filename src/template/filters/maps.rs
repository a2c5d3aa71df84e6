//! Filters on mappings: `combine`, `dict2items`, `items2dict`, `extract`, `subelements`, `rekey_on_member`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{entries, get, is_mapping, items, sequence, to_key, undefined};
use crate::template::registry::FilterFn;
use crate::value::{Key, Map, Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("combine", FilterFn::new(combine)),
    ("dict2items", FilterFn::new(dict2items)),
    ("items2dict", FilterFn::new(items2dict)),
    ("extract", FilterFn::new(extract)),
    ("subelements", FilterFn::new(subelements_filter)),
    ("rekey_on_member", FilterFn::new(rekey_on_member)),
    ("community.general.dict", FilterFn::new(dict)),
    ("community.general.dict_kv", FilterFn::new(dict_kv)),
    ("community.general.keep_keys", FilterFn::new(keep_keys)),
    ("community.general.remove_keys", FilterFn::new(remove_keys)),
];

/// What becomes of lists that stand under the same key.
#[derive(Clone, Copy, PartialEq)]
enum Lists {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendUnique,
    PrependUnique,
}

/// `a | combine(b, c, recursive, list_merge)`: later mappings win.
fn combine(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let recursive = given.by_name("recursive").is_some_and(|recursive| recursive.is_true());
    let lists = match given.by_name("list_merge").as_ref().map(text).transpose()?.as_deref() {
        None | Some("replace") => Lists::Replace,
        Some("keep") => Lists::Keep,
        Some("append") => Lists::Append,
        Some("prepend") => Lists::Prepend,
        Some("append_rp") => Lists::AppendUnique,
        Some("prepend_rp") => Lists::PrependUnique,
        Some(other) => {
            return Err(Stop::argument(format!("there is no `list_merge` called `{other}`"))
                .help("known are replace, keep, append, prepend, append_rp and prepend_rp"));
        }
    };
    let mut mappings = Vec::new();
    for argument in given.rest() {
        collect_mappings(&argument, &mut mappings)?;
    }
    given.finish()?;
    let mut combined = Map::new();
    for mapping in mappings {
        combined = merge(combined, mapping, recursive, lists)?;
    }
    Ok(combined.into())
}

/// The mappings among arguments, lists of them opened.
fn collect_mappings(value: &Value, mappings: &mut Vec<Map>) -> Result<(), Stop> {
    if let Some(entries) = entries(value)? {
        mappings.push(entries.into_iter().collect());
        return Ok(());
    }
    match sequence(value)? {
        Some(list) => list.iter().try_for_each(|item| collect_mappings(item, mappings)),
        None => {
            // An undefined or unknown value inside a list says so itself.
            text(value)?;
            Err(Stop::value(format!("mappings are expected, not a {}", value.type_name())))
        }
    }
}

fn merge(mut into: Map, from: Map, recursive: bool, lists: Lists) -> Result<Map, Stop> {
    for (key, new) in from {
        let merged = match into.get_key(&key) {
            None => new,
            Some(old) if recursive && is_mapping(old) && is_mapping(&new) => {
                let old: Map = entries(old)?.unwrap_or_default().into_iter().collect();
                let new: Map = entries(&new)?.unwrap_or_default().into_iter().collect();
                merge(old, new, recursive, lists)?.into()
            }
            Some(old) => match (sequence(old)?, sequence(&new)?) {
                (Some(old), Some(added)) => merged_lists(old, added, lists).into(),
                _ => new,
            },
        };
        into.insert(key, merged);
    }
    Ok(into)
}

fn merged_lists(old: Vec<Value>, new: Vec<Value>, lists: Lists) -> Vec<Value> {
    let without = |items: Vec<Value>, others: &[Value]| {
        items.into_iter().filter(|item| !others.contains(item)).collect()
    };
    let joined = |first: Vec<Value>, second: Vec<Value>| first.into_iter().chain(second).collect();
    match lists {
        Lists::Replace => new,
        Lists::Keep => old,
        Lists::Append => joined(old, new),
        Lists::Prepend => joined(new, old),
        Lists::AppendUnique => {
            let old: Vec<Value> = without(old, &new);
            joined(old, new)
        }
        Lists::PrependUnique => {
            let old: Vec<Value> = without(old, &new);
            joined(new, old)
        }
    }
}

fn dict2items(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("mydict")?;
    let key_name = given.optional_text("key_name")?.unwrap_or_else(|| "key".to_owned());
    let value_name = given.optional_text("value_name")?.unwrap_or_else(|| "value".to_owned());
    given.finish()?;
    let Some(entries) = entries(&value)? else {
        return Err(Stop::value(format!("a mapping is expected, not a {}", value.type_name())));
    };
    Ok(Value::list(entries.into_iter().map(|(key, value)| {
        Value::map([(key_name.as_str(), key.to_value()), (value_name.as_str(), value)])
    })))
}

fn items2dict(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("mylist")?;
    let key_name = given.optional("key_name")?.unwrap_or_else(|| "key".into());
    let value_name = given.optional("value_name")?.unwrap_or_else(|| "value".into());
    given.finish()?;
    let Some(list) = sequence(&value)? else {
        return Err(Stop::value(format!(
            "a list of mappings is expected, not a {}",
            value.type_name()
        )));
    };
    let mut map = Map::new();
    for item in list {
        let part = |name: &Value| -> Result<Value, Stop> {
            if !is_mapping(&item) {
                return Err(Stop::value(format!(
                    "a list of mappings is expected, not of {}",
                    item.type_name()
                )));
            }
            get(&item, name)?
                .ok_or_else(|| Stop::value(format!("an item has no {name:?}: {item:?}")))
        };
        map.insert(to_key(&part(&key_name)?)?, part(&value_name)?);
    }
    Ok(map.into())
}

/// `key | extract(container, morekeys)`
fn extract(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let first = given.value("item")?;
    let mut value = given.value("container")?;
    let more = given.optional("morekeys")?.filter(|more| !more.is_null());
    given.finish()?;
    let mut keys = vec![first];
    if let Some(more) = more {
        keys.extend(sequence(&more)?.unwrap_or_else(|| vec![more.clone()]));
    }
    for key in keys {
        value = match get(&value, &key)? {
            Some(item) => item,
            None => return Ok(undefined(&value, key, None)),
        };
    }
    Ok(value)
}

fn subelements_filter(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("obj")?;
    let path = given.value("subelements")?;
    let skip_missing = given.flag("skip_missing", false)?;
    given.finish()?;
    Ok(subelements(&value, &path, skip_missing)?.into())
}

/// Every item with each of the items of a list inside it.
pub(crate) fn subelements(
    value: &Value,
    path: &Value,
    skip_missing: bool,
) -> Result<Vec<Value>, Stop> {
    let list = match entries(value)? {
        Some(entries) => entries.into_iter().map(|(_, value)| value).collect(),
        None => sequence(value)?.ok_or_else(|| {
            Stop::value(format!("a list or mapping is expected, not a {}", value.type_name()))
        })?,
    };
    let parts: Vec<String> = match path {
        Value::Str(text) => text.split('.').map(str::to_owned).collect(),
        other => items(other)?.iter().map(text).collect::<Result<_, _>>()?,
    };
    let mut pairs = Vec::new();
    'items: for item in list {
        let mut inner = item.clone();
        for part in &parts {
            inner = match get(&inner, &Value::from(part.as_str()))? {
                Some(inner) => inner,
                None if skip_missing => continue 'items,
                None => return Err(Stop::value(format!("an item has no `{part}`: {item:?}"))),
            };
        }
        if let Value::Unknown(unknown) = inner {
            return Err(Stop::Unknown(unknown));
        }
        let Some(subitems) = sequence(&inner)? else {
            return Err(Stop::value(format!(
                "`{}` should be a list, not a {}",
                parts.join("."),
                inner.type_name()
            )));
        };
        pairs.extend(subitems.into_iter().map(|subitem| Value::tuple([item.clone(), subitem])));
    }
    Ok(pairs)
}

/// `list | rekey_on_member('name', duplicates='error')`: a mapping by one of the items' values.
fn rekey_on_member(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("data")?;
    let member = given.value("key")?;
    let duplicates = given.optional_text("duplicates")?.unwrap_or_else(|| "error".to_owned());
    given.finish()?;
    let overwrite = match duplicates.as_str() {
        "error" => false,
        "overwrite" => true,
        other => {
            return Err(Stop::argument(format!(
                "`duplicates` is error or overwrite, not `{other}`"
            )));
        }
    };
    let list = match entries(&value)? {
        Some(entries) => entries.into_iter().map(|(_, value)| value).collect(),
        None => items(&value)?,
    };
    let mut map = Map::new();
    for item in list {
        if !is_mapping(&item) {
            return Err(Stop::value(format!("mappings are expected, not a {}", item.type_name())));
        }
        let Some(key) = get(&item, &member)? else {
            return Err(Stop::value(format!("an item has no {member:?}: {item:?}")));
        };
        if map.insert(to_key(&key)?, item).is_some() && !overwrite {
            return Err(Stop::value(format!("{key:?} comes twice")));
        }
    }
    Ok(map.into())
}

/// `pairs | community.general.dict`
fn dict(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let pairs = items(&given.value("sequence")?)?;
    given.finish()?;
    let mut map = Map::new();
    for pair in pairs {
        match items(&pair)?.as_slice() {
            [key, value] => map.insert(to_key(key)?, value.clone()),
            other => {
                return Err(Stop::value(format!("pairs are expected, not {} values", other.len())));
            }
        };
    }
    Ok(map.into())
}

/// `value | community.general.dict_kv('key')`
fn dict_kv(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let key = to_key(&given.value("key")?)?;
    given.finish()?;
    Ok(Value::map([(key, value)]))
}

fn keep_keys(_: &mut Machine, given: Given) -> Result<Value, Stop> {
    filter_keys(given, true)
}

fn remove_keys(_: &mut Machine, given: Given) -> Result<Value, Stop> {
    filter_keys(given, false)
}

/// Mappings with only some of their keys, or without these.
fn filter_keys(mut given: Given, keep: bool) -> Result<Value, Stop> {
    let list = items(&given.value("data")?)?;
    let target = given.value("target")?;
    let how = given.optional_text("matching_parameter")?.unwrap_or_else(|| "equal".to_owned());
    given.finish()?;
    let targets: Vec<String> = match sequence(&target)? {
        Some(list) => list.iter().map(text).collect::<Result<_, _>>()?,
        None => vec![text(&target)?],
    };
    let regexes = match how.as_str() {
        "regex" => targets
            .iter()
            .map(|target| super::regex::compile(target))
            .collect::<Result<Vec<_>, _>>()?,
        _ => Vec::new(),
    };
    let hit = |key: &Key| -> Result<bool, Stop> {
        let key = key.to_string();
        Ok(match how.as_str() {
            "equal" => targets.contains(&key),
            "starts_with" => targets.iter().any(|target| key.starts_with(target)),
            "ends_with" => targets.iter().any(|target| key.ends_with(target)),
            "regex" => {
                for regex in &regexes {
                    if regex.match_start(&key).map_err(super::regex::failed)?.is_some() {
                        return Ok(true);
                    }
                }
                false
            }
            other => {
                return Err(Stop::argument(format!(
                    "there is no `matching_parameter` called `{other}`"
                )));
            }
        })
    };
    let mut filtered = Vec::with_capacity(list.len());
    for item in list {
        let mut map = Map::new();
        for (key, value) in entries(&item)?.unwrap_or_default() {
            if hit(&key)? == keep {
                map.insert(key, value);
            }
        }
        filtered.push(Value::from(map));
    }
    Ok(filtered.into())
}
