//! Methods of lists, tuples and mappings.

use std::cmp::Ordering;

use crate::template::args::{Given, int};
use crate::template::eval::access::{entries, get, items, plain, to_key};
use crate::template::eval::ops;
use crate::template::methods::MethodFn;
use crate::value::{Key, Live, LiveList, LiveMap, Map, Stop, Value};

/// The method of a list.
pub(super) fn list(name: &str) -> Option<MethodFn> {
    Some(match name {
        "append" => append,
        "extend" => extend,
        "insert" => insert,
        "pop" => pop,
        "remove" => remove,
        "clear" => clear,
        "sort" => sort,
        "reverse" => reverse,
        "copy" => copy,
        _ => return tuple(name),
    })
}

/// The method of a tuple.
pub(super) fn tuple(name: &str) -> Option<MethodFn> {
    Some(match name {
        "count" => count,
        "index" => index,
        _ => return None,
    })
}

/// The method of a mapping.
pub(super) fn map(name: &str) -> Option<MethodFn> {
    Some(match name {
        "get" => map_get,
        "items" => map_items,
        "keys" => map_keys,
        "values" => map_values,
        "update" => map_update,
        "pop" => map_pop,
        "popitem" => map_popitem,
        "setdefault" => map_setdefault,
        "clear" => map_clear,
        "copy" => map_copy,
        "__setitem__" => map_setitem,
        "__delitem__" => map_delitem,
        _ => return None,
    })
}

/// Changes the receiver, which the machine has made changeable where it could.
fn changing<T>(value: &Value, change: impl FnOnce(&mut Vec<Value>) -> T) -> Result<T, Stop> {
    match value {
        Value::Live(Live::List(list)) => Ok(list.change(change)),
        _ => Err(Stop::value("this list is data and cannot be changed")),
    }
}

fn changing_map<T>(value: &Value, change: impl FnOnce(&mut Map) -> T) -> Result<T, Stop> {
    match value {
        Value::Live(Live::Map(map)) => Ok(map.change(change)),
        _ => Err(Stop::value("this mapping is data and cannot be changed")),
    }
}

fn append(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let item = given.value("object")?;
    given.finish()?;
    changing(value, |items| items.push(item))?;
    Ok(Value::Null)
}

fn extend(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let more = items(&given.value("iterable")?)?;
    given.finish()?;
    changing(value, |items| items.extend(more))?;
    Ok(Value::Null)
}

fn insert(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let at = int("index", &given.value("index")?)?;
    let item = given.value("object")?;
    given.finish()?;
    changing(value, |items| {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let at = if at < 0 { (at + length).max(0) } else { at.min(length) };
        items.insert(usize::try_from(at).unwrap_or(0), item);
    })?;
    Ok(Value::Null)
}

fn pop(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let at = given.optional_int("index")?.unwrap_or(-1);
    given.finish()?;
    let popped = changing(value, |items| {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let at = usize::try_from(if at < 0 { at + length } else { at }).ok()?;
        (at < items.len()).then(|| items.remove(at))
    })?;
    match popped {
        Some(Value::Live(Live::Lazy(lazy))) => lazy.force(),
        Some(item) => Ok(item),
        None => Err(Stop::value("there is no item at this place to pop")),
    }
}

fn remove(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let wanted = given.value("value")?;
    given.finish()?;
    for (at, item) in items(value)?.iter().enumerate() {
        if ops::equal(item, &wanted)? {
            changing(value, |items| items.remove(at))?;
            return Ok(Value::Null);
        }
    }
    Err(Stop::value(format!("{wanted:?} is not in the list")))
}

fn clear(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    changing(value, Vec::clear)?;
    Ok(Value::Null)
}

fn reverse(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    changing(value, |items| items.reverse())?;
    Ok(Value::Null)
}

fn sort(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let descending = given.by_name("reverse").is_some_and(|reverse| reverse.is_true());
    given.finish()?;
    let mut sorted = items(value)?;
    sort_values(&mut sorted, descending, |item| Ok(item.clone()))?;
    changing(value, |items| *items = sorted)?;
    Ok(Value::Null)
}

