//! Filters that compare items: `sort`, `min`, `max`, `unique`, `sum`, `groupby`, `dictsort`.

use crate::template::args::Given;
use crate::template::ast::Binary;
use crate::template::eval::Machine;
use crate::template::eval::access::{entries, items, plain};
use crate::template::eval::call::undefined_hint;
use crate::template::eval::ops;
use crate::template::filters::attribute::Path;
use crate::template::methods::sort_values;
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("sort", FilterFn::new(sort)),
    ("min", FilterFn::new(|_, given| extreme(given, false))),
    ("max", FilterFn::new(|_, given| extreme(given, true))),
    ("unique", FilterFn::new(unique)),
    ("sum", FilterFn::new(sum)),
    ("groupby", FilterFn::new(groupby)),
    ("dictsort", FilterFn::new(dictsort)),
];

/// Text in lower case, anything else as it is.
fn folded(value: Value, case_sensitive: bool) -> Value {
    match value {
        Value::Str(text) if !case_sensitive => text.to_lowercase().into(),
        other => other,
    }
}

/// `list | sort(reverse, case_sensitive, attribute)`; of several attributes the first differing one decides.
fn sort(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let mut all = items(&given.value("value")?)?;
    let reverse = given.flag("reverse", false)?;
    let case_sensitive = given.flag("case_sensitive", false)?;
    let attribute = given.optional("attribute")?.filter(|attribute| !attribute.is_null());
    given.finish()?;
    let paths = attribute.map(|attribute| Path::several(&attribute));
    sort_values(&mut all, reverse, |item| match &paths {
        None => Ok(folded(item.clone(), case_sensitive)),
        Some(paths) => {
            let keys: Result<Vec<Value>, Stop> =
                paths.iter().map(|path| Ok(folded(path.of(item)?, case_sensitive))).collect();
            Ok(Value::list(keys?))
        }
    })?;
    Ok(all.into())
}

fn extreme(mut given: Given, largest: bool) -> Result<Value, Stop> {
    let all = items(&given.value("value")?)?;
    let case_sensitive = given.flag("case_sensitive", false)?;
    let attribute = given.optional("attribute")?.filter(|attribute| !attribute.is_null());
    given.finish()?;
    let path = attribute.map(|attribute| Path::new(&attribute, None));
    let mut best: Option<(Value, Value)> = None;
    for item in all {
        let key = match &path {
            Some(path) => path.of(&item)?,
            None => item.clone(),
        };
        let key = plain(&folded(key, case_sensitive))?;
        let better = match &best {
            None => true,
            Some((other, _)) => {
                let order = key.order(other, if largest { ">" } else { "<" })?;
                order.is_some_and(|order| if largest { order.is_gt() } else { order.is_lt() })
            }
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(|| undefined_hint("the sequence is empty"), |(_, item)| item))
}

/// `list | unique(case_sensitive, attribute)`: items that come again are dropped.
fn unique(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let all = items(&given.value("a")?)?;
    let case_sensitive = given.optional("case_sensitive")?;
    let attribute = given.optional("attribute")?.filter(|attribute| !attribute.is_null());
    given.finish()?;
    let case_sensitive = case_sensitive.is_some_and(|flag| flag.is_true());
    let path = attribute.map(|attribute| Path::new(&attribute, None));
    let mut seen: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    for item in all {
        let key = match &path {
            Some(path) => path.of(&item)?,
            None => item.clone(),
        };
        let key = plain(&folded(key, case_sensitive))?;
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(kept.into())
}

/// `list | sum(attribute, start)`
fn sum(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let all = items(&given.value("iterable")?)?;
    let attribute = given.optional("attribute")?.filter(|attribute| !attribute.is_null());
    let mut total = given.optional("start")?.unwrap_or(Value::Int(0));
    given.finish()?;
    let path = attribute.map(|attribute| Path::new(&attribute, None));
    for item in all {
        let item = match &path {
            Some(path) => path.of(&item)?,
            None => item,
        };
        total = ops::binary(Binary::Add, &total, &plain(&item)?)?;
    }
    Ok(total)
}

/// `list | groupby(attribute, default, case_sensitive)`: pairs of the attribute's value and the items that have it.
fn groupby(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let mut all = items(&given.value("value")?)?;
    let attribute = given.value("attribute")?;
    let default = given.optional("default")?.filter(|default| !default.is_null());
    let case_sensitive = given.flag("case_sensitive", false)?;
    given.finish()?;
    let path = Path::new(&attribute, default);
    let key = |item: &Value| Ok(folded(path.of(item)?, case_sensitive));
    sort_values(&mut all, false, key)?;
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for item in all {
        let key = plain(&key(&item)?)?;
        match groups.last_mut() {
            Some((last, members)) if *last == key => members.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let mut named = Vec::with_capacity(groups.len());
    for (_, members) in groups {
        let name = path.of(&members[0])?;
        named.push(Value::tuple([name, members.into()]));
    }
    Ok(named.into())
}

/// `mapping | dictsort(case_sensitive, by, reverse)`: sorted pairs of key and value.
fn dictsort(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    let case_sensitive = given.flag("case_sensitive", false)?;
    let by = given.optional_text("by")?.unwrap_or_else(|| "key".to_owned());
    let reverse = given.flag("reverse", false)?;
    given.finish()?;
    let part = match by.as_str() {
        "key" => 0,
        "value" => 1,
        other => return Err(Stop::argument(format!("`by` is key or value, not `{other}`"))),
    };
    let Some(entries) = entries(&value)? else {
        return Err(Stop::value(format!("a mapping is expected, not a {}", value.type_name())));
    };
    let mut pairs: Vec<Value> =
        entries.into_iter().map(|(key, value)| Value::tuple([key.to_value(), value])).collect();
    sort_values(&mut pairs, reverse, |pair| {
        let part = items(pair)?.swap_remove(part);
        Ok(folded(part, case_sensitive))
    })?;
    Ok(pairs.into())
}
