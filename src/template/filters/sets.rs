//! Filters on two lists: `union`, `intersect`, `difference`, `symmetric_difference`.

use crate::template::args::Given;
use crate::template::eval::access::{items, plain};
use crate::template::registry::FilterFn;
use crate::value::{Stop, Value};

/// The filters of this family.
pub(super) const ALL: &[(&str, FilterFn)] = &[
    (
        "union",
        FilterFn::new(|_, given| combine(given, |a, b| a.iter().chain(b).cloned().collect())),
    ),
    (
        "intersect",
        FilterFn::new(|_, given| combine(given, |a, b| only(a, |item| b.contains(item)))),
    ),
    (
        "difference",
        FilterFn::new(|_, given| combine(given, |a, b| only(a, |item| !b.contains(item)))),
    ),
    (
        "symmetric_difference",
        FilterFn::new(|_, given| {
            combine(given, |a, b| {
                let mut kept = only(a, |item| !b.contains(item));
                kept.extend(only(b, |item| !a.contains(item)));
                kept
            })
        }),
    ),
];

/// Joins two lists; what comes again is dropped.
fn combine(mut given: Given, join: fn(&[Value], &[Value]) -> Vec<Value>) -> Result<Value, Stop> {
    let a = plain_items(&given.value("a")?)?;
    let b = plain_items(&given.value("b")?)?;
    given.finish()?;
    let mut kept: Vec<Value> = Vec::new();
    for item in join(&a, &b) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    Ok(kept.into())
}

fn only(items: &[Value], holds: impl Fn(&Value) -> bool) -> Vec<Value> {
    items.iter().filter(|item| holds(item)).cloned().collect()
}

fn plain_items(value: &Value) -> Result<Vec<Value>, Stop> {
    items(value)?.iter().map(plain).collect()
}