/// Sorts by a key, keeping the order of equal items. Values that Python would not compare are a mistake.
pub(crate) fn sort_values(
    values: &mut Vec<Value>,
    descending: bool,
    key: impl Fn(&Value) -> Result<Value, Stop>,
) -> Result<(), Stop> {
    let mut failed = None;
    let mut keyed = Vec::with_capacity(values.len());
    for value in values.drain(..) {
        keyed.push((plain(&key(&value)?)?, value));
    }
    keyed.sort_by(|(a, _), (b, _)| {
        let order = match a.order(b, "<") {
            Ok(order) => order.unwrap_or(Ordering::Equal),
            Err(stop) => {
                failed.get_or_insert(stop);
                Ordering::Equal
            }
        };
        if descending { order.reverse() } else { order }
    });
    match failed {
        Some(stop) => Err(stop),
        None => {
            values.extend(keyed.into_iter().map(|(_, value)| value));
            Ok(())
        }
    }
}

fn copy(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::Live(Live::List(LiveList::new(items(value)?))))
}

fn count(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let wanted = given.value("value")?;
    given.finish()?;
    let mut count = 0_i64;
    for item in items(value)? {
        count += i64::from(ops::equal(&item, &wanted)?);
    }
    Ok(Value::Int(count))
}

fn index(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let wanted = given.value("value")?;
    let start = given.optional_int("start")?.unwrap_or(0);
    given.finish()?;
    let all = items(value)?;
    let length = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let start =
        usize::try_from(if start < 0 { (start + length).max(0) } else { start }).unwrap_or(0);
    for (at, item) in all.iter().enumerate().skip(start) {
        if ops::equal(item, &wanted)? {
            return Ok(Value::from(at));
        }
    }
    Err(Stop::value(format!("{wanted:?} is not in the list")))
}

fn map_get(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let key = given.value("key")?;
    let default = given.optional("default")?;
    given.finish()?;
    to_key(&key)?;
    Ok(get(value, &key)?.or(default).unwrap_or_default())
}

fn all_entries(value: &Value) -> Result<Vec<(Key, Value)>, Stop> {
    Ok(entries(value)?.unwrap_or_default())
}

fn map_items(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::list(
        all_entries(value)?.into_iter().map(|(key, value)| Value::tuple([key.to_value(), value])),
    ))
}

fn map_keys(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::list(items(value)?))
}

fn map_values(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::list(all_entries(value)?.into_iter().map(|(_, value)| value)))
}

fn map_update(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let mut new = Vec::new();
    if let Some(other) = given.optional("other")? {
        match entries(&other)? {
            Some(entries) => new.extend(entries),
            None => {
                for pair in items(&other)? {
                    match items(&pair)?.as_slice() {
                        [key, value] => new.push((to_key(key)?, value.clone())),
                        other => {
                            return Err(Stop::value(format!(
                                "pairs are expected, not {} values",
                                other.len()
                            )));
                        }
                    }
                }
            }
        }
    }
    new.extend(given.named_rest().into_iter().map(|(name, value)| (Key::Str(name), value)));
    given.finish()?;
    changing_map(value, |map| map.extend(new))?;
    Ok(Value::Null)
}

fn map_pop(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let key = given.value("key")?;
    let default = given.optional("default")?;
    given.finish()?;
    let found = get(value, &key)?;
    let key_of = to_key(&key)?;
    changing_map(value, |map| map.remove(&key_of))?;
    found.or(default).ok_or_else(|| Stop::value(format!("there is no key {key:?} to pop")))
}

fn map_popitem(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    let last = all_entries(value)?.pop();
    changing_map(value, Map::pop)?;
    let (key, value) = last.ok_or_else(|| Stop::value("the mapping is empty"))?;
    Ok(Value::tuple([key.to_value(), value]))
}

fn map_setdefault(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let key = given.value("key")?;
    let default = given.optional("default")?.unwrap_or_default();
    given.finish()?;
    if let Some(found) = get(value, &key)? {
        return Ok(found);
    }
    let key = to_key(&key)?;
    changing_map(value, |map| map.insert(key, default.clone()))?;
    Ok(default)
}

fn map_clear(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    changing_map(value, |map| *map = Map::new())?;
    Ok(Value::Null)
}

fn map_copy(value: &Value, given: Given) -> Result<Value, Stop> {
    given.finish()?;
    Ok(Value::Live(Live::Map(LiveMap::new(all_entries(value)?.into_iter().collect()))))
}

fn map_setitem(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let key = to_key(&given.value("key")?)?;
    let item = given.value("value")?;
    given.finish()?;
    changing_map(value, |map| map.insert(key, item))?;
    Ok(Value::Null)
}

fn map_delitem(value: &Value, mut given: Given) -> Result<Value, Stop> {
    let key = given.value("key")?;
    given.finish()?;
    let key_of = to_key(&key)?;
    match changing_map(value, |map| map.remove(&key_of))? {
        Some(_) => Ok(Value::Null),
        None => Err(Stop::value(format!("there is no key {key:?}"))),
    }
}
