//! Filters that pair items: `zip`, `zip_longest`, `product`, `combinations`, `permutations`.

use crate::template::args::Given;
use crate::template::eval::Machine;
use crate::template::eval::access::items;
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    ("zip", FilterFn::new(zip)),
    ("zip_longest", FilterFn::new(zip_longest)),
    ("product", FilterFn::new(product_filter)),
    ("combinations", FilterFn::new(|_, given| choose(given, false))),
    ("permutations", FilterFn::new(|_, given| choose(given, true))),
];

/// No filter makes more than this many items.
const MAX: usize = 1_000_000;

fn lists(given: &mut Given) -> Result<Vec<Vec<Value>>, Stop> {
    given.rest().iter().map(items).collect()
}

fn zip(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let lists = lists(&mut given)?;
    given.finish()?;
    let length = lists.iter().map(Vec::len).min().unwrap_or(0);
    Ok(Value::list((0..length).map(|at| Value::list(lists.iter().map(|list| list[at].clone())))))
}

fn zip_longest(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let fill = given.by_name("fillvalue").unwrap_or_default();
    let lists = lists(&mut given)?;
    given.finish()?;
    let length = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row =
        |at: usize| Value::list(lists.iter().map(|list| list.get(at).unwrap_or(&fill).clone()));
    Ok(Value::list((0..length).map(row)))
}

fn product_filter(_: &mut Machine, mut given: Given) -> Result<Value, Stop> {
    let repeat = given
        .by_name("repeat")
        .map(|repeat| crate::template::args::int("repeat", &repeat))
        .transpose()?;
    let once = lists(&mut given)?;
    given.finish()?;
    let times = usize::try_from(repeat.unwrap_or(1)).unwrap_or(0);
    let lists: Vec<Vec<Value>> = std::iter::repeat_n(once, times).flatten().collect();
    Ok(Value::list(product(&lists)?.into_iter().map(Value::from)))
}

/// Every way to take one item of each list.
pub(crate) fn product(lists: &[Vec<Value>]) -> Result<Vec<Vec<Value>>, Stop> {
    let count = lists.iter().try_fold(1_usize, |count, list| count.checked_mul(list.len()));
    if count.is_none_or(|count| count > MAX) {
        return Err(Stop::value(format!("there are more than {MAX} combinations")));
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in lists {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                list.iter().map(move |item| {
                    let mut longer = row.clone();
                    longer.push(item.clone());
                    longer
                })
            })
            .collect();
    }
    Ok(rows)
}

/// Every way to take `r` items, in order; `ordered` if other orders of the same items count.
fn choose(mut given: Given, ordered: bool) -> Result<Value, Stop> {
    let all = items(&given.value("iterable")?)?;
    let count = given.optional_int("r")?;
    given.finish()?;
    let count = match count {
        Some(count) => {
            usize::try_from(count).map_err(|_| Stop::argument("`r` cannot be negative"))?
        }
        None if ordered => all.len(),
        None => return Err(Stop::argument("the argument `r` is missing")),
    };
    let mut rows = Vec::new();
    pick(&all, count, ordered, &mut Vec::new(), &mut rows)?;
    Ok(Value::list(rows.into_iter().map(Value::from)))
}

fn pick(
    all: &[Value],
    count: usize,
    ordered: bool,
    taken: &mut Vec<usize>,
    rows: &mut Vec<Vec<Value>>,
) -> Result<(), Stop> {
    if taken.len() == count {
        if rows.len() >= MAX {
            return Err(Stop::value(format!("there are more than {MAX} combinations")));
        }
        rows.push(taken.iter().map(|at| all[*at].clone()).collect());
        return Ok(());
    }
    let from = if ordered { 0 } else { taken.last().map_or(0, |last| last + 1) };
    for at in from..all.len() {
        if !ordered || !taken.contains(&at) {
            taken.push(at);
            pick(all, count, ordered, taken, rows)?;
            taken.pop();
        }
    }
    Ok(())
}
