//! Filters on lists as wholes: ends, length, joining, turning round, cutting up.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::{entries, items, sequence};
use crate::template::eval::call::undefined_hint;
use crate::template::filters::attribute::Path;
use crate::template::registry::FilterFn;
use crate::value::{Live, LiveList, Stop, Value, text};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("first", FilterFn::new(|_, given| end(given, true))),
    ("last", FilterFn::new(|_, given| end(given, false))),
    ("join", FilterFn::new(join)),
    ("list", FilterFn::new(list)),
    ("reverse", FilterFn::new(reverse)),
    ("batch", FilterFn::new(batch)),
    ("slice", FilterFn::new(slice)),
    ("flatten", FilterFn::new(flatten)),
    ("items", FilterFn::taking_missing(pairs)),
];

fn end(mut given: Given, first: bool) -> Result<Value, Stop> {
    let mut all = items(&given.value("seq")?)?;
    given.finish()?;
    if all.is_empty() {
        return Ok(undefined_hint(if first {
            "there is no first item: the sequence is empty"
        } else {
            "there is no last item: the sequence is empty"
        }));
    }
    Ok(if first { all.swap_remove(0) } else { all.pop().unwrap_or_default() })
}

fn join(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let list = given.value("value")?;
    let separator = given.optional_text("d")?.unwrap_or_default();
    let attribute = given.optional("attribute")?;
    given.finish()?;
    let path = attribute
        .filter(|attribute| !attribute.is_null())
        .map(|attribute| Path::new(&attribute, None));
    let mut joined = String::new();
    for (index, item) in items(&list)?.iter().enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        match &path {
            Some(path) => joined.push_str(&text(&path.of(item)?)?),
            None => joined.push_str(&text(item)?),
        }
    }
    Ok(joined.into())
}

fn list(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let all = items(&given.value("value")?)?;
    given.finish()?;
    Ok(Value::Live(Live::List(LiveList::new(all))))
}

fn reverse(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    if let Value::Str(text) = &value {
        return Ok(text.chars().rev().collect::<String>().into());
    }
    let mut all = items(&value)?;
    all.reverse();
    Ok(all.into())
}

/// `list | batch(size, fill)`: lists of at most `size` items.
fn batch(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let all = items(&given.value("value")?)?;
    let size = given.optional_int("linecount")?.unwrap_or(0);
    let fill = given.optional("fill_with")?.filter(|fill| !fill.is_null());
    given.finish()?;
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        return Err(Stop::argument("the size must be above 0"));
    };
    let batches = all.chunks(size).map(|batch| {
        let missing = if fill.is_some() { size - batch.len() } else { 0 };
        let filled = std::iter::repeat_n(fill.clone().unwrap_or_default(), missing);
        Value::list(batch.iter().cloned().chain(filled))
    });
    Ok(Value::list(batches))
}

/// `list | slice(count, fill)`: `count` lists of about the same length.
fn slice(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let all = items(&given.value("value")?)?;
    let count = given.optional_int("slices")?.unwrap_or(0);
    let fill = given.optional("fill_with")?.filter(|fill| !fill.is_null());
    given.finish()?;
    let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) else {
        return Err(Stop::argument("the number of slices must be above 0"));
    };
    let (each, more) = (all.len() / count, all.len() % count);
    let mut from = 0;
    let slices = (0..count).map(|index| {
        let to = from + each + usize::from(index < more);
        let mut slice = all[from..to].to_vec();
        from = to;
        if index >= more
            && let Some(fill) = &fill
        {
            slice.push(fill.clone());
        }
        Value::from(slice)
    });
    Ok(Value::list(slices))
}

/// `list | flatten(levels, skip_nulls)`
fn flatten(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("mylist")?;
    let levels = given.optional_int("levels")?;
    let skip_nulls = given.flag("skip_nulls", true)?;
    given.finish()?;
    let mut flat = Vec::new();
    flatten_into(&items(&value)?, levels, skip_nulls, &mut flat)?;
    Ok(flat.into())
}

fn flatten_into(
    list: &[Value],
    levels: Option<i64>,
    skip_nulls: bool,
    flat: &mut Vec<Value>,
) -> Result<(), Stop> {
    for item in list {
        let null = item.is_null()
            || matches!(item, Value::Str(text) if matches!(&**text, "None" | "null"));
        if skip_nulls && null {
            continue;
        }
        match sequence(item)? {
            Some(inner) if levels.is_none_or(|levels| levels >= 1) => {
                flatten_into(&inner, levels.map(|levels| levels - 1), skip_nulls, flat)?;
            }
            _ => flat.push(item.clone()),
        }
    }
    Ok(())
}

/// `mapping | items`: pairs of key and value; none for an undefined mapping.
fn pairs(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let value = given.value("value")?;
    given.finish()?;
    match &value {
        Value::Live(Live::Undefined(_)) => Ok(Value::list([])),
        Value::Unknown(_) => Ok(value),
        _ => match entries(&value)? {
            Some(entries) => Ok(Value::list(
                entries.into_iter().map(|(key, value)| Value::tuple([key.to_value(), value])),
            )),
            None => Err(Stop::value(format!("a mapping is expected, not a {}", value.type_name()))),
        },
    }
}
